//! The model door over real sockets, a fake provider behind it. Waits are made brief; what time decides is proven on
//! a mock clock in `core` and `app`.

mod bad_upstream;
mod budgets;
mod clients_that_leave;
mod conversation;
mod errors_in_disguise;
mod limits;
mod p10_once;
mod p1_bodies_that_are_held;
mod p2_missing_is_not_wrong;
mod p5_revoked_means_revoked;
mod p6_identity_from_the_credential;
mod p7_any_key_can_serve;
mod p7_upstreams_that_fail;
mod plant;
mod refusals;
mod stream_endings;

use serde_json::{Value, json};

/// A small Messages request.
pub(crate) fn message(stream: bool) -> Value {
    json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 64,
        "stream": stream,
        "messages": [{"role": "user", "content": "hello"}],
    })
}

/// A small chat request.
pub(crate) fn chat(stream: bool) -> Value {
    json!({"model": "gpt-5", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

/// A small Responses request.
pub(crate) fn response(stream: bool) -> Value {
    json!({"model": "gpt-5", "stream": stream, "input": "hello"})
}
