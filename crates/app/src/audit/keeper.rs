//! Signs the log while the plane runs: a checkpoint a minute when it grew, one at the orderly end, and one when somebody asks.

use super::inspect::LOG;
use super::signer::Signer;
use crate::alarms::Alarms;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::SignedCheckpoint;
use portunus_core::audit::note::VerifierKey;
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often the log is looked at.
const SIGNED_EVERY: Duration = Duration::from_secs(60);

/// Runs until it is dropped.
pub(crate) async fn keep_signing(
    signer: Arc<Signer>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    alarms: Arc<Alarms>,
) {
    let mut turn = tokio::time::interval(SIGNED_EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turn.tick().await;
        let now = clock.now();
        if let Err(error) = sign(&signer, &*store, now).await {
            if let StoreError::BrokenLog(what) = error {
                alarms.raise(AlarmKind::LogInconsistent, LOG, what.to_owned(), now);
            }
            tracing::warn!(%error, "the audit log was not signed; it is tried again in a minute");
        }
    }
}

/// Signs what the log is, unless the newest checkpoint covers all of it, and gives the newest.
pub(crate) async fn sign(
    signer: &Signer,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Option<SignedCheckpoint>, StoreError> {
    let newest = store.newest_checkpoint().await?;
    let tree = store.audit_tree().await?;
    if tree.size() <= newest.as_ref().map_or(0, |newest| newest.size) {
        return Ok(newest);
    }
    let signed = signer.checkpoint(&tree, now);
    store.add_checkpoint(&signed).await?;
    Ok(Some(signed))
}

/// The key that the log is signed with, as people pin it.
#[must_use]
pub fn verifier(plane: &Plane) -> &VerifierKey {
    &plane.signer().key().verifier
}

/// A checkpoint of what the log is now, also for keeping it elsewhere; `None` while the log is empty.
///
/// # Errors
/// [`Failure`].
pub async fn newest_checkpoint(plane: &Plane) -> Result<Option<SignedCheckpoint>, Failure> {
    Ok(sign(plane.signer(), &*plane.store, plane.now()).await?)
}
