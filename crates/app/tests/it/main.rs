//! The use cases' tests from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt; the lints know only functions that are marked as tests"
)]

mod access_tokens;
mod admission;
mod agents_told;
mod alarms;
mod bootstrap;
mod budgets;
mod connections;
mod crowds;
mod decisions;
mod fleet;
mod followed;
mod keeping;
mod keys;
mod last_words;
mod managed_agents;
mod metrics_manual;
mod outage;
mod p10_once;
mod p1_innocent_never_punished;
mod p1_slow_hashes;
mod p2_missing_is_not_wrong;
mod p3_one_active_token;
mod p5_revoked_means_revoked;
mod p9_alive_is_alive;
mod p9_in_order;
mod p9_offline_gives_back;
mod plane;
mod pool_settings;
mod pools;
mod reconnects;
mod resumed;
mod timing;
mod tokens_with_an_end;
mod told;
