//! Why a use case could not be carried out at all, as opposed to how it ended.

use crate::entropy::EntropyError;
use crate::pools::{OriginError, VaultError};
use portunus_store::StoreError;

/// A cause that the caller can do nothing about; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    StoreUnavailable(String),
    /// A request under the same key carried the change out meanwhile.
    #[error("a request under the same key carried the change out")]
    AlreadyDone,
    /// Nothing can be recorded, so nothing is changed (P12).
    #[error("the audit log is broken: {0}")]
    BrokenLog(&'static str),
    /// A defect of the plane; the text is for its log.
    #[error("defect: {0}")]
    Defect(String),
    /// The operating system gives no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] EntropyError),
}

impl From<StoreError> for Failure {
    /// For outcomes that a use case does not expect.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::StoreUnavailable(cause),
            StoreError::AlreadyDone => Self::AlreadyDone,
            StoreError::BrokenLog(what) => Self::BrokenLog(what),
            other => Self::Defect(format!("the store answered: {other}")),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Entropy(cause) => Self::NoEntropy(cause),
            other => Self::Defect(format!("the vault: {other}")),
        }
    }
}

impl From<OriginError> for Failure {
    /// Base URLs are checked before they are stored, so one without an origin is a defect.
    fn from(error: OriginError) -> Self {
        Self::Defect(format!("a base URL is {error}"))
    }
}
