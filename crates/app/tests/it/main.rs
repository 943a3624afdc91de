//! The use cases' tests from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt; the lints know only functions that are marked as tests"
)]

mod pools;
