//! The SQLite store against the suite, the model, other processes, crashes and damaged files.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may be blunt; the lints know only functions that are marked as tests"
)]

mod access;
mod child;
mod durability;
mod imports;
mod liveness;
mod messages;
mod model;
mod notifications;
mod opening;
mod operators;
mod p10_once;
mod p12_the_record_holds;
mod p3_one_active_token;
mod place;
mod segments;
mod size;
mod suite;
mod two_at_once;
