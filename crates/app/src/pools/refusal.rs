//! Why a request got no lease, named by outcome.

use portunus_core::pool::Impossible;
use portunus_core::time::Timestamp;

/// No lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The deadline passed while keys rested.
    #[error("every key in reach rests")]
    Exhausted {
        /// The earliest moment at which one may serve.
        earliest: Option<Timestamp>,
    },
    /// Nothing to wait for.
    #[error(transparent)]
    Impossible(#[from] Impossible),
}
