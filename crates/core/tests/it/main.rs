//! The domain's tests from outside, by promise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt; the lints know only functions that are marked as tests"
)]

mod budgets;
mod liveness;
mod p7_any_key_can_serve;
mod p8_a_limit_is_believed_exactly;
mod p9_alive_is_alive;
mod pool_model;
mod scene;
