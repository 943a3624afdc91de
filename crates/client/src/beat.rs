//! When to beat next. Pure: the plane's suggestion and a failure go in, a pause comes out.

use crate::backoff::Backoff;
use portunus_core::liveness::Cadence;
use std::time::Duration;

/// The longest pause after beats that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// No suggestion makes anybody beat more often, and none of a cadence of a second makes it late.
const SHORTEST_PAUSE: Duration = Duration::from_millis(450);

/// Beats at one cadence.
#[derive(Debug)]
pub(crate) struct Rhythm {
    cadence: Cadence,
    backoff: Backoff,
}

/// When the next beat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// After this long.
    In(Duration),
    /// Never: nothing is promised.
    Never,
}

impl Rhythm {
    pub(crate) fn new(cadence: Cadence) -> Self {
        let tenth = Duration::from_secs(u64::from(cadence.as_secs())) / 10;
        let first = tenth.clamp(Duration::from_millis(100), Duration::from_secs(1));
        Self {
            cadence,
            backoff: Backoff::new(first, LONGEST_PAUSE.min(tenth.max(first))),
        }
    }

    /// The plane heard a beat and suggests when the next one should come: a suggestion is followed as far as it keeps the
    /// promise. Without one, at three quarters of the cadence.
    pub(crate) fn heard(&mut self, suggested_ms: Option<u64>) -> Next {
        self.backoff.reset();
        if self.cadence.is_none() {
            return Next::Never;
        }
        let cadence = Duration::from_secs(u64::from(self.cadence.as_secs()));
        let latest = cadence / 100 * 99;
        let wanted = suggested_ms.map_or(cadence / 4 * 3, Duration::from_millis);
        Next::In(wanted.clamp(SHORTEST_PAUSE, latest))
    }

    /// A beat failed, and the plane may have said when to come again.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>, chance: u64) -> Duration {
        let pause = self.backoff.pause(chance);
        retry_after.map_or(pause, |asked_for| asked_for.clamp(pause, LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rhythm(cadence: &str) -> Rhythm {
        Rhythm::new(cadence.parse().unwrap())
    }

    const fn secs(secs: u64) -> Next {
        Next::In(Duration::from_secs(secs))
    }

    #[test]
    fn p9_a_suggestion_is_followed_as_far_as_it_keeps_the_promise() {
        assert_eq!(
            rhythm("45m").heard(Some(2_210_456)),
            Next::In(Duration::from_millis(2_210_456))
        );
        assert_eq!(rhythm("100s").heard(Some(400_000)), secs(99));
        assert_eq!(rhythm("100s").heard(Some(u64::MAX)), secs(99));
        assert_eq!(rhythm("100s").heard(Some(0)), Next::In(SHORTEST_PAUSE));
        assert_eq!(rhythm("100s").heard(None), secs(75));
        assert_eq!(rhythm("0").heard(Some(1_000)), Next::Never);
    }

    #[test]
    fn a_beat_that_failed_is_sent_again_soon_and_ever_more_patiently() {
        let mut beats = rhythm("45m");
        let pauses: Vec<u128> = (0..7).map(|_| beats.failed(None, 0).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        beats.heard(None);
        assert_eq!(beats.failed(None, 0), Duration::from_millis(500));
        let asked = beats.failed(Some(Duration::from_secs(9)), 0);
        assert_eq!(asked, Duration::from_secs(9));
        let asked = beats.failed(Some(Duration::MAX), 0);
        assert_eq!(asked, LONGEST_PAUSE);
    }

    proptest! {
        /// Whatever the plane suggests, no two beats are further apart than the cadence; and whoever just missed one has
        /// tries left before anybody calls it offline.
        #[test]
        fn p9_no_suggestion_breaks_the_promise(seconds in 1_u32..=2_592_000, suggested in any::<Option<u64>>(), chance in any::<u64>()) {
            let cadence = Cadence::from_secs(seconds).unwrap();
            let mut beats = Rhythm::new(cadence);
            let Next::In(pause) = beats.heard(suggested) else { panic!() };
            prop_assert!(pause.as_millis() < u128::from(cadence.late_after_ms()));
            let rest = Duration::from_millis(cadence.offline_after_ms()) - pause;
            let pauses: Duration = (0..3).map(|_| beats.failed(None, chance)).sum();
            prop_assert!(pauses <= rest.max(Duration::from_millis(700)), "{:?} of {:?}", pauses, rest);
        }
    }
}
