//! How many requests without a proven agent are recorded: a few at once, and then so many a second.

use portunus_core::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// One in so many milliseconds, in the long run: 50 a second.
const EVERY_MS: u64 = 20;

/// At once.
const BURST: u64 = 200;

/// A generic cell rate algorithm on one atomic: the moment at which everything admitted so far will be paid for.
#[derive(Debug, Default)]
pub(super) struct Unproven {
    paid_at_ms: AtomicU64,
}

impl Unproven {
    pub(super) fn admits(&self, now: Timestamp) -> bool {
        let now = now.as_millis();
        let pay = |paid_at: u64| {
            // A greater debt than a burst makes comes from a clock that was set back, and is forgiven.
            let debt = paid_at.saturating_sub(now);
            let debt = if debt > BURST * EVERY_MS { 0 } else { debt };
            (debt <= (BURST - 1) * EVERY_MS).then_some(now + debt + EVERY_MS)
        };
        self.paid_at_ms
            .try_update(Ordering::Relaxed, Ordering::Relaxed, pay)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(gate: &Unproven, asked: u64, now_ms: u64) -> usize {
        let now = Timestamp::from_millis(now_ms);
        (0..asked).filter(|_| gate.admits(now)).count()
    }

    #[test]
    fn a_burst_passes_and_then_fifty_a_second() {
        let gate = Unproven::default();
        assert_eq!(admitted(&gate, 1_000, 1_000_000), 200);
        assert_eq!(admitted(&gate, 1_000, 1_001_000), 50);
        assert_eq!(admitted(&gate, 1_000, 1_100_000), 200);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_end_the_record() {
        let gate = Unproven::default();
        assert_eq!(admitted(&gate, 1, 1_000_000), 1);
        assert_eq!(admitted(&gate, 1_000, 10_000), 200);
    }
}
