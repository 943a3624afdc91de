//! The client library's integration tests: against a real plane in the same process, and against planes that misbehave.
//! Connections go through memory and time is tokio's, paused, so that a day passes in a moment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

mod calls;
mod hostile;
mod memory;
mod p4_no_expiry_in_use;
mod p5_revoked_means_revoked;
mod plant;
mod push;
mod push_plane;
mod tls;
