//! The wire protocols of the upstreams: reading what they answer, writing what their clients expect.
//!
//! Everything here is pure: bytes and headers in, meaning or bytes out, the present as an argument. Sockets,
//! leases and waiting belong to the door; what an observation does to a key belongs to `portunus_core::pool`.

pub mod answer;
mod anthropic;
mod bucket;
mod codex;
pub mod endpoint;
pub mod family;
pub mod gemini;
mod openai;
pub mod reset;
pub mod sse;
mod unified;
mod wording;

pub use answer::{Answer, classify, classify_stream_error};
pub use endpoint::{Endpoint, Route};
pub use family::family;
