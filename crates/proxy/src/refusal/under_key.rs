//! The noes to requests that have an idempotency key.

use super::reason::Reason;
use super::{REPEAT, Refusal};
use portunus_core::once::{KeyError, MAX_KEY};

impl Refusal {
    /// The key cannot be one.
    pub(crate) fn bad_key(error: KeyError) -> Self {
        Self::new(
            Reason::InvalidRequest,
            format!(
                "Idempotency-Key {error}. Send 1 to {MAX_KEY} printable ASCII characters in double quotes, such as a UUID."
            ),
        )
    }

    /// There are several.
    pub(crate) fn several_keys() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "Several Idempotency-Key headers came. Send one.",
        )
    }

    /// How long the answer should run on is no number.
    pub(crate) fn bad_unread() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "X-Portunus-Unread-S says for how many seconds an answer runs on without a reader. Send a whole number, or leave it out.",
        )
    }

    /// The key stands for another request.
    pub(crate) fn key_reused() -> Self {
        Self::new(
            Reason::KeyReused,
            "This Idempotency-Key came with another body before. Send each new request under a key of its own.",
        )
    }

    /// The request is under way, and its answer cannot be kept for a second reader.
    pub(crate) fn too_large_to_share() -> Self {
        Self::new(
            Reason::KeyBusy,
            "The answer to this Idempotency-Key is being read, and is too large to be kept for a second reader. Wait until it has ended, or ask under another key.",
        )
    }

    /// The request that this one repeats ended without an answer.
    pub(crate) fn original_lost() -> Self {
        Self::new(
            Reason::Unavailable,
            "The request that this one repeats ended without an answer. Ask again.",
        )
        .with(REPEAT, "yes")
    }

    /// A shared answer was not kept for a reader that fell behind.
    pub(crate) fn read_too_slowly() -> Self {
        Self::new(
            Reason::BadUpstream,
            "The answer is incomplete: it was read too slowly to be kept for this reader.",
        )
    }
}
