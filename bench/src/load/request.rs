//! What is sent: a messages request of a wanted size or a heartbeat, with a gap in its head for the credential.

use crate::upstream::Wish;
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::ops::Range;

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// What the fake upstream shall do.
    pub(crate) wish: Wish,
    /// How long the body is, in bytes.
    pub(crate) body_bytes: usize,
}

/// What a heartbeat says.
const BEAT: &str = "{\"cadence\":\"10s\"}";

/// A request, but for its credential.
#[derive(Clone, Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    credential: Range<usize>,
}

impl Template {
    /// `tokens` must be equally long, so that they fit the same gap.
    pub(super) fn new(target: SocketAddr, ask: &Ask, tokens: &[String]) -> Result<Self> {
        let width = tokens.first().map_or(0, String::len);
        if tokens.iter().any(|token| token.len() != width) {
            bail!("the tokens are not equally long");
        }
        let (path, body) = match ask.wish {
            Wish::Beat => ("/api/v1/heartbeat", BEAT.to_owned()),
            _ => ("/v1/messages", body(ask)),
        };
        let before = format!("POST {path} HTTP/1.1\r\nhost: {target}\r\nx-api-key: ");
        let credential = before.len()..before.len() + width;
        let head = format!(
            "{before}{}\r\nanthropic-version: 2023-06-01\r\nuser-agent: portunus-bench\r\naccept: application/json\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            " ".repeat(width),
            body.len()
        );
        Ok(Self {
            bytes: [head.as_bytes(), body.as_bytes()].concat(),
            credential,
        })
    }

    /// A copy to write into.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Where the credential stands.
    pub(super) fn credential(&self) -> Range<usize> {
        self.credential.clone()
    }
}

/// One whole request with its credential.
pub(crate) fn request(target: SocketAddr, ask: &Ask, token: &str) -> Result<Vec<u8>> {
    let template = Template::new(target, ask, &[token.to_owned()])?;
    let mut bytes = template.bytes();
    if let Some(gap) = bytes.get_mut(template.credential()) {
        gap.copy_from_slice(token.as_bytes());
    }
    Ok(bytes)
}

/// A conversation in turns of a few hundred bytes, as agents have it, up to the wanted size.
pub(crate) fn body(ask: &Ask) -> String {
    const TURN: &str = "Please read \\\"src/main.rs\\\" and say in one line what the function does, then go on with the next.";
    let streamed = match ask.wish {
        Wish::Events(_) | Wish::Held => "\"stream\":true,",
        Wish::Whole(_) | Wish::Turns(_) | Wish::Beat => "",
    };
    let mut body = format!(
        "{}\"model\":\"claude-sonnet-4-5\",\"max_tokens\":1024,{streamed}\"messages\":[",
        ask.wish.text()
    );
    const LAST: (&str, &str) = ("{\"role\":\"user\",\"content\":\"", "\"}]}");
    let mut speakers = ["user", "assistant"].into_iter().cycle();
    loop {
        let speaker = speakers.next().unwrap_or("user");
        let turn = format!("{{\"role\":\"{speaker}\",\"content\":\"{TURN}{TURN}\"}},");
        if body.len() + turn.len() + LAST.0.len() + LAST.1.len() > ask.body_bytes {
            break;
        }
        body.push_str(&turn);
    }
    let room = ask
        .body_bytes
        .saturating_sub(body.len() + LAST.0.len() + LAST.1.len());
    body.push_str(LAST.0);
    body.extend(std::iter::repeat_n('x', room));
    body.push_str(LAST.1);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_body_is_json_of_exactly_the_wanted_size() {
        for body_bytes in [512, 2048, 262_144] {
            let ask = Ask {
                wish: Wish::Events(Duration::from_millis(1)),
                body_bytes,
            };
            let body = body(&ask);
            assert_eq!(body.len(), body_bytes);
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(read["stream"], true);
        }
    }

    #[test]
    fn the_gap_is_where_the_credential_goes() {
        let ask = Ask {
            wish: Wish::Held,
            body_bytes: 300,
        };
        let target = "127.0.0.1:1".parse().unwrap();
        let template = Template::new(target, &ask, &["abc".into(), "def".into()]).unwrap();
        let mut bytes = template.bytes();
        bytes[template.credential()].copy_from_slice(b"def");
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.contains("\r\nx-api-key: def\r\nanthropic-version"),
            "{text}"
        );
        assert!(Template::new(target, &ask, &["abc".into(), "d".into()]).is_err());
    }
}
