//! What to send on an answer that has begun while nothing comes.

use super::endpoint::Endpoint;
use bytes::Bytes;

/// What the client has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No event of the answer.
    Waiting,
    /// The answer's first events.
    Begun,
}

/// Bytes that keep the client waiting and that it does not see; to be sent at most 15 s apart.
///
/// What each client survives was measured: Anthropic's take pings at any time. Chat takes comments, since a ping would be
/// a chunk without choices. Responses takes comments before `response.created`, which the SDK's helper insists on, and
/// pings after it, since comments do not reset Codex's timer.
#[must_use]
pub fn keepalive(endpoint: Endpoint, progress: Progress) -> Bytes {
    const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";
    const COMMENT: &[u8] = b": keepalive\n\n";
    Bytes::from_static(match (endpoint, progress) {
        (Endpoint::Messages, _) | (Endpoint::Responses, Progress::Begun) => PING,
        _ => COMMENT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_is_kept_waiting_as_it_survives() {
        use Progress::{Begun, Waiting};
        for (endpoint, progress, ping) in [
            (Endpoint::Messages, Waiting, true),
            (Endpoint::Messages, Begun, true),
            (Endpoint::ChatCompletions, Waiting, false),
            (Endpoint::ChatCompletions, Begun, false),
            (Endpoint::Responses, Waiting, false),
            (Endpoint::Responses, Begun, true),
        ] {
            let bytes = keepalive(endpoint, progress);
            assert_eq!(bytes.starts_with(b"event: ping\n"), ping);
            assert!(bytes.ends_with(b"\n\n"));
        }
    }
}
