//! Fallback: a second pool serves while the first one cannot, and the first takes over again by itself.

use super::Pools;
use super::handle::{Attempted, PoolHandle};
use super::lease::Lease;
use super::refusal::Refused;
use portunus_core::pool::{Ask, Leave, Place};
use portunus_core::provider_key::Pool;
use portunus_core::time::Timestamp;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Pools {
    /// A lease of `primary`, or of its fallback while `primary` cannot serve at once; where both must wait,
    /// of whichever is ready first. What is bound to one key never falls back.
    ///
    /// # Errors
    /// [`Refused`], of `primary` where the two differ in kind and neither may still serve.
    pub async fn lease_with_fallback(
        &self,
        primary: &Arc<PoolHandle>,
        ask: &Ask,
        place: Place,
        deadline: Timestamp,
        on_leave: Leave,
    ) -> Result<Lease, Refused> {
        let fallback = primary.settings().fallback.filter(|_| ask.bound.is_none());
        let Some(fallback) = fallback.and_then(|id| self.by_id(id)) else {
            return primary.lease(ask, place, deadline, on_leave).await;
        };
        if let Some(lease) = at_once(primary, &fallback, ask) {
            return Ok(lease);
        }
        let mut first = pin!(primary.lease(ask, place, deadline, on_leave));
        let mut second = pin!(fallback.lease(ask, place, deadline, Leave::Forget));
        let (mut no, mut no_fallback) = (None, None);
        loop {
            tokio::select! {
                biased;
                outcome = &mut first, if no.is_none() => match outcome {
                    Ok(lease) => return Ok(lease),
                    Err(refused) => no = Some(refused),
                },
                outcome = &mut second, if no_fallback.is_none() => match outcome {
                    Ok(lease) => {
                        primary.fell_back(&fallback.settings());
                        return Ok(lease);
                    }
                    Err(refused) => no_fallback = Some(refused),
                },
                else => break,
            }
        }
        Err(verdict(no, no_fallback))
    }
}

/// What either pool gives without waiting.
fn at_once(primary: &Arc<PoolHandle>, fallback: &Arc<PoolHandle>, ask: &Ask) -> Option<Lease> {
    let is_coming_back = match primary.try_lease(ask) {
        Attempted::Granted(lease) => return Some(lease),
        Attempted::Wait { earliest } => earliest <= primary.now(),
        Attempted::Impossible(_) => false,
    };
    let Attempted::Granted(lease) = fallback.try_lease(ask) else {
        return None;
    };
    // While the first pool is being tried again the fallback helps out, which is no news.
    if !is_coming_back {
        primary.fell_back(&fallback.settings());
    }
    Some(lease)
}

/// The refusal that tells most: a wait that was too long before what nobody can wait for.
fn verdict(primary: Option<Refused>, fallback: Option<Refused>) -> Refused {
    match (primary, fallback) {
        (
            Some(Refused::Exhausted { earliest: one }),
            Some(Refused::Exhausted { earliest: other }),
        ) => Refused::Exhausted {
            earliest: [one, other].into_iter().flatten().min(),
        },
        (Some(Refused::Impossible(_)), Some(exhausted @ Refused::Exhausted { .. })) => exhausted,
        (Some(refused), _) | (None, Some(refused)) => refused,
        (None, None) => Refused::Exhausted { earliest: None },
    }
}

impl PoolHandle {
    /// Notes that the fallback serves in this pool's place.
    fn fell_back(&self, fallback: &Pool) {
        if !self.falls_back.swap(true, Ordering::AcqRel) {
            self.journal(self.now(), |journal| {
                journal.tell_fallback("pool.fallback_started", Some(fallback));
            });
        }
    }

    /// Notes that this pool serves: its fallback is not needed any more.
    pub(super) fn recovered(&self) {
        let was_set = self.falls_back.load(Ordering::Relaxed);
        if was_set && self.falls_back.swap(false, Ordering::AcqRel) {
            self.journal(self.now(), |journal| {
                journal.tell_fallback("pool.fallback_ended", None);
            });
        }
    }
}
