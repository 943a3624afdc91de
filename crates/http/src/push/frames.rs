//! What a client says, read member by member: what is not known is refused by name and nothing is done.

use super::refusals::{refused, unreadable};
use portunus_api::SecretText;
use portunus_api::liveness::Heartbeat;
use portunus_api::messages::Acknowledge;
use portunus_api::push::{Ack, Connect, Nothing, PresentCredential, PushError, PushErrorCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest `id` of a frame, in bytes.
const LONGEST_ID: usize = 64;

/// A frame that can be read.
#[derive(Debug)]
pub(super) enum Said {
    Connect(Box<Connect>),
    Ack(u64),
    Heartbeat(Heartbeat),
    Read(Acknowledge),
    Credential(SecretText),
    Ping,
}

/// A frame, and what its answer repeats.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) id: Option<String>,
    pub(super) said: Said,
}

pub(super) fn read(text: &str) -> Result<Frame, PushError> {
    let malformed = |detail: &str| refused(PushErrorCode::MalformedFrame, detail);
    let mut members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| malformed("a frame must be one JSON object"))?;
    let Some(Value::String(kind)) = members.remove("type") else {
        return Err(malformed("a frame must have a type, which is text"));
    };
    let id = match members.remove("id") {
        None => None,
        Some(Value::String(id)) if id.len() <= LONGEST_ID => Some(id),
        Some(_) => {
            let detail = format!("the member id must be text of at most {LONGEST_ID} bytes");
            return Err(refused(PushErrorCode::InvalidFrame, detail));
        }
    };
    match said(&kind, members) {
        Ok(said) => Ok(Frame { id, said }),
        Err(error) => Err(PushError { id, ..error }),
    }
}

fn said(kind: &str, members: Map<String, Value>) -> Result<Said, PushError> {
    Ok(match kind {
        "connect" => Said::Connect(Box::new(body(members)?)),
        "ack" => match body(members)? {
            Ack {
                connection: None,
                seq,
            } => Said::Ack(seq),
            Ack { .. } => {
                let detail =
                    "the member connection is not known here: a WebSocket acknowledges for itself";
                return Err(refused(PushErrorCode::InvalidFrame, detail));
            }
        },
        "heartbeat" => Said::Heartbeat(body(members)?),
        "read" => Said::Read(body(members)?),
        "credential" => Said::Credential(body::<PresentCredential>(members)?.token),
        "ping" => {
            body::<Nothing>(members)?;
            Said::Ping
        }
        _ => {
            let detail = "the type of the frame is not known here; nothing was done";
            return Err(refused(PushErrorCode::UnknownFrame, detail));
        }
    })
}

fn body<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, PushError> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| {
        let path = error.path().to_string();
        unreadable(&path, &error.inner().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> PushErrorCode {
        read(text).unwrap_err().code
    }

    #[test]
    fn what_is_no_frame_is_told_from_what_is_a_wrong_one() {
        use PushErrorCode as E;
        for text in [
            "",
            "1",
            "[]",
            "{}",
            "{",
            r#"{"type": 1}"#,
            "null",
            &"[".repeat(10_000),
        ] {
            assert_eq!(code(text), E::MalformedFrame, "{text:.20}");
        }
        assert_eq!(code(r#"{"type": "dance"}"#), E::UnknownFrame);
        for text in [
            r#"{"type": "ack"}"#,
            r#"{"type": "ack", "seq": -1}"#,
            r#"{"type": "ack", "seq": 1, "connection": "con_1"}"#,
            r#"{"type": "ack", "seq": 1, "extra": 1}"#,
            r#"{"type": "read", "messages": "msg_1"}"#,
            r#"{"type": "heartbeat", "status": "online"}"#,
            r#"{"type": "ping", "id": 7}"#,
            r#"{"type": "ping", "more": 7}"#,
            r#"{"type": "connect", "protocol": 1}"#,
            r#"{"type": "connect", "protocol": 1, "nonce": "x", "topics": ["moon"]}"#,
        ] {
            assert_eq!(code(text), E::InvalidFrame, "{text}");
        }
    }

    #[test]
    fn the_id_is_repeated_where_the_frame_is_refused() {
        let error = read(r#"{"type": "read", "id": "a", "message": []}"#).unwrap_err();
        assert_eq!(error.id.as_deref(), Some("a"));
        assert!(error.message.contains("message"), "{}", error.message);
    }

    #[test]
    fn a_topic_that_does_not_exist_is_answered_with_those_that_do() {
        let frame = r#"{"type": "connect", "protocol": 1, "nonce": "x", "topics": ["inboxx"]}"#;
        let error = read(frame).unwrap_err();
        let listed = "one of inbox, agents, boards, notifications, deliveries;";
        assert!(error.message.contains(listed), "{}", error.message);
        assert!(!error.message.contains("inboxx"), "{}", error.message);
    }

    #[test]
    fn p11_a_token_is_in_no_refusal() {
        let error = read(r#"{"type": "credential", "token": ["ptna_secret"]}"#).unwrap_err();
        assert!(!format!("{error:?}").contains("ptna_secret"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", kind in "(connect|ack|read|heartbeat|credential|ping|x)", value in "[-0-9a-z\"\\[\\]{}:,]{0,12}") {
            let _ = read(&text);
            let _ = read(&format!(r#"{{"type": "{kind}", "seq": {value}, "token": {value}}}"#));
        }
    }
}
