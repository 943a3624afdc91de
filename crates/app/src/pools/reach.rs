//! Upstreams that gave no connection when they were asked last: told wherever keys and pools are listed, since a key that is
//! well serves nobody while its upstream is not there. Nothing is ruled out by it; which key serves is up to the pool.

use parking_lot::Mutex;
use portunus_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Upstreams remembered at most. Only operators name them.
const MOST: usize = 1_000;
/// For how long it is told after the last attempt, in milliseconds: a day. Then nobody knows any more.
const TOLD_MS: u64 = 24 * 3_600_000;

/// That an upstream cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfReach {
    /// When an attempt found that first, after the last one that reached it.
    pub since: Timestamp,
    /// When one found it last.
    pub tried_at: Timestamp,
    /// What stood in between, as the end of a sentence about the upstream.
    pub why: String,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Reach {
    /// Whether any is out of reach: while none is, nobody takes the lock.
    is_short: AtomicBool,
    out_of_reach: Mutex<HashMap<String, OutOfReach>>,
}

impl Reach {
    /// An attempt at `now` got no connection to the upstream.
    pub fn missed(&self, base_url: &str, why: String, now: Timestamp) {
        let mut all = self.out_of_reach.lock();
        all.retain(|_, one| one.is_known(now));
        let since = all.get(base_url).map_or(now, |known| known.since);
        if all.len() < MOST || all.contains_key(base_url) {
            let tried_at = now;
            let found = OutOfReach {
                since,
                tried_at,
                why,
            };
            all.insert(base_url.to_owned(), found);
        }
        self.is_short.store(true, Ordering::Relaxed);
    }

    /// An attempt reached it.
    pub fn reached(&self, base_url: &str) {
        if self.is_short.load(Ordering::Relaxed) {
            let mut all = self.out_of_reach.lock();
            all.remove(base_url);
            self.is_short.store(!all.is_empty(), Ordering::Relaxed);
        }
    }

    /// How the upstream was missed, unless it was reached since.
    #[must_use]
    pub fn out_of_reach(&self, base_url: &str, now: Timestamp) -> Option<OutOfReach> {
        let found = self.out_of_reach.lock().get(base_url).cloned();
        found.filter(|one| one.is_known(now))
    }
}

impl OutOfReach {
    fn is_known(&self, now: Timestamp) -> bool {
        self.tried_at.ms_until(now) < TOLD_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn an_upstream_is_out_of_reach_from_the_first_miss_until_it_is_reached() {
        let reach = Reach::default();
        assert_eq!(reach.out_of_reach("http://a", at(1)), None);
        reach.missed("http://a", "nobody listens".to_owned(), at(1));
        reach.missed("http://a", "it has no address".to_owned(), at(5));
        reach.missed("http://b", "nobody listens".to_owned(), at(5));
        let told = OutOfReach {
            since: at(1),
            tried_at: at(5),
            why: "it has no address".to_owned(),
        };
        assert_eq!(reach.out_of_reach("http://a", at(9)), Some(told));
        reach.reached("http://a");
        assert_eq!(reach.out_of_reach("http://a", at(9)), None);
        assert!(reach.out_of_reach("http://b", at(9)).is_some());
        reach.missed("http://a", "nobody listens".to_owned(), at(10));
        let since = reach.out_of_reach("http://a", at(10)).map(|one| one.since);
        assert_eq!(since, Some(at(10)));
    }

    #[test]
    fn what_nobody_tried_for_a_day_is_not_told() {
        let reach = Reach::default();
        reach.missed("http://a", "nobody listens".to_owned(), at(0));
        assert!(reach.out_of_reach("http://a", at(86_399)).is_some());
        assert_eq!(reach.out_of_reach("http://a", at(86_400)), None);
        reach.missed("http://a", "nobody listens".to_owned(), at(90_000));
        let since = reach
            .out_of_reach("http://a", at(90_000))
            .map(|one| one.since);
        assert_eq!(since, Some(at(90_000)));
    }

    #[test]
    fn upstreams_without_end_are_not_remembered() {
        let reach = Reach::default();
        for number in 0..2_000 {
            reach.missed(&format!("http://{number}"), String::new(), at(1));
        }
        assert_eq!(reach.out_of_reach.lock().len(), MOST);
    }
}
