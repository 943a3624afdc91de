//! How often something may happen: a burst at once, and then one for each interval (GCRA, the generic cell rate
//! algorithm of ITU-T I.371). All that is remembered is one number, the moment at which the quota is whole again: on the
//! clock that nobody sets, so that a step of the clock on the wall neither uses up a quota nor makes it whole (P9).

use crate::time::Tick;
use std::num::NonZeroU32;

const MINUTE_NS: u64 = 60_000_000_000;
const MS_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    burst: NonZeroU32,
    interval_ns: u64,
}

/// What is left of a quota behind a request that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Milliseconds until the quota is whole again, if none follows.
    pub whole_in_ms: u64,
}

/// The quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quota is used up; the next request is let in in {} s", retry_after_ms.div_ceil(1000))]
pub struct Limited {
    /// Milliseconds until the next request is let in, at least 1.
    pub retry_after_ms: u64,
}

impl Quota {
    /// `rate` an hour in the long run, and `burst` at once.
    #[must_use]
    pub fn per_hour(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::over(60 * MINUTE_NS, rate, burst)
    }

    /// `rate` a minute in the long run, and `burst` at once.
    #[must_use]
    pub fn per_minute(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::over(MINUTE_NS, rate, burst)
    }

    /// `rate` a second in the long run, and `burst` at once.
    #[must_use]
    pub fn per_second(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::over(SECOND_NS, rate, burst)
    }

    fn over(window_ns: u64, rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self {
            burst,
            interval_ns: window_ns.div_ceil(u64::from(rate.get())),
        }
    }

    /// Requests at once.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst.get()
    }

    /// Seconds in which a quota that is used up becomes whole again, at least 1.
    #[must_use]
    pub fn window_s(&self) -> u64 {
        self.whole_ns().div_ceil(SECOND_NS).max(1)
    }

    fn whole_ns(&self) -> u64 {
        self.interval_ns.saturating_mul(u64::from(self.burst.get()))
    }

    /// Lets one request in at `now`, or does not, which costs nothing. `whole_at` is all that is remembered: the moment
    /// at which the quota is whole again, in nanoseconds of ticks; 0 for one that was never used.
    ///
    /// A moment further ahead than the quota reaches means that the quota was lowered: it binds for no longer than a whole
    /// quota would.
    ///
    /// # Errors
    /// [`Limited`] when the quota is used up.
    pub fn admit(&self, whole_at: &mut u64, now: Tick) -> Result<Standing, Limited> {
        let now = nanos(now);
        let whole = self.whole_ns();
        let latest = now.saturating_add(whole);
        let from = (*whole_at).clamp(now, latest);
        let next = from.saturating_add(self.interval_ns);
        if next > latest {
            *whole_at = from;
            let ahead = next - latest;
            return Err(Limited {
                retry_after_ms: ahead.div_ceil(MS_NS).max(1),
            });
        }
        *whole_at = next;
        Ok(Standing {
            remaining: u32::try_from((latest - next) / self.interval_ns).unwrap_or(u32::MAX),
            whole_in_ms: (next - now).div_ceil(MS_NS),
        })
    }
}

/// Ticks in nanoseconds.
pub(super) const fn nanos(moment: Tick) -> u64 {
    moment.as_millis().saturating_mul(MS_NS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: u64 = 1_000_000;

    fn at(ms: u64) -> Tick {
        Tick::from_millis(START + ms)
    }

    fn quota(rate: u32, burst: u32) -> Quota {
        Quota::per_minute(
            NonZeroU32::new(rate).unwrap(),
            NonZeroU32::new(burst).unwrap(),
        )
    }

    #[test]
    fn a_burst_passes_at_once_and_then_one_an_interval() {
        let (quota, mut whole_at) = (quota(60, 3), 0);
        for remaining in [2, 1, 0] {
            let standing = quota.admit(&mut whole_at, at(0)).unwrap();
            assert_eq!(standing.remaining, remaining);
        }
        let limited = quota.admit(&mut whole_at, at(400)).unwrap_err();
        assert_eq!(limited.retry_after_ms, 600);
        assert!(quota.admit(&mut whole_at, at(999)).is_err());
        assert!(quota.admit(&mut whole_at, at(1_000)).is_ok());
        assert!(quota.admit(&mut whole_at, at(1_000)).is_err());
        let rested = quota.admit(&mut whole_at, at(60_000)).unwrap();
        assert_eq!((rested.remaining, rested.whole_in_ms), (2, 1_000));
        assert_eq!((quota.burst(), quota.window_s()), (3, 3));
    }

    #[test]
    fn a_quota_that_is_lowered_binds_by_its_new_measure() {
        let mut whole_at = 0;
        for _ in 0..600 {
            quota(60, 600).admit(&mut whole_at, at(0)).unwrap();
        }
        let limited = quota(60, 2).admit(&mut whole_at, at(0)).unwrap_err();
        assert_eq!(limited.retry_after_ms, 1_000);
    }

    proptest! {
        /// Whatever the moments, no stretch of time sees more than a burst and its share, and what `retry_after` says
        /// is true to the millisecond.
        #[test]
        fn never_more_than_the_burst_and_the_share(
            rate in 1_u32..10_000,
            burst in 1_u32..50,
            steps in proptest::collection::vec(0_u64..500, 1..300),
        ) {
            let (quota, mut whole_at, mut now) = (quota(rate, burst), 0, 0);
            let mut admitted: Vec<u64> = Vec::new();
            for step in steps {
                now += step;
                match quota.admit(&mut whole_at, at(now)) {
                    Ok(_) => admitted.push(now),
                    Err(limited) => {
                        let mut copy = whole_at;
                        prop_assert!(quota.admit(&mut copy, at(now + limited.retry_after_ms)).is_ok());
                        let mut copy = whole_at;
                        prop_assert!(quota.admit(&mut copy, at(now + limited.retry_after_ms - 1)).is_err());
                    }
                }
            }
            for (index, first) in admitted.iter().enumerate() {
                for (more, last) in admitted[index..].iter().enumerate() {
                    let share = (last - first) * u64::from(rate) / 60_000;
                    prop_assert!(more as u64 <= u64::from(burst) + share, "{first}..{last}");
                }
            }
        }
    }
}
