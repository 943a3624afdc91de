//! The part of the store that is about receipts; what is said of [`crate::Store`] holds here too. The receipt of a change is kept
//! by the change itself, which has it in its event.

use crate::Result;
use portunus_core::once::{Claim, Receipt};
use portunus_core::time::Timestamp;

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
