//! Fallback: a second pool serves while the first one cannot, and the first takes over again by itself.

use super::Pools;
use super::handle::{Attempted, PoolHandle};
use super::lease::Lease;
use super::refusal::Refused;
use portunus_core::pool::{Ask, Impossible, Leave, Place};
use portunus_core::provider_key::Pool;
use portunus_core::time::Timestamp;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// How often a pool that was hopeless is looked at again where time alone may change that: money may have come, and
/// refusals are not remembered for long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The pools that may serve a request.
struct Route {
    first: Arc<PoolHandle>,
    fallback: Option<Arc<PoolHandle>>,
}

/// What one who waits asks each pool.
#[derive(Clone, Copy)]
struct Wait<'a> {
    ask: &'a Ask,
    place: Place,
    deadline: Timestamp,
}

impl Pools {
    /// A lease of `primary` at once, or of its fallback while `primary` cannot serve. It does not queue.
    pub fn try_lease(&self, primary: &Arc<PoolHandle>, ask: &Ask) -> Attempted {
        if ask.bound.is_some() {
            return self.route(primary, ask).first.try_lease(ask);
        }
        let first = primary.try_lease(ask);
        let is_coming_back = match first {
            Attempted::Granted(_) => return first,
            Attempted::Wait { earliest } => earliest <= primary.now(),
            Attempted::Impossible(_) => false,
        };
        let Some(fallback) = self.fallback_of(primary) else {
            return first;
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
    /// whichever is ready first.
    ///
    /// Waits until `deadline` at most. With [`Leave::KeepPlace`] a repetition of the request finds its
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
        // Heard from now on, so that no change is missed between the looks below and the wait.
        let mut changes = self.changes.subscribe();
        if let Attempted::Granted(lease) = self.try_lease(primary, ask) {
            primary.forget_place(ask.agent, place);
            return Ok(lease);
        }
        let wait = Wait {
            ask,
            place,
            deadline,
        };
        let Route {
            first: own,
            mut fallback,
        } = self.route(primary, ask);
        let mut first = pin!(wait.at(Some(Arc::clone(&own)), on_leave));
        let mut second = pin!(wait.at(fallback.clone(), Leave::Forget));
        let (mut no, mut no_fallback) = (None, None);
        loop {
            if let (Some(one), Some(other)) = (no, no_fallback) {
                return Err(verdict(one, other));
            }
            let may_be_mended: fn(Option<No>) -> bool = tokio::select! {
                biased;
                outcome = &mut first, if no.is_none() => match outcome {
                    Ok(lease) => return Ok(lease),
                    Err(refused) => {
                        no = Some(refused);
                        continue;
                    }
                },
                outcome = &mut second, if no_fallback.is_none() => match outcome {
                    Ok(lease) => {
                        first.set(wait.at(None, on_leave));
                        own.forget_place(ask.agent, place);
                        primary.fell_back(&lease.pool().settings());
                        return Ok(lease);
                    }
                    Err(refused) => {
                        no_fallback = Some(refused);
                        continue;
                    }
                },
                // The sender lives in `self`, so this is always a change.
                _ = changes.changed() => is_hopeless,
                () = sleep(LOOK_AGAIN), if mends_itself(no) || mends_itself(no_fallback) => mends_itself,
            };
            // Who waits in a queue keeps its place there; only what was given up is begun anew.
            let named = self.route(primary, ask).fallback;
            let id = |pool: &Option<Arc<PoolHandle>>| pool.as_ref().map(|pool| pool.id());
            if id(&named) != id(&fallback) || may_be_mended(no_fallback) {
                fallback = named;
                second.set(wait.at(fallback.clone(), Leave::Forget));
                no_fallback = None;
            }
            if may_be_mended(no) {
                first.set(wait.at(Some(Arc::clone(&own)), on_leave));
                no = None;
            }
        }
    }

    /// Only the pool that owns the key can serve what is bound to one: `primary`, or its fallback, which has served
    /// in its place before.
    fn route(&self, primary: &Arc<PoolHandle>, ask: &Ask) -> Route {
        let first = Arc::clone(primary);
        let fallback = self.fallback_of(primary);
        let Some(bound) = ask.bound else {
            return Route { first, fallback };
        };
        let is_there = |pool: &Arc<PoolHandle>| pool.key(bound).is_some();
        let first = match fallback.filter(is_there) {
            Some(fallback) if !is_there(primary) => fallback,
            _ => first,
        };
        Route {
            first,
            fallback: None,
        }
    }

    fn fallback_of(&self, primary: &PoolHandle) -> Option<Arc<PoolHandle>> {
        let id = primary.settings().fallback;
        id.and_then(|id| self.by_id(id))
    }
}

/// Why a pool does not serve; `None` where there is no pool.
type No = Option<Refused>;

impl Wait<'_> {
    async fn at(self, pool: Option<Arc<PoolHandle>>, on_leave: Leave) -> Result<Lease, No> {
        match pool {
            Some(pool) => pool
                .lease(self.ask, self.place, self.deadline, on_leave)
                .await
                .map_err(Some),
            None => Err(None),
        }
    }
}

/// Whether a change of the configuration may help.
const fn is_hopeless(no: Option<No>) -> bool {
    matches!(no, Some(None | Some(Refused::Impossible(_))))
}

/// Whether time alone may help.
const fn mends_itself(no: Option<No>) -> bool {
    matches!(
        no,
        Some(Some(Refused::Impossible(
            Impossible::OutOfMoney | Impossible::NotEntitled
        )))
    )
}

/// The refusal that tells most: a wait that was too long before what nobody can wait for.
fn verdict(primary: No, fallback: No) -> Refused {
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
