//! Begins a request under its key: it is the first, or it gets the first's answer, or it is told why it gets none.

use super::asked::Answer;
use super::attempt::Attempt;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::once::{Claim, Done, Receipt, Verdict};
use portunus_core::time::Timestamp;
use portunus_store::StoreError;
use std::sync::Arc;

/// How a request under a key goes on.
#[derive(Debug)]
pub enum Begun {
    /// It is the first, and holds its claim until it is dropped.
    First(Arc<Attempt>),
    /// It happened already, and this is the answer that it got.
    Repeated(Answer),
}

/// Why a request under a key does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// The first is not over.
    #[error("a request under this key is running")]
    Running,
    /// The key was used for another request.
    #[error("the key was used for another request")]
    Different,
    /// It happened already, and its answer cannot be given again.
    #[error("the request was carried out, and its answer is not kept any more")]
    Dropped {
        /// When it happened.
        at: Timestamp,
        /// What happened; `None` when nothing had to change.
        done: Option<Done>,
    },
    /// It could not be looked up.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for NotBegun {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}

/// Claims a key for a request that consists of `parts`: whatever tells it from another request under the same key.
///
/// # Errors
///
/// [`NotBegun`]; nothing is changed then.
pub async fn begin(plane: &Arc<Plane>, claim: Claim, parts: &[&[u8]]) -> Result<Begun, NotBegun> {
    let asked = plane.pepper.request_fingerprint(parts);
    let vault = Arc::clone(&plane.vault);
    let attempt = plane.running.enter(claim, asked, vault);
    let attempt = attempt.map_err(|runs| match runs == asked {
        true => NotBegun::Running,
        false => NotBegun::Different,
    })?;
    match look_again(plane, &attempt).await? {
        Some(answer) => Ok(Begun::Repeated(answer)),
        None => Ok(Begun::First(attempt)),
    }
}

/// The answer that was given under an attempt's claim, if any. Asked again when an attempt failed: on its way another one may
/// have been carried out that was thought lost.
///
/// # Errors
///
/// [`NotBegun`].
pub async fn look_again(plane: &Plane, attempt: &Attempt) -> Result<Option<Answer>, NotBegun> {
    let Some(receipt) = plane.store.receipt(attempt.claim()).await? else {
        return Ok(None);
    };
    match receipt.judge(attempt.asked(), plane.clock.now()) {
        Verdict::Expired => Ok(None),
        Verdict::Different => Err(NotBegun::Different),
        Verdict::Repeated(sealed) => open(attempt, &receipt, sealed).map(Some),
        Verdict::Dropped => Err(dropped(&receipt)),
    }
}

fn open(attempt: &Attempt, receipt: &Receipt, sealed: &[u8]) -> Result<Answer, NotBegun> {
    let (claim, status) = (attempt.claim(), receipt.status);
    let body = attempt
        .vault()
        .open_answer(claim, attempt.asked(), status, sealed);
    // Under another master key it is as lost as a dropped one.
    let body = body.ok_or_else(|| dropped(receipt))?;
    Ok(Answer {
        status,
        secrecy: receipt.secrecy,
        body,
    })
}

fn dropped(receipt: &Receipt) -> NotBegun {
    NotBegun::Dropped {
        at: receipt.at,
        done: receipt.done.clone(),
    }
}

/// Keeps the answer of an attempt that had nothing to change, so that a repetition changes nothing either.
///
/// # Errors
///
/// [`Failure`].
pub async fn keep(plane: &Plane, attempt: &Attempt, answer: &Answer) -> Result<(), Failure> {
    let receipt = attempt.receipt_of(plane.clock.now(), None, answer)?;
    Ok(plane.store.keep_receipt(&receipt).await?)
}
