//! The clock on the wall, for a running plane. Tests bring one that they advance by hand.

use portunus_core::time::{Clock, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's real-time clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
