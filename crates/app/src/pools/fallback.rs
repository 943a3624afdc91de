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
    /// A lease of `primary` at once, or of its fallback while `primary` cannot serve. It does not queue.
    pub fn try_lease(&self, primary: &Arc<PoolHandle>, ask: &Ask) -> Attempted {
        let first = primary.try_lease(ask);
        let Some(fallback) = self.fallback_of(primary, ask) else {
            return first;
        };
        let is_coming_back = match first {
            Attempted::Granted(_) => return first,
            Attempted::Wait { earliest } => earliest <= primary.now(),
            Attempted::Impossible(_) => false,
        };
        match (first, fallback.try_lease(ask)) {
            (_, granted @ Attempted::Granted(_)) => {
                // While the first pool is being tried again the fallback helps out, which is no news.
                if !is_coming_back {
                    primary.fell_back(&fallback.settings());
                }
                granted
            }
            (Attempted::Wait { earliest: one }, Attempted::Wait { earliest: other }) => {
                Attempted::Wait {
                    earliest: one.min(other),
                }
            }
            (Attempted::Impossible(_), wait @ Attempted::Wait { .. }) => wait,
            (first, _) => first,
        }
    }

    /// A lease of `primary`, or of its fallback while `primary` cannot serve at once; where both must wait,
    /// of whichever is ready first. What is bound to one key never falls back.
    ///
    /// `place` is a hash of the request: with [`Leave::KeepPlace`] the same request of the same agent finds its
    /// place in the queue again. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`Refused`]; at once when there is nothing to wait for.
    pub async fn lease(
        &self,
        primary: &Arc<PoolHandle>,
        ask: &Ask,
        place: impl Into<Place>,
        deadline: Timestamp,
        on_leave: Leave,
    ) -> Result<Lease, Refused> {
        let place = place.into();
        let Some(fallback) = self.fallback_of(primary, ask) else {
            return primary.lease(ask, place, deadline, on_leave).await;
        };
        if let Attempted::Granted(lease) = self.try_lease(primary, ask) {
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

    fn fallback_of(&self, primary: &PoolHandle, ask: &Ask) -> Option<Arc<PoolHandle>> {
        let id = primary.settings().fallback;
        id.filter(|_| ask.bound.is_none())
            .and_then(|id| self.by_id(id))
    }
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
