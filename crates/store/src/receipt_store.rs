//! The part of the store that is about receipts; what is said of [`crate::Store`] holds here too. The receipt of a change is kept
//! by the change itself, which has it in its event.

use crate::Result;
use portunus_core::once::{Claim, Receipt};
use portunus_core::time::Timestamp;

/// Makes the receipt of a change that no event tells of and that came to a `T`, if one is wanted.
pub type ReceiptFor<T> = dyn Fn(&T) -> Result<Option<Receipt>> + Send + Sync;

/// For whoever wants none.
pub fn no_receipt<T>(_: &T) -> Result<Option<Receipt>> {
    Ok(None)
}

/// What is kept of changes that happen once (P10).
#[async_trait::async_trait]
pub trait ReceiptStore: Send + Sync + 'static {
    /// What is kept of the change that was carried out under a claim.
    async fn receipt(&self, claim: &Claim) -> Result<Option<Receipt>>;

    /// Keeps the receipt of a request that had nothing to change. `AlreadyDone`.
    async fn keep_receipt(&self, receipt: &Receipt) -> Result<()>;

    /// Forgets the receipts made before `before`, and of those made before `secrets_before` the answers that show a secret.
    async fn forget_receipts(&self, before: Timestamp, secrets_before: Timestamp) -> Result<()>;
}
