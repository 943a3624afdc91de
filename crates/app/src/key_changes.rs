//! How often one operator may change provider keys: 10 times in 60 s, counted exactly.

use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;
use std::collections::{HashMap, VecDeque};

/// Changes per window.
pub const LIMIT: usize = 10;
/// Length of the window, in milliseconds.
pub const WINDOW_MS: u64 = 60_000;

/// Too many changes; the next one is possible after this many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{LIMIT} changes of keys in {} s are allowed; the next one in {} s", WINDOW_MS / 1000, retry_after_ms.div_ceil(1000))]
pub struct TooMany {
    /// Milliseconds until the next change is possible.
    pub retry_after_ms: u64,
}

/// The moments of the last changes, per principal.
#[derive(Debug, Default)]
pub struct KeyChanges(Mutex<HashMap<Principal, VecDeque<Timestamp>>>);

impl KeyChanges {
    /// Counts one change at `now`, or refuses it; a refused one does not count.
    pub fn admit(&self, by: Principal, now: Timestamp) -> Result<(), TooMany> {
        let mut seen = self.0.lock();
        let moments = seen.entry(by).or_default();
        // A moment in the future means that the clock went back; it must not bind for longer than a window.
        moments.retain(|at| *at <= now && at.ms_until(now) < WINDOW_MS);
        if let Some(oldest) = moments.front().filter(|_| moments.len() >= LIMIT) {
            return Err(TooMany {
                retry_after_ms: now.ms_until(oldest.plus_ms(WINDOW_MS)).max(1),
            });
        }
        moments.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::ids::OperatorId;

    const ANN: Principal = Principal::Operator(OperatorId::from_bytes([1; 16]));
    const BOB: Principal = Principal::Operator(OperatorId::from_bytes([2; 16]));

    #[test]
    fn the_eleventh_change_waits_for_the_first_to_leave_the_window() {
        let changes = KeyChanges::default();
        for second in 0..10 {
            assert!(changes.admit(ANN, Timestamp::from_secs(second)).is_ok());
        }
        let refused = changes.admit(ANN, Timestamp::from_secs(10));
        assert_eq!(
            refused,
            Err(TooMany {
                retry_after_ms: 50_000
            })
        );
        assert!(changes.admit(BOB, Timestamp::from_secs(10)).is_ok());
        assert!(changes.admit(ANN, Timestamp::from_millis(59_999)).is_err());
        assert!(changes.admit(ANN, Timestamp::from_secs(60)).is_ok());
        assert!(changes.admit(ANN, Timestamp::from_secs(60)).is_err());
    }
}
