//! The wire protocols of the upstreams: reading what they answer, writing what their clients expect.
//!
//! Everything here is pure: bytes and headers in, meaning or bytes out, the present as an argument. Sockets,
//! leases and waiting belong to the door; what an observation does to a key belongs to `portunus_core::pool`.

pub mod endpoint;
pub mod sse;
