//! Doubts about the plane itself: it was away for a while, or so many fall silent together that it must be the deaf one.

use super::Cadence;
use crate::time::Tick;

/// From how many watched agents on their falling silent together says something.
pub const LEAST_WATCHED: usize = 20;

/// The observer is suspect when more of the watched agents than so many in a hundred are silent.
pub const SUSPECT_PERCENT: usize = 55;

/// It is trusted again when no more than so many in a hundred are.
pub const TRUSTED_PERCENT: usize = 50;

/// While more than so many in a hundred are silent, it may turn out to be the observer, and alarms wait for that.
pub const DOUBT_PERCENT: usize = 25;

/// How many of those that are watched and were not known to be offline are late or fell offline since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// How many are silent.
    pub silent: usize,
    /// Of how many.
    pub watched: usize,
}

impl Silence {
    /// Whether too many of enough agents are silent.
    #[must_use]
    pub const fn is_suspect(self) -> bool {
        self.says_something() && self.is_above(SUSPECT_PERCENT)
    }

    /// Whether so many are silent that it may become too many.
    #[must_use]
    pub const fn is_doubtful(self) -> bool {
        self.says_something() && self.is_above(DOUBT_PERCENT)
    }

    /// Whether a suspicion is over.
    #[must_use]
    pub const fn is_trusted(self) -> bool {
        !self.is_above(TRUSTED_PERCENT)
    }

    const fn says_something(self) -> bool {
        self.watched >= LEAST_WATCHED
    }

    const fn is_above(self, percent: usize) -> bool {
        self.silent * 100 > self.watched * percent
    }
}

/// The shortest absence that matters to anybody, in milliseconds: an eighth of the shortest cadence.
const SHORTEST_MS: u64 = 125;

/// An absence of [`SHORTEST_MS`] times two to this matters to everybody: 8 s.
const LONGEST: usize = 6;

/// When the observer was last away, for absences of each length: a process that was stopped, a machine that slept.
///
/// It heard nobody meanwhile, so whoever was not known to be offline gets a full threshold from its return. A second
/// away is much to an agent that beats every two seconds, and nothing to one that beats once a day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Absences([Tick; LONGEST + 1]);

impl Absences {
    /// Notes that the observer looks `late_ms` after it should have.
    pub(super) fn note(&mut self, late_ms: u64, now: Tick) {
        if late_ms < SHORTEST_MS {
            return;
        }
        for back in self.0.iter_mut().take(length(late_ms) + 1) {
            *back = now;
        }
    }

    /// When it came back from one that matters to agents of this cadence: an eighth of it or more, or 8 s.
    pub(super) fn back_at(&self, cadence: Cadence) -> Tick {
        let eighth = (cadence.late_after_ms() / 8).max(SHORTEST_MS);
        // Rounded up: a shorter absence does not matter.
        let least = length(eighth - 1) + usize::from(eighth > SHORTEST_MS);
        self.0.get(least.min(LONGEST)).copied().unwrap_or_default()
    }
}

/// How often [`SHORTEST_MS`] can be doubled within `ms`.
fn length(ms: u64) -> usize {
    let times = (ms / SHORTEST_MS).max(1).ilog2();
    usize::try_from(times).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn silence(silent: usize, watched: usize) -> Silence {
        Silence { silent, watched }
    }

    #[test]
    fn more_than_55_of_a_hundred_of_at_least_20_are_too_many() {
        assert!(!silence(19, 19).is_suspect());
        assert!(!silence(11, 20).is_suspect());
        assert!(silence(12, 20).is_suspect());
        assert!(!silence(55, 100).is_suspect());
        assert!(silence(56, 100).is_suspect());
        assert!(!silence(51, 100).is_trusted());
        assert!(silence(50, 100).is_trusted());
        assert!(silence(0, 0).is_trusted());
    }

    #[test]
    fn an_absence_matters_to_those_for_whom_it_is_long() {
        let mut absences = Absences::default();
        let at = Tick::from_millis;
        let back_at = |absences: &Absences, cadence: &str| {
            absences.back_at(cadence.parse().unwrap()).as_millis()
        };
        absences.note(124, at(1));
        assert_eq!(back_at(&absences, "1s"), 0);
        absences.note(125, at(2));
        assert_eq!(back_at(&absences, "1s"), 2);
        assert_eq!(back_at(&absences, "2s"), 0);
        absences.note(1_000, at(3));
        assert_eq!(back_at(&absences, "8s"), 3);
        assert_eq!(back_at(&absences, "9s"), 0);
        absences.note(7_999, at(4));
        assert_eq!(back_at(&absences, "30s"), 4);
        assert_eq!(back_at(&absences, "1d"), 0);
        absences.note(8_000, at(5));
        assert_eq!(back_at(&absences, "1d"), 5);
        assert_eq!(back_at(&absences, "1s"), 5);
        absences.note(u64::MAX, at(6));
        assert_eq!(back_at(&absences, "30d"), 6);
    }
}
