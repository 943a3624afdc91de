//! The clock that access tokens and beats go by: one that nobody sets, and that goes on while the machine sleeps.

use portunus_core::time::{Clock, Tick, Timestamp};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest sleep at once. Timers of the runtime stand still while the machine is suspended, and an agent that wakes up
/// should beat soon.
const NAP: Duration = Duration::from_secs(10);

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp::from_millis(millis(since.unwrap_or_default()))
    }

    #[cfg(target_os = "linux")]
    fn tick(&self) -> Tick {
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(since.tv_sec).unwrap_or(0);
        let millis = u64::try_from(since.tv_nsec).unwrap_or(0) / 1_000_000;
        Tick::from_millis(seconds.saturating_mul(1_000).saturating_add(millis))
    }

    /// Whether it goes on while the machine is suspended is up to the system here.
    #[cfg(not(target_os = "linux"))]
    fn tick(&self) -> Tick {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let since = START.get_or_init(std::time::Instant::now).elapsed();
        Tick::from_millis(millis(since))
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The clock of one client and of all its clones.
#[derive(Clone)]
pub(crate) struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    pub(crate) fn new(clock: impl Clock) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn tick(&self) -> Tick {
        self.0.tick()
    }

    /// Sleeps until it shows `until`.
    pub(crate) async fn sleep_until(&self, until: Tick) {
        loop {
            let left = Duration::from_millis(self.tick().ms_until(until));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedClock({:?})", self.tick())
    }
}
