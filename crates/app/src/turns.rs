//! Looks into the store for what is not in memory yet take turns, few at a time.
//!
//! After a restart a whole fleet may come while it is still being loaded. What loads it stands in the same queues, for the
//! lock of changes and for a connection to the database: behind everybody it would get one turn in a thousand, and agents
//! that beat in time would be late for want of a look (P9).

use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns at once: fewer than a store has connections to read with.
const AT_ONCE: usize = 2;

/// See the module.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

/// Somebody's turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// Waits for the next turn. Whoever has it looks into memory again first: the fleet was being loaded meanwhile.
    pub(crate) async fn next(&self) -> Turn<'_> {
        // Nobody closes it.
        Turn {
            _permit: self.0.acquire().await.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::sync::Mutex;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn p9_what_loads_a_fleet_waits_for_few_of_those_who_come() {
        let (turns, changes, looked) = (Turns::default(), Mutex::new(()), Cell::new(0));
        let under_way = changes.lock().await;
        let strangers = (0..1_000).map(|_| async {
            let _turn = turns.next().await;
            let _changes = changes.lock().await;
            yield_now().await;
            looked.set(looked.get() + 1);
        });
        let loading = async {
            let _changes = changes.lock().await;
            looked.get()
        };
        let change = async {
            yield_now().await;
            drop(under_way);
        };
        let (_, before, ()) =
            tokio::join!(futures_util::future::join_all(strangers), loading, change);
        assert!(before <= AT_ONCE, "{before} went before the page");
        assert_eq!(looked.get(), 1_000);
    }
}
