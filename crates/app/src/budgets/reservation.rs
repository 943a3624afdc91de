//! The reservation of one request: a guard that gives back what it holds, however the request ends.

use super::accounts::SharedAccount;
use super::{Demand, Inner, OverBudget};
use portunus_core::budget::{Account, Amounts, Crossing, Hold, Shortage, Subject};
use portunus_core::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// What one request has reserved in the budgets that bind it. Several attempts are one request.
///
/// Dropping it before [`Self::dispatched`] gives everything back; dropping it later charges what was reserved,
/// because nobody will say what was used. Either way its concurrency slots are free again.
#[must_use = "dropping it gives everything back"]
pub struct Reservation {
    held: Option<Held>,
    dispatched: bool,
}

struct Held {
    agent: Option<Part>,
    pool: Option<Part>,
    inner: Arc<Inner>,
}

struct Part {
    account: Arc<SharedAccount>,
    hold: Hold,
}

/// How a reservation ends.
#[derive(Clone, Copy)]
enum End {
    Used(Amounts),
    AsReserved,
    NotSent,
}

impl Reservation {
    /// Of a request that no budget binds.
    pub(super) const fn unbound() -> Self {
        Self {
            held: None,
            dispatched: false,
        }
    }

    /// Reserves in both accounts or in none. The agent's lock is always taken first, so nobody waits in a circle.
    pub(super) fn make(
        inner: &Arc<Inner>,
        demand: &Demand,
        agent: Option<Arc<SharedAccount>>,
        pool: Option<Arc<SharedAccount>>,
    ) -> Result<Self, Box<OverBudget>> {
        let now = inner.clock.now();
        let amounts = demand.amounts;
        let mut of_agent = agent.as_ref().map(|shared| shared.account.lock());
        let mut of_pool = pool.as_ref().map(|shared| shared.account.lock());
        let checked = match check(of_agent.as_deref_mut(), &amounts, now) {
            Err(no) => Err((no, Subject::Agent(demand.agent))),
            Ok(()) => check(of_pool.as_deref_mut(), &amounts, now)
                .map_err(|no| (no, Subject::Pool(demand.pool))),
        };
        if let Err(((shortage, crossings), subject)) = checked {
            drop((of_agent, of_pool));
            inner.tell(&crossings, subject);
            return Err(inner.over_budget(*shortage, subject));
        }
        let in_agent = of_agent.map(|mut account| take(&mut account, amounts));
        let in_pool = of_pool.map(|mut account| take(&mut account, amounts));
        let part = |account: Option<_>, taken: Option<(Hold, Vec<Crossing>)>| {
            let (account, (hold, crossings)): (Arc<SharedAccount>, _) = account.zip(taken)?;
            inner.tell(&crossings, account.subject);
            Some(Part { account, hold })
        };
        Ok(Self {
            held: Some(Held {
                agent: part(agent, in_agent),
                pool: part(pool, in_pool),
                inner: Arc::clone(inner),
            }),
            dispatched: false,
        })
    }

    /// Notes that the request was sent upstream: from now on it counts, whatever becomes of it.
    pub const fn dispatched(&mut self) {
        self.dispatched = true;
    }

    /// Charges what the request used and frees its slots; money that is not known is charged as it was reserved.
    /// Only the first end of a reservation counts.
    pub fn settle(&mut self, used: Amounts) {
        self.end(End::Used(used));
    }

    /// Gives everything back: nothing was sent, or what was sent does not count.
    pub fn release(&mut self) {
        self.end(End::NotSent);
    }

    fn end(&mut self, how: End) {
        let Some(Held { agent, pool, inner }) = self.held.take() else {
            return;
        };
        let now = inner.clock.now();
        for Part { account, hold } in [agent, pool].into_iter().flatten() {
            let crossings = {
                let mut counting = account.account.lock();
                match how {
                    End::Used(used) => counting.settle(hold, used, now),
                    End::AsReserved => counting.settle_as_reserved(hold, now),
                    End::NotSent => counting.release(hold),
                }
                counting.crossings()
            };
            inner.keeper.note(&account);
            inner.tell(&crossings, account.subject);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end(if self.dispatched {
            End::AsReserved
        } else {
            End::NotSent
        });
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("bound", &self.held.is_some())
            .field("dispatched", &self.dispatched)
            .finish()
    }
}

/// Why an account has no room, and what is news of it.
type No = (Box<Shortage>, Vec<Crossing>);

fn check(account: Option<&mut Account>, amounts: &Amounts, now: Timestamp) -> Result<(), No> {
    let Some(account) = account else {
        return Ok(());
    };
    let checked = account.check(amounts, now);
    checked.map_err(|shortage| (shortage, account.crossings()))
}

fn take(account: &mut Account, amounts: Amounts) -> (Hold, Vec<Crossing>) {
    let hold = account.take(amounts);
    (hold, account.crossings())
}
