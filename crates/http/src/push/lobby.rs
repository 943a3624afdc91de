//! Those who opened a WebSocket and have not said yet who they are. There are so many of them and no more: the oldest
//! leaves for the newest, so that a crowd of silent ones keeps nobody out who speaks at once (P1).

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How many may wait.
const MOST: usize = 2_048;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Lobby(Mutex<VecDeque<CancellationToken>>);

impl Lobby {
    /// Lets somebody in until what is returned is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Guest {
        let must_leave = CancellationToken::new();
        let mut guests = self.0.lock();
        guests.retain(|guest| !guest.is_cancelled());
        while guests.len() >= MOST {
            if let Some(oldest) = guests.pop_front() {
                oldest.cancel();
            }
        }
        guests.push_back(must_leave.clone());
        Guest { must_leave }
    }
}

/// Somebody who has not said who they are.
#[derive(Debug)]
pub(crate) struct Guest {
    must_leave: CancellationToken,
}

impl Guest {
    /// Waits until the place is needed for another.
    pub(super) async fn must_leave(&self) {
        self.must_leave.cancelled().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Whoever enters next finds the place free.
        self.must_leave.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_oldest_silent_one_leaves_for_the_newest() {
        let lobby = Arc::new(Lobby::default());
        let mut guests: Vec<_> = (0..MOST).map(|_| lobby.enter()).collect();
        assert!(guests.iter().all(|guest| !guest.must_leave.is_cancelled()));
        let newest = lobby.enter();
        assert!(guests.remove(0).must_leave.is_cancelled());
        assert!(guests.iter().all(|guest| !guest.must_leave.is_cancelled()));
        drop(guests);
        assert!(!newest.must_leave.is_cancelled());
        let again = lobby.enter();
        assert_eq!(lobby.0.lock().len(), 2);
        drop((newest, again));
    }
}
