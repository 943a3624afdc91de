//! When the next request begins: at once on every free connection, or at a fixed rate whatever the answers do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// An hour: longer than any run.
const LONG: Duration = Duration::from_secs(3600);

/// Which connections are free, and which requests are due.
#[derive(Debug)]
pub(super) struct Pace {
    free: Vec<usize>,
    rate: Option<Rate>,
}

#[derive(Debug)]
struct Rate {
    interval: Duration,
    next: Instant,
    /// Requests that were due while every connection was busy, by their moments.
    late: VecDeque<Instant>,
}

impl Pace {
    /// So many requests a second over so many connections; without a rate each connection asks again at once.
    pub(super) fn new(rate: Option<f64>, connections: usize) -> Self {
        Self {
            free: (0..connections).collect(),
            rate: rate.map(|rate| Rate {
                interval: Duration::from_secs_f64(1.0 / rate.max(0.001)),
                next: Instant::now(),
                late: VecDeque::new(),
            }),
        }
    }

    /// The first request is due now.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(rate) = &mut self.rate {
            rate.next = now;
        }
    }

    /// A connection has its answer.
    pub(super) fn free(&mut self, place: usize) {
        self.free.push(place);
    }

    /// The next request that may begin: its connection, and the moment from which its time counts.
    ///
    /// At a fixed rate a request that had to wait for a connection counts from when it was due, because a slow answer
    /// made it late. One that finds a free connection counts from when it is sent: the delay was the generator's own.
    pub(super) fn next(&mut self, now: Instant) -> Option<(usize, Option<Instant>)> {
        let Some(rate) = &mut self.rate else {
            return self.free.pop().map(|place| (place, None));
        };
        if !self.free.is_empty()
            && let Some(due) = rate.late.pop_front()
        {
            return self.free.pop().map(|place| (place, Some(due)));
        }
        while rate.next <= now {
            let due = rate.next;
            rate.next += rate.interval;
            match self.free.pop() {
                Some(place) => return Some((place, None)),
                None => rate.late.push_back(due),
            }
        }
        None
    }

    /// How long nothing is due.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        self.rate
            .as_ref()
            .map_or(LONG, |rate| rate.next.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_rate_every_free_connection_asks_at_once() {
        let mut pace = Pace::new(None, 2);
        let now = Instant::now();
        assert!(pace.next(now).is_some() && pace.next(now).is_some());
        assert_eq!(pace.next(now), None);
        pace.free(0);
        assert_eq!(pace.next(now), Some((0, None)));
    }

    #[test]
    fn a_request_that_waits_for_a_connection_counts_from_when_it_was_due() {
        let mut pace = Pace::new(Some(1000.0), 1);
        let start = Instant::now();
        pace.begin(start);
        assert_eq!(pace.next(start), Some((0, None)));
        let later = start + Duration::from_millis(1);
        assert_eq!(pace.next(later), None);
        pace.free(0);
        assert_eq!(pace.next(later), Some((0, Some(later))));
        assert_eq!(pace.patience(later), Duration::from_millis(1));
    }
}
