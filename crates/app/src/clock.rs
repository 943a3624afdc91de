//! The machine's clocks, for a running plane. Tests bring one that they advance by hand.

use portunus_core::time::{Clock, Tick, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock on the wall, and one that counts from the machine's start.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
    fn tick(&self) -> Tick {
        Tick::from_millis(since_boot_ms())
    }
}

/// It goes on while the machine is suspended, so that a plane notices that it was away.
#[cfg(target_os = "linux")]
fn since_boot_ms() -> u64 {
    let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(since.tv_sec).unwrap_or(0);
    let millis = u64::try_from(since.tv_nsec).unwrap_or(0) / 1_000_000;
    seconds.saturating_mul(1_000).saturating_add(millis)
}

/// Elsewhere the standard library has the best there is; whether it goes on during a suspension is up to the system.
#[cfg(not(target_os = "linux"))]
fn since_boot_ms() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let since = START.get_or_init(std::time::Instant::now).elapsed();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
