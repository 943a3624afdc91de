//! Scenarios through the real binary: real sockets, a real SQLite file, signals. One module per promise or habit.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share may be as blunt as they are"
)]

mod access_tokens;
mod alarms;
mod backup;
mod broker;
mod client_library;
mod clients;
mod commands;
mod configuration;
mod crash;
mod decisions;
mod demo;
mod doctor;
mod drain;
mod first_start;
mod hostile;
mod import;
mod liveness;
mod messages;
mod notifications;
mod outage;
mod p10_once;
mod p11_no_secret_leaves;
mod p12_no_change_without_a_record;
mod p12_the_record_holds;
mod p1_the_log_holds_nobody_up;
mod p2_missing_is_not_wrong;
mod p3_one_active_token;
mod p5_cascade;
mod p5_revoked_means_revoked;
mod p6_identity_from_the_credential;
mod pins;
mod plane;
mod push;
mod recipes;
mod reload;
mod sign_in;
mod sources;
mod stands_back;
mod telemetry;
mod top;
mod upstream_over_tls;
mod usage;
mod webhook;
