//! The frames of the conversation: one JSON object each, told apart by `type`.

use super::{Event, PushError};
use crate::SecretText;
use crate::liveness::{Heartbeat, HeartbeatAnswer};
use crate::messages::{Acknowledge, Acknowledged};
use crate::tokens::Principal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a connection tells of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// An agent's own messages: `inbox.read`.
    Inbox,
    /// How all agents stand: `agents.list`.
    Agents,
    /// What is written on all boards: `boards.read`.
    Boards,
    /// What agents notify operators of: `notifications.read`.
    Notifications,
    /// What becomes of the messages that the client's principal wrote: `messages.read`.
    Deliveries,
}

/// What a client says. The plane reads it member by member, so that what it does not know is refused by name.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub enum ClientFrame {
    /// The first frame, and only the first: who the client is and what it wants.
    #[serde(rename = "connect")]
    Connect(Connect),
    /// The client has every event up to this one.
    #[serde(rename = "ack")]
    Ack(Ack),
    /// An agent lives. Answered by `heartbeat.ok`.
    #[serde(rename = "heartbeat")]
    Heartbeat(Asked<Heartbeat>),
    /// Messages of the agent's inbox are read. Answered by `read.ok`.
    #[serde(rename = "read")]
    Read(Asked<Acknowledge>),
    /// Another credential of the same principal takes the place of the one that the connection stands on. Answered by
    /// `credential.ok`.
    #[serde(rename = "credential")]
    Credential(Asked<PresentCredential>),
    /// Answered by `pong`, for clients that cannot see the frames of that name.
    #[serde(rename = "ping")]
    Ping(Asked<Nothing>),
}

/// A frame that is answered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Asked<T> {
    /// What the answer repeats, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is asked.
    #[serde(flatten)]
    pub body: T,
}

/// No members.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The first frame of a client.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Version of the protocol: [`super::PROTOCOL`].
    pub protocol: u32,
    /// The nonce of `connect.challenge`, so that a frame that was meant for another connection opens none.
    pub nonce: String,
    /// The credential; left out when the request that opened the connection brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretText>,
    /// The agent that the client takes itself for, by name or id. It is never believed; when the credential proves somebody
    /// else the connection is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What to hear of; when absent `inbox` for agents and `agents` for operators, as far as the credential holds their scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Vec<Topic>>,
    /// The cursor of the last event that the client has of an earlier connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Whether the plane should keep the client in access tokens by `credential` events. Always so for a connection that an
    /// access token opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<bool>,
    /// For how long a message that was pushed is not pushed again while it is not read, 1000 to 43200000; 60000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility_ms: Option<u64>,
    /// How many messages may be under way, 1 to 32; 32 when absent. A client that works on one at a time says 1, so that
    /// those behind it are not handed out before their turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unread: Option<u64>,
    /// Name and version of the program, for people who look at connections: at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// Acknowledges events; over HTTP the body of `POST /api/v1/push/ack`, which names the connection.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    /// The connection, as `hello` named it; not over a WebSocket, which knows itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Number of the last event that the client has; it has all before it too.
    pub seq: u64,
}

/// Answer of `POST /api/v1/push/ack`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
pub struct Acked {
    /// Up to which event all are acknowledged now.
    pub acknowledged: u64,
}

/// Another credential of the same principal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PresentCredential {
    /// The credential.
    pub token: SecretText,
}

/// What the plane says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type")]
pub enum ServerFrame {
    /// The first frame of every WebSocket.
    #[serde(rename = "connect.challenge")]
    Challenge(Challenge),
    /// The client is known; events follow.
    #[serde(rename = "hello")]
    Hello(Box<Hello>),
    /// An event.
    #[serde(rename = "event")]
    Event(Box<Numbered>),
    /// Answer to `heartbeat`.
    #[serde(rename = "heartbeat.ok")]
    Beaten(Asked<HeartbeatAnswer>),
    /// Answer to `read`.
    #[serde(rename = "read.ok")]
    Read(Asked<Acknowledged>),
    /// Answer to `credential`.
    #[serde(rename = "credential.ok")]
    Credential(Asked<Nothing>),
    /// Answer to `ping`.
    #[serde(rename = "pong")]
    Pong(Asked<Now>),
    /// A refusal: of one frame, or of the whole connection, which is closed then.
    #[serde(rename = "error")]
    Error(PushError),
    /// One that this version does not know; pass over it.
    #[serde(other)]
    Unknown,
}

/// What a WebSocket begins with.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Challenge {
    /// To be repeated in `connect`.
    pub nonce: String,
    /// Versions of the protocol that the plane speaks.
    pub protocols: Vec<u32>,
    /// How long the plane waits for `connect`.
    pub connect_within_ms: u64,
    /// The plane's clock.
    pub now: String,
}

/// What a client is told first once it is known.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Hello {
    /// The connection's id, `con_` and 22 characters.
    pub connection: String,
    /// Version of the protocol that is spoken.
    pub protocol: u32,
    /// Who the credential proves.
    pub principal: Principal,
    /// What the connection tells of.
    pub topics: Vec<Topic>,
    /// Whether events go on behind the cursor; otherwise the full state comes, and what was known before is replaced by it.
    pub resumed: bool,
    /// What holds for the connection.
    pub limits: Limits,
    /// The plane's clock.
    pub now: String,
}

/// What holds for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Limits {
    /// Largest message that the plane reads, in bytes.
    pub max_frame_bytes: u64,
    /// How many events may be unacknowledged; no more come until some are acknowledged.
    pub max_unacknowledged: u64,
    /// How many messages that were pushed may be unread; no more come until some are read.
    pub max_unread: u64,
    /// How often the plane pings.
    pub ping_every_ms: u64,
    /// After how long without any frame the plane takes the client for gone; a client may do the same.
    pub dead_after_ms: u64,
}

/// An event with its place.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Numbered {
    /// Its number on this connection: from 1, without gaps.
    pub seq: u64,
    /// From where a later connection goes on. Keep the one of the last event that you have.
    pub cursor: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The present.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Now {
    /// The plane's clock.
    pub now: String,
}

/// Parameters of `GET /api/v1/push/events`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PushQuery {
    /// What to hear of, with commas between them: `inbox`, `agents`, `boards`, `notifications`, `deliveries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<String>,
    /// The cursor of the last event that the client has; `Last-Event-ID` counts before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
    /// Whether the plane should keep the client in access tokens by `credential` events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<bool>,
    /// For how long a message that was pushed is not pushed again while it is not read; 60000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1000, maximum = 43_200_000)]
    pub visibility_ms: Option<u64>,
    /// How many messages may be under way; 32 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 32)]
    pub max_unread: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ServerFrame {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn events_travel_flat_and_unknown_ones_are_passed_over() {
        let frame = read(
            r#"{"type": "event", "seq": 3, "cursor": "c", "event": "synced", "data": {"events": 2}}"#,
        );
        let ServerFrame::Event(numbered) = frame else {
            panic!("no event")
        };
        assert_eq!((numbered.seq, numbered.cursor.as_str()), (3, "c"));
        assert!(matches!(&numbered.event, Event::Synced(synced) if synced.events == 2));
        let again = serde_json::to_value(ServerFrame::Event(numbered)).unwrap();
        let flat = serde_json::json!({"type": "event", "seq": 3, "cursor": "c", "event": "synced", "data": {"events": 2}});
        assert_eq!(again, flat);

        let newer = read(
            r#"{"type": "event", "seq": 4, "cursor": "d", "event": "moon", "data": {"phase": "full"}}"#,
        );
        let ServerFrame::Event(numbered) = newer else {
            panic!("no event")
        };
        assert!(matches!(numbered.event, Event::Unknown(_)));
        assert!(matches!(read(r#"{"type": "moon"}"#), ServerFrame::Unknown));
    }

    #[test]
    fn a_frame_has_its_id_beside_what_it_says() {
        let frame = ClientFrame::Read(Asked {
            id: Some("7".into()),
            body: Acknowledge {
                messages: vec!["msg_1".into()],
            },
        });
        let json = serde_json::to_value(frame).unwrap();
        let flat = serde_json::json!({"type": "read", "id": "7", "messages": ["msg_1"]});
        assert_eq!(json, flat);
        let answer =
            read(r#"{"type": "read.ok", "id": "7", "read": ["msg_1"], "already_read": []}"#);
        assert!(matches!(answer, ServerFrame::Read(asked) if asked.body.read.len() == 1));
    }
}
