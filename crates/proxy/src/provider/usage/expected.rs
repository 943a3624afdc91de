//! What a request will use at most, guessed before it is sent: budgets reserve this much.

use super::super::endpoint::Endpoint;
use super::super::steering::Steering;
use super::{BYTES_PER_TOKEN, Dialect};

/// The output that is expected when the client states no bound, in tokens.
const UNSTATED_OUTPUT: u64 = 4_096;
/// No context window is larger; what a body has beyond it is pictures or documents, which cost less than their bytes.
const MOST_INPUT: u64 = 2_000_000;
/// More is not believed, and sums of it stay far from overflowing.
const MOST_OUTPUT: u64 = 1_000_000_000;

/// Tokens that a request may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Input tokens: a quarter of the body's bytes, at most two million.
    pub input: u64,
    /// Output tokens: the client's own bound for each answer that it asks for, else 4096.
    pub output: u64,
}

/// Estimates what a request of `endpoint` will use, from what steers it and the size of its body in bytes.
#[must_use]
pub fn expected(endpoint: Endpoint, steering: &Steering, body_bytes: usize) -> Expected {
    let Some(dialect) = Dialect::of(endpoint) else {
        return Expected::default();
    };
    let bytes = u64::try_from(body_bytes).unwrap_or(u64::MAX);
    Expected {
        input: (bytes / BYTES_PER_TOKEN).min(MOST_INPUT),
        output: match dialect {
            Dialect::Embedding => 0,
            Dialect::Anthropic | Dialect::OpenAi => steering
                .max_tokens
                .unwrap_or(UNSTATED_OUTPUT)
                .saturating_mul(steering.answers)
                .min(MOST_OUTPUT),
        },
    }
}
