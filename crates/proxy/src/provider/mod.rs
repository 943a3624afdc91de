//! The wire protocols of the upstreams: reading what they answer, writing what their clients expect.
//!
//! Everything here is pure: bytes and headers in, meaning or bytes out, the present as an argument. Sockets,
//! leases and waiting belong to the door; what an observation does to a key belongs to `portunus_core::pool`.

pub mod answer;
mod anthropic;
pub mod bound;
mod bucket;
mod codex;
pub mod container;
pub mod conversation;
pub mod credential;
pub mod endpoint;
pub mod error_shape;
pub mod family;
pub mod fields;
pub mod finish;
pub mod gemini;
pub mod headers;
pub mod keepalive;
mod openai;
pub mod phase;
pub mod repeated;
pub mod reset;
mod skim;
pub mod sse;
pub mod steering;
mod unified;
pub mod usage;
pub mod usage_option;
mod wording;

pub use answer::{Answer, classify, classify_stream_error};
pub use endpoint::{Endpoint, Route};
pub use family::family;
pub use fields::Fields;
pub use keepalive::keepalive;
pub use phase::{EventPhase, phase};
pub use steering::{Delivery, SteerError, Steering, steer};
