//! Writes alarms behind whoever raises them, hears of those of other nodes, and raises the one about the database itself.

use super::Alarms;
use portunus_core::alarm::{Alarm, AlarmKind};
use portunus_core::time::Clock;
use portunus_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often the database is asked whether it lives, and alarms that it did not take are tried again.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// How long alarms are kept once somebody looked at them, in milliseconds: 90 days.
const KEPT_MS: u64 = 90 * 24 * 3_600_000;
/// Looks between two clean-ups: an hour.
const CLEANED_EVERY: u32 = 720;
const DATABASE: &str = "database";

/// Runs until it is dropped.
pub(crate) async fn keep(alarms: Arc<Alarms>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut turn = tokio::time::interval(LOOKED_EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            _ = turn.tick() => {
                watch(&alarms, &*store, &*clock).await;
                // After it was told, since a database that somebody else has locked is waited for.
                if let Err(error) = store.probe().await {
                    tracing::debug!(%error, "the database takes no changes");
                }
                if looks.is_multiple_of(CLEANED_EVERY) {
                    clean(&*store, &*clock).await;
                }
                looks = looks.wrapping_add(1);
            }
            () = alarms.changed.notified() => {}
        }
        if let Err(error) = save(&alarms, &*store).await {
            tracing::warn!(%error, "alarms wait for the database");
        }
    }
}

/// Raises an alarm when the database does not answer, and says when it does again.
async fn watch(alarms: &Alarms, store: &dyn Store, clock: &dyn Clock) {
    let answered = store.ping().await;
    let (kind, now) = (AlarmKind::StoreUnavailable, clock.now());
    let agreed = match answered {
        Ok(()) => alarms.agree_with(store).await,
        error => error,
    };
    match agreed {
        Ok(()) => alarms.over(kind, DATABASE, now),
        Err(error) => alarms.raise(kind, DATABASE, error.to_string(), now),
    }
}

async fn clean(store: &dyn Store, clock: &dyn Clock) {
    let before = clock.now().minus_ms(KEPT_MS);
    if let Err(error) = store.forget_alarms(before).await {
        tracing::warn!(%error, "old alarms were not forgotten");
    }
}

/// Writes what the store does not know yet. What happened since somebody looked at its alarm on another node is another one.
pub(crate) async fn save(alarms: &Alarms, store: &dyn Store) -> Result<(), StoreError> {
    let _only_one = alarms.saving.lock().await;
    let unsaved = alarms.book.lock().take_unsaved();
    if unsaved.is_empty() {
        return Ok(());
    }
    let standing = match store.save_alarms(&unsaved).await {
        Ok(standing) => standing,
        Err(error) => {
            alarms.book.lock().put_back(&unsaved);
            return Err(error);
        }
    };
    for stands in standing {
        let anew = alarms.book.lock().give_way_to(stands);
        if let Some(Alarm {
            kind,
            subject,
            says,
            last_at,
            ..
        }) = anew
        {
            alarms.raise(kind, &subject, says, last_at);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use portunus_core::time::Timestamp;
    use portunus_store::AlarmStore as _;
    use portunus_store::memory::MemoryStore;
    use std::pin::pin;

    #[tokio::test]
    async fn whoever_acknowledges_an_alarm_finds_it_saved() {
        let (alarms, store) = (Alarms::default(), MemoryStore::default());
        alarms.raise(AlarmKind::KeyDead, "a", String::new(), Timestamp::EPOCH);
        // Somebody else writes it at this moment.
        let under_way = alarms.saving.lock().await;
        let taken = alarms.book.lock().take_unsaved();
        let mut before_the_look = pin!(save(&alarms, &store));
        assert!(poll!(&mut before_the_look).is_pending());
        store.save_alarms(&taken).await.unwrap();
        drop(under_way);
        before_the_look.await.unwrap();
        assert_eq!(alarms.book.lock().saved().len(), 1);
    }
}
