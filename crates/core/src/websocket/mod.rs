//! WebSocket messages as bytes (RFC 6455), for either end: no sockets, no randomness, no extensions.
//!
//! A connection that is quiet holds no buffer, because there may be ten thousand of them. Whoever breaks the protocol is
//! refused at the first byte that shows it, before anything is kept of what follows.

mod decode;
mod encode;

pub use decode::{Decoder, Flaw};
pub use encode::{close_frame, frame};

/// At which end of the connection somebody is: clients mask what they send, servers do not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Opened the connection.
    Client,
    /// Answered.
    Server,
}

/// What a frame is (RFC 6455 §5.2); a message that is sent in pieces goes on with [`Opcode::Continuation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next piece of a message.
    Continuation,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// The end.
    Close,
    /// Are you there?
    Ping,
    /// I am.
    Pong,
}

impl Opcode {
    const fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A whole message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// To be answered by a pong with the same bytes.
    Ping(Vec<u8>),
    /// Answer to a ping, or a sign of life by itself.
    Pong(Vec<u8>),
    /// The end, to be answered by the same.
    Close(Option<Farewell>),
}

/// Why the other end closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The code (RFC 6455 §7.4).
    pub code: u16,
    /// In words; may be empty.
    pub reason: String,
}

/// What is appended to the client's key before it is hashed, so that only who speaks the protocol answers (RFC 6455 §1.3).
pub const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether a close code may travel (RFC 6455 §7.4, and those registered with IANA since).
#[must_use]
pub const fn may_travel(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
