//! Ends retiring tokens when their time comes, so that open streams hear of it too (P5).

use super::Directory;
use portunus_core::time::{Clock, Timestamp};
use std::time::Duration;

/// Longest sleep while a deadline is near: the plane's clock may move differently from the timer's.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Directory {
    /// Ends every token whose time has come; answers when the next one ends.
    pub(crate) fn sweep(&self, now: Timestamp) -> Option<Timestamp> {
        let mut book = self.book.lock();
        loop {
            let &(until, kid) = book.deadlines.first()?;
            if now < until {
                return Some(until);
            }
            book.deadlines.remove(&(until, kid));
            if let Some(entry) = self.find(kid)
                && !entry.is_valid(now)
            {
                self.forget(&mut book, &entry);
            }
        }
    }

    /// Sweeps for as long as the plane runs.
    pub(crate) async fn keep_deadlines(&self, clock: &dyn Clock) {
        loop {
            let now = clock.now();
            match self.sweep(now) {
                None => self.deadline_set.notified().await,
                Some(next) => {
                    let left = Duration::from_millis(now.ms_until(next).max(1));
                    let _ =
                        tokio::time::timeout(left.min(LOOK_AGAIN), self.deadline_set.notified())
                            .await;
                }
            }
        }
    }
}
