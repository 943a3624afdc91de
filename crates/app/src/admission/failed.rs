//! The record of credentials that failed: one a source and minute, written behind, so that no attempt waits for it.

use super::Admission;
use crate::audit::{Detailed, event};
use crate::plane::Plane;
use parking_lot::Mutex;
use portunus_core::admission::{FailedCredential, FailedMinute, FailureBook, Noted, Source};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{PoolFacts, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked for minutes that are over.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// Records in one transaction, so that changes need not wait for all of them.
const AT_ONCE: usize = 500;

/// What failed and is not in the log yet.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    book: Mutex<FailureBook>,
    /// What was taken out of the book and is not written yet. Held by whoever writes it, so that nothing is written twice.
    taken: tokio::sync::Mutex<Vec<FailedMinute>>,
}

impl Plane {
    /// Notes that a credential from `source` failed, for the record and for its penalty. For whoever checks what
    /// [`Self::admit`] does not: passwords, sessions, devices.
    pub fn sign_in_failed(&self, source: Source, what: FailedCredential) {
        let now = self.now();
        self.admission().note_failure(source, what, now);
        if let Noted::Penalised(penalised) = self.admission().failed(source, now) {
            self.penalty_began(penalised, now);
        }
    }

    fn penalty_began(&self, source: Source, now: Timestamp) {
        let until = self.admission().penalty_of(source, now).unwrap_or(now);
        let began = event(Actor::Plane, now, "source.penalised", source)
            .with("until_ms", until.as_millis());
        self.pools().recorder().record_event(began);
    }
}

impl Admission {
    /// Counts what failed for the record, without holding it against its source.
    pub(crate) fn note_failure(&self, source: Source, what: FailedCredential, now: Timestamp) {
        self.failures.book.lock().note(source, what, now);
    }
}

/// Writes minutes that are over until it is dropped.
pub(crate) async fn keep_recording(
    admission: Arc<Admission>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
) {
    let mut turn = tokio::time::interval(LOOKED_EVERY);
    let failures = &admission.failures;
    loop {
        turn.tick().await;
        // The book counts more with fewer records while these wait.
        let mut taken = failures.taken.lock().await;
        if taken.is_empty() {
            *taken = failures.book.lock().take_over(clock.now());
        }
        if let Err(error) = record(&mut taken, &*store, clock.now()).await {
            tracing::warn!(%error, records = taken.len(), "failed credentials wait for the database");
        }
    }
}

/// Writes everything that failed so far.
pub(crate) async fn flush(
    admission: &Admission,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failures = &admission.failures;
    let mut taken = failures.taken.lock().await;
    taken.extend(failures.book.lock().take_all());
    record(&mut taken, store, now).await
}

/// Writes minutes and takes what is written away.
async fn record(
    minutes: &mut Vec<FailedMinute>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    while !minutes.is_empty() {
        let count = minutes.len().min(AT_ONCE);
        let events = minutes.iter().take(count).map(|minute| told(minute, now));
        let facts = PoolFacts {
            events: events.collect(),
            ..PoolFacts::default()
        };
        store.save_pool_facts(&facts).await?;
        minutes.drain(..count);
    }
    Ok(())
}

fn told(minute: &FailedMinute, now: Timestamp) -> AuditEvent {
    let subject = minute
        .source
        .map_or_else(|| "others".to_owned(), |source| source.to_string());
    let failed =
        event(Actor::Plane, now, "auth.failed", subject).with("from_ms", minute.from.as_millis());
    minute.reasons().fold(failed, |failed, (what, count)| {
        failed.with(what.as_str(), count)
    })
}
