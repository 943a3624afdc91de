//! How long to wait after a failure: twice as long after each, with chance in it, so that a fleet that lost its plane
//! does not come back in step.

use std::time::Duration;

/// Pauses that grow. What resets them is up to whoever counts the failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// The first pause is at most `first`, and none is longer than `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// The pause after another failure: between half of it and the whole, as `chance` (any number) has it.
    pub fn pause(&mut self, chance: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let whole = self.first.saturating_mul(doubled).min(self.longest);
        let half = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX) / 2;
        Duration::from_millis(half + chance % half.saturating_add(1).max(1))
    }

    /// All is well: the next pause is a first one again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_when_all_is_well() {
        let mut backoff = Backoff::new(SECOND, SECOND * 30);
        let longest = |backoff: &mut Backoff| backoff.pause(u64::MAX).as_secs_f64();
        let pauses: Vec<f64> = (0..7).map(|_| longest(&mut backoff)).collect();
        for (at, pause) in pauses.iter().enumerate() {
            let whole = 2_f64.powi(i32::try_from(at).unwrap()).min(30.0);
            assert!((whole / 2.0..=whole).contains(pause), "{pauses:?}");
        }
        backoff.reset();
        assert!(backoff.pause(0) <= SECOND);
    }

    proptest! {
        #[test]
        fn no_pause_is_beyond_the_bounds(failures in 0_u32..100, chance in any::<u64>()) {
            let mut backoff = Backoff::new(SECOND, SECOND * 30);
            let mut last = Duration::ZERO;
            for _ in 0..=failures {
                last = backoff.pause(chance);
            }
            prop_assert!(last >= SECOND / 2 && last <= SECOND * 30);
        }
    }
}
