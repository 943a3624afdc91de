//! How long to wait between tries: short at first, since a restart takes about a second, with chance in it, so that the
//! brokers of a fleet do not come back in step.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// Pauses of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pauses {
    made: u32,
}

impl Pauses {
    /// The next one: between half of it and the whole, as `chance` (any number) has it.
    pub(crate) fn next(&mut self, chance: u64) -> Duration {
        let whole = FIRST.saturating_mul(2_u32.saturating_pow(self.made));
        self.made = self.made.saturating_add(1);
        let whole = u64::try_from(whole.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(whole / 2 + chance % (whole / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_and_stay_within_bounds() {
        let mut pauses = Pauses::default();
        assert!(pauses.next(u64::MAX) <= FIRST);
        for chance in 0..100 {
            let pause = pauses.next(chance * 997);
            assert!(pause >= FIRST && pause <= LONGEST, "{pause:?}");
        }
        assert!(pauses.next(0) >= LONGEST / 2);
    }
}
