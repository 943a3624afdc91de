//! The control API's tests, through its router.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt; the lints know only functions that are marked as tests"
)]

mod access;
mod access_tokens;
mod api;
mod bodies;
mod browsers;
mod limits;
mod lists;
mod openapi;
mod outage;
mod p10_every_route;
mod p10_once;
mod p10_sign_in;
mod p11_no_secret_leaves;
mod p1_bodies_that_are_held;
mod p1_innocent_never_punished;
mod p2_missing_is_not_wrong;
mod p3_one_active_token;
mod p5_cascade;
mod p5_revoked_means_revoked;
mod p5_slow_bodies;
mod p6_identity_from_the_credential;
mod p6_nobody_reaches_beyond;
mod p6_nothing_outlives_its_maker;
mod problems;
mod routes;
mod signed_in;
mod unknown_names;
