//! Conversations with the clients that people really use, unmodified: SDKs of both languages in their current and
//! previous major version, Claude Code and Codex, against the real binary over real sockets; and schemathesis, which makes
//! requests out of the OpenAPI document.
//!
//! `cargo xtask clients` installs them from `tests/clients/`; what is not installed is skipped by name, unless
//! `PORTUNUS_REQUIRE_ALL=1` says that nothing may be.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may be blunt, and so may what they share"
)]

mod broker;
mod claude_code;
mod codex;
mod installed;
mod schemathesis;
mod sdks;
mod stage;
