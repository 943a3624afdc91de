//! Rates from totals that only grow: so many in the last second, so many in the last minute.

use std::collections::VecDeque;

/// How far back a rate looks, in milliseconds.
pub(super) const MINUTE_MS: i64 = 60_000;

/// Seconds that the history keeps.
const SECONDS: usize = 120;

/// One total and its recent past.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    /// Moment and total, oldest first; never empty once something was read.
    readings: VecDeque<(i64, u64)>,
}

impl Meter {
    /// Takes in the total at a moment. A total that fell began anew: at midnight, or with a restart of the plane.
    pub(crate) fn read(&mut self, at_ms: i64, total: u64) {
        if self.readings.back().is_some_and(|(_, last)| *last > total) {
            self.readings.clear();
            self.readings.push_back((at_ms, 0));
        }
        self.readings.push_back((at_ms, total));
        // The newest reading that is a minute old is where the minute begins.
        while self
            .readings
            .get(1)
            .is_some_and(|(at, _)| at.saturating_add(MINUTE_MS) <= at_ms)
        {
            self.readings.pop_front();
        }
    }

    /// What it grew by in the last minute, or since it was first read.
    pub(crate) fn last_minute(&self) -> u64 {
        match (self.readings.front(), self.readings.back()) {
            (Some((_, first)), Some((_, last))) => last.saturating_sub(*first),
            _ => 0,
        }
    }
}

/// Requests per second, one number for each of the last seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    last: Option<(i64, u64)>,
    /// Tenths of a request per second, oldest first.
    tenths: VecDeque<u64>,
}

impl History {
    /// Takes in the total at a moment.
    pub(crate) fn read(&mut self, at_ms: i64, total: u64) {
        let Some((then, before)) = self.last else {
            self.last = Some((at_ms, total));
            return;
        };
        let span = u64::try_from(at_ms.saturating_sub(then)).unwrap_or(0);
        // Readings that are closer than this would show the beat of the polls and not the load.
        if span < 900 {
            return;
        }
        self.last = Some((at_ms, total));
        let grown = total.checked_sub(before).unwrap_or(total);
        let tenths = grown.saturating_mul(10_000) / span;
        let seconds = usize::try_from((span + 500) / 1_000).unwrap_or(SECONDS);
        for _ in 0..seconds.clamp(1, SECONDS) {
            self.tenths.push_back(tenths);
        }
        while self.tenths.len() > SECONDS {
            self.tenths.pop_front();
        }
    }

    /// Tenths of a request per second, over the last few seconds; none before two readings.
    pub(crate) fn now(&self) -> Option<u64> {
        let recent: Vec<u64> = self.tenths.iter().rev().take(3).copied().collect();
        let count = u64::try_from(recent.len()).unwrap_or(0);
        recent.iter().sum::<u64>().checked_div(count)
    }

    /// The last seconds, newest last, in tenths of a request per second.
    pub(crate) fn seconds(&self, count: usize) -> Vec<u64> {
        let skipped = self.tenths.len().saturating_sub(count);
        self.tenths.iter().skip(skipped).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_knows_its_last_minute() {
        let mut meter = Meter::default();
        for second in 0..200 {
            meter.read(second * 1_000, u64::try_from(second).unwrap() * 2);
        }
        assert_eq!(meter.last_minute(), 120);
        meter.read(200_000, 7);
        assert_eq!(meter.last_minute(), 7, "a total that began anew");
    }

    #[test]
    fn the_history_has_one_number_a_second() {
        let mut history = History::default();
        for (at, total) in [
            (0, 100),
            (1_000, 110),
            (1_100, 999),
            (3_000, 150),
            (4_000, 3),
        ] {
            history.read(at, total);
        }
        assert_eq!(history.seconds(10), [100, 200, 200, 30]);
        assert_eq!(history.seconds(2), [200, 30]);
        assert_eq!(history.now(), Some(143));
    }
}
