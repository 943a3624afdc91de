//! Clocks: one that moves only when told, and the wall's.

use portunus_core::time::{Clock, Tick, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that stands still until a test moves it; clones show the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    wall: AtomicU64,
    tick: AtomicU64,
}

impl TestClock {
    /// Stands at `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(Hands {
            wall: AtomicU64::new(start.as_millis()),
            tick: AtomicU64::new(1_000_000),
        }))
    }

    /// Moves forward by `step`.
    pub fn advance(&self, step: Duration) {
        self.0.wall.fetch_add(millis(step), Ordering::SeqCst);
        self.0.tick.fetch_add(millis(step), Ordering::SeqCst);
    }

    /// Sets the clock on the wall to `moment`, backwards too: a clock step.
    pub fn set(&self, moment: Timestamp) {
        self.0.wall.store(moment.as_millis(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    /// Stands at 2026-11-01T00:00:00Z, a moment without meaning.
    fn default() -> Self {
        Self::at(Timestamp::from_secs(1_793_491_200))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.wall.load(Ordering::SeqCst))
    }

    fn tick(&self) -> Tick {
        Tick::from_millis(self.0.tick.load(Ordering::SeqCst))
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(millis(since_epoch))
    }

    fn tick(&self) -> Tick {
        static START: OnceLock<Instant> = OnceLock::new();
        Tick::from_millis(millis(START.get_or_init(Instant::now).elapsed()))
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_moves_only_when_told() {
        let clock = TestClock::at(Timestamp::from_secs(10));
        let same = clock.clone();
        assert_eq!(clock.now(), Timestamp::from_secs(10));
        same.advance(Duration::from_millis(1500));
        assert_eq!(clock.now(), Timestamp::from_millis(11_500));
        let tick = clock.tick();
        clock.set(Timestamp::from_secs(1));
        assert_eq!(same.now(), Timestamp::from_secs(1));
        assert_eq!(
            same.tick(),
            tick,
            "a clock step moves the wall's clock alone"
        );
        same.advance(Duration::from_secs(2));
        assert_eq!(tick.ms_until(clock.tick()), 2_000);
    }
}
