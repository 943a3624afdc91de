//! Requests that run under their claim. A claim is held until nothing runs under it any more, also when its client is
//! gone meanwhile.

use super::asked::Answer;
use crate::failure::Failure;
use crate::pools::Vault;
use parking_lot::Mutex;
use portunus_core::audit::AuditEvent;
use portunus_core::once::{Claim, Done, Fingerprint, Receipt};
use portunus_core::time::Timestamp;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The claims that are held at present, and what was asked for under each.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<HashMap<Claim, Fingerprint>>);

impl Running {
    /// Holds a claim, or answers what runs under it.
    pub(crate) fn enter(
        self: &Arc<Self>,
        claim: Claim,
        asked: Fingerprint,
        vault: Arc<Vault>,
    ) -> Result<Arc<Attempt>, Fingerprint> {
        let mut held = self.0.lock();
        if let Some(runs) = held.get(&claim) {
            return Err(*runs);
        }
        held.insert(claim.clone(), asked);
        Ok(Arc::new(Attempt {
            running: Arc::clone(self),
            claim,
            asked,
            vault,
            told: OnceLock::new(),
        }))
    }
}

/// One request that holds its claim.
pub struct Attempt {
    running: Arc<Running>,
    claim: Claim,
    asked: Fingerprint,
    vault: Arc<Vault>,
    told: OnceLock<Answer>,
}

impl Attempt {
    /// What it holds.
    #[must_use]
    pub const fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(super) const fn asked(&self) -> &Fingerprint {
        &self.asked
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The answer that its receipt has, once it has one.
    #[must_use]
    pub fn told(&self) -> Option<&Answer> {
        self.told.get()
    }

    /// The receipt of the change that `event` tells of.
    pub(super) fn receipt(&self, event: &AuditEvent, answer: Answer) -> Result<Receipt, Failure> {
        let done = Done {
            action: event.action.to_owned(),
            subject: event.subject.clone(),
        };
        let receipt = self.receipt_of(event.at, Some(done), &answer)?;
        // A second receipt of one request never counts: the store refuses it.
        let _ = self.told.set(answer);
        Ok(receipt)
    }

    /// The receipt of a change that no event tells of.
    pub(super) fn receipt_without_event(
        &self,
        at: Timestamp,
        done: Done,
        answer: Answer,
    ) -> Result<Receipt, Failure> {
        let receipt = self.receipt_of(at, Some(done), &answer)?;
        let _ = self.told.set(answer);
        Ok(receipt)
    }

    pub(super) fn receipt_of(
        &self,
        at: Timestamp,
        done: Option<Done>,
        answer: &Answer,
    ) -> Result<Receipt, Failure> {
        let sealed =
            self.vault
                .seal_answer(&self.claim, &self.asked, answer.status, &answer.body)?;
        Ok(Receipt {
            claim: self.claim.clone(),
            fingerprint: self.asked,
            at,
            done,
            status: answer.status,
            secrecy: answer.secrecy,
            answer: Some(sealed),
        })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.running.0.lock().remove(&self.claim);
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempt({})", self.claim.route)
    }
}
