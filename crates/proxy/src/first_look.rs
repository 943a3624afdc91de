//! When a request first looks up from its upstream. Requests of the same moment look at the same moment, and something on
//! their thread rings before: a timer that is earlier than all others of its thread costs it a system call, and a turn for
//! nothing.

use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// A request goes on for once or twice this before it hears of a revocation: most are over by then, and listening costs
/// each of them more than it is worth. A revocation has a second to take hold (P5).
const STEP: Duration = Duration::from_millis(250);

thread_local! {
    static BEGAN: Instant = Instant::now();
    /// The last step in which a request came.
    static USED: Cell<u32> = const { Cell::new(u32::MAX) };
    static RINGING: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
}

/// When the first look of a request that comes now is due.
pub(crate) fn first_look() -> Instant {
    let step = current();
    if USED.replace(step) != step {
        keep_ringing();
    }
    begin(step.saturating_add(2))
}

/// Which step it is, on this thread.
fn current() -> u32 {
    let passed = Instant::now().saturating_duration_since(BEGAN.with(|began| *began));
    u32::try_from(passed.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX)
}

fn begin(step: u32) -> Instant {
    BEGAN.with(|began| *began) + STEP * step
}

/// Rings at every step for as long as requests come.
fn keep_ringing() {
    RINGING.with_borrow_mut(|ringing| {
        if ringing.as_ref().is_none_or(JoinHandle::is_finished) {
            *ringing = Some(tokio::spawn(async {
                while USED.get().saturating_add(1) >= current() {
                    sleep_until(begin(current().saturating_add(1))).await;
                }
            }));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    /// How many tasks ring on this thread.
    fn ringing() -> usize {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_look_once_or_twice_a_step_later() {
        let start = Instant::now();
        for _ in 0..100 {
            let now = Instant::now();
            let look = first_look();
            assert!(
                look > now + STEP && look <= now + STEP * 2,
                "{:?}",
                now - start
            );
            sleep(Duration::from_millis(17)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn something_rings_before_them_for_as_long_as_they_come() {
        for _ in 0..40 {
            first_look();
            sleep(Duration::from_millis(90)).await;
        }
        assert_eq!(ringing(), 1);
        sleep(STEP * 3).await;
        assert_eq!(ringing(), 0);
        for _ in 0..6 {
            first_look();
            sleep(Duration::from_millis(90)).await;
        }
        assert_eq!(ringing(), 1);
    }
}
