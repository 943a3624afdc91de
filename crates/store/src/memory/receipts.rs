//! What the model keeps of changes that were carried out under a claim.

use super::{MemoryStore, State};
use crate::{ReceiptStore, Result, StoreError};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::once::{Claim, KEPT_MS, Receipt, Secrecy};
use portunus_core::time::Timestamp;

impl State {
    /// Refuses a change whose claim has a receipt that still counts.
    pub(super) fn check_claim(&self, event: &AuditEvent) -> Result<()> {
        match &event.receipt {
            Some(receipt) => self.check_free(receipt),
            None => Ok(()),
        }
    }

    /// The event of a change, unless its claim has a receipt that still counts.
    pub(super) fn unclaimed(&self, event: AuditEvent) -> Result<AuditEvent> {
        self.check_claim(&event)?;
        Ok(event)
    }

    fn check_free(&self, receipt: &Receipt) -> Result<()> {
        match self.receipts.get(&receipt.claim) {
            Some(kept) if kept.at.ms_until(receipt.at) < KEPT_MS => Err(StoreError::AlreadyDone),
            _ => Ok(()),
        }
    }

    pub(super) fn receipt(&self, claim: &Claim) -> Option<Receipt> {
        self.receipts.get(claim).cloned()
    }

    pub(super) fn keep_receipt(&mut self, receipt: &Receipt) -> Result<()> {
        self.check_free(receipt)?;
        self.receipts.insert(receipt.claim.clone(), receipt.clone());
        Ok(())
    }

    pub(super) fn forget_receipts(&mut self, before: Timestamp, secrets_before: Timestamp) {
        self.receipts.retain(|_, receipt| receipt.at >= before);
        for receipt in self.receipts.values_mut() {
            if receipt.secrecy == Secrecy::Secret && receipt.at < secrets_before {
                receipt.answer = None;
            }
        }
    }

    pub(super) fn end_receipts_of(&mut self, whose: Principal) {
        self.receipts.retain(|claim, _| claim.by != whose);
    }
}

#[async_trait::async_trait]
impl ReceiptStore for MemoryStore {
    async fn receipt(&self, claim: &Claim) -> Result<Option<Receipt>> {
        Ok(self.open()?.receipt(claim))
    }

    async fn keep_receipt(&self, receipt: &Receipt) -> Result<()> {
        self.open()?.keep_receipt(receipt)
    }

    async fn forget_receipts(&self, before: Timestamp, secrets_before: Timestamp) -> Result<()> {
        self.open()?.forget_receipts(before, secrets_before);
        Ok(())
    }
}
