//! One who waits for a lease: the place in the queue that is given back when the wait is dropped.

use super::handle::PoolHandle;
use super::lease::Lease;
use super::refusal::Refused;
use portunus_core::pool::{Ask, Impossible, Leave, Ticket};
use portunus_core::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What reaches a waiter.
#[derive(Debug)]
pub(super) enum Delivery {
    /// A lease.
    Granted(Box<Lease>),
    /// Nothing is left to wait for.
    Refused(Impossible),
    /// The key that was chosen did not open; the waiter asks again.
    StandAgain,
}

/// See the module.
pub(super) struct Waiting {
    pool: Arc<PoolHandle>,
    ticket: Ticket,
    delivery: oneshot::Receiver<Delivery>,
    on_leave: Leave,
}

impl Waiting {
    pub(super) const fn new(
        pool: Arc<PoolHandle>,
        ticket: Ticket,
        delivery: oneshot::Receiver<Delivery>,
        on_leave: Leave,
    ) -> Self {
        Self {
            pool,
            ticket,
            delivery,
            on_leave,
        }
    }

    /// Waits until `deadline`; `None` says to stand again.
    pub(super) async fn outcome(
        mut self,
        ask: &Ask,
        deadline: Timestamp,
    ) -> Option<Result<Lease, Refused>> {
        let patience = Duration::from_millis(self.pool.now().ms_until(deadline));
        let delivery = timeout(patience, &mut self.delivery).await;
        let delivery = match delivery {
            Ok(delivery) => delivery.ok(),
            Err(_) => {
                self.pool.leave(self.ticket, self.on_leave);
                // A lease may have been on its way in the moment of leaving.
                match self.delivery.try_recv() {
                    Ok(delivery) => Some(delivery),
                    Err(_) => {
                        let earliest = self.pool.exhausted(ask);
                        return Some(Err(Refused::Exhausted { earliest }));
                    }
                }
            }
        };
        match delivery? {
            Delivery::Granted(lease) => Some(Ok(*lease)),
            Delivery::Refused(why) => Some(Err(why.into())),
            Delivery::StandAgain => None,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Of one who was served or refused the queue knows nothing any more, and this does nothing.
        self.pool.leave(self.ticket, self.on_leave);
    }
}
