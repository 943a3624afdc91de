//! Push on the wire: what travels over a connection that stays open, as JSON text frames or as server-sent events.
//!
//! [`frames`] is the conversation, [`events`] what the plane tells, [`error`] how it refuses. The manual is `docs/push.md`.

pub mod error;
pub mod events;
pub mod frames;

pub use error::{PushAuthReason, PushError, PushErrorCode, PushStep, close};
pub use events::{
    Account, AgentGone, AgentLine, AgentsPage, BoardGone, BoardsPage, DeliveriesPage, Event,
    MovedDelivery, NotificationsRead, SentMessage, Synced, UnreadNotifications,
};
pub use frames::{
    Ack, Acked, Asked, Challenge, ClientFrame, Connect, Hello, Limits, Nothing, Now, Numbered,
    PresentCredential, PushQuery, ServerFrame, Topic,
};

/// The version of the protocol that is spoken here.
pub const PROTOCOL: u32 = 1;

/// Where a WebSocket is opened.
pub const PATH: &str = "/api/v1/push";

/// The subprotocol that a WebSocket may name (RFC 6455 §1.9).
pub const SUBPROTOCOL: &str = "portunus.push.v1";
