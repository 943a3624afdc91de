//! Lists in pages, as use cases answer them: the store's vocabulary, and how reading can fail.

pub use portunus_store::{Cursor, Listing, Page};

use crate::failure::Failure;
use crate::nobody::Nobody;
use portunus_store::StoreError;

/// Why a page of a list cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The cursor was not minted by this list.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    /// What the list is narrowed to does not exist.
    #[error(transparent)]
    Nobody(#[from] Nobody),
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadCursor => Self::BadCursor,
            other => Self::Failure(other.into()),
        }
    }
}
