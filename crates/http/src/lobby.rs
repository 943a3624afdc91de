//! A place for those of whom nobody knows yet who they are: so many wait there and no more. The oldest leaves for the newest,
//! so that a crowd of silent ones keeps nobody out who speaks at once (P1).

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module.
#[derive(Debug)]
pub(crate) struct Lobby {
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The number of whoever enters next.
    next: u64,
    /// By number, so that the oldest is the first.
    guests: BTreeMap<u64, CancellationToken>,
}

impl Lobby {
    /// One in which `most` may wait.
    pub(crate) fn for_at_most(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            waiting: Mutex::default(),
        })
    }

    /// Lets somebody in until what is returned is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Guest {
        let must_leave = CancellationToken::new();
        let mut waiting = self.waiting.lock();
        while waiting.guests.len() >= self.most
            && let Some((_, oldest)) = waiting.guests.pop_first()
        {
            oldest.cancel();
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.guests.insert(number, must_leave.clone());
        Guest {
            lobby: Arc::clone(self),
            number,
            must_leave,
        }
    }
}

/// Somebody who has not said who they are.
#[derive(Debug)]
pub(crate) struct Guest {
    lobby: Arc<Lobby>,
    number: u64,
    must_leave: CancellationToken,
}

impl Guest {
    /// Waits until the place is needed for another.
    pub(crate) async fn must_leave(&self) {
        self.must_leave.cancelled().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.lobby.waiting.lock().guests.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_oldest_silent_one_leaves_for_the_newest() {
        let lobby = Lobby::for_at_most(10);
        let mut guests: Vec<_> = (0..10).map(|_| lobby.enter()).collect();
        assert!(guests.iter().all(|guest| !guest.must_leave.is_cancelled()));
        let newest = lobby.enter();
        assert!(guests.remove(0).must_leave.is_cancelled());
        assert!(guests.iter().all(|guest| !guest.must_leave.is_cancelled()));
        drop(guests);
        let again = lobby.enter();
        assert!(!newest.must_leave.is_cancelled());
        assert_eq!(lobby.waiting.lock().guests.len(), 2);
        drop((newest, again));
        assert!(lobby.waiting.lock().guests.is_empty());
    }
}
