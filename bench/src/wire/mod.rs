//! As much HTTP/1.1 as a load generator and a fake upstream need: where a message ends, its status, its first bytes.
//!
//! Bytes arrive in any pieces. Nothing of a body is kept but its opening, so that large ones cost no copy.

mod chunks;
mod message;

pub(crate) use message::{Kind, Malformed, MessageReader, Progress};
