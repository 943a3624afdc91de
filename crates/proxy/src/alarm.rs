//! One timer for everything that a stream waits for. Setting a timer anew for each piece would cost more than passing
//! the piece on: this one is left where it is while its moment moves away, and moved only when it rings too early.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

/// See the module.
#[derive(Debug)]
pub(crate) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// Set for `due` at first.
    pub(crate) fn new(due: Instant) -> Self {
        Self(Box::pin(sleep_until(due)))
    }

    /// What `future` gives, or `None` when it gives nothing until `due`.
    pub(crate) async fn race<F: Future>(&mut self, due: Instant, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            if due < self.0.deadline() {
                self.0.as_mut().reset(due);
            }
            while self.0.as_mut().poll(cx).is_ready() {
                if Instant::now() >= due {
                    return Poll::Ready(None);
                }
                self.0.as_mut().reset(due);
            }
            Poll::Pending
        })
        .await
    }
}

/// What `future` gives within `patience`, else `None`. No timer is set when it has its output at once.
pub(crate) async fn within<F: Future>(patience: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let at_once = poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    });
    match at_once.await {
        Some(output) => Some(output),
        None => timeout(patience, future).await.ok(),
    }
}

/// Like [`within`], for a future that is asked again at `look` in any case, if that is still to come: a timer is set only
/// then, since most answers are there before. What begins later may never be asked again, so it has its timer at once.
///
/// The future comes pinned, so that whoever awaits it has it once and not twice.
pub(crate) async fn within_looks<F: Future>(
    patience: Duration,
    look: Instant,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    let mut due = None;
    let first_looks = poll_fn(|cx| match (future.as_mut().poll(cx), due) {
        (Poll::Ready(output), _) => Poll::Ready(Ok(output)),
        (Poll::Pending, None) => {
            let now = Instant::now();
            let due = *due.insert(now + patience);
            match now < look {
                true => Poll::Pending,
                false => Poll::Ready(Err(due)),
            }
        }
        (Poll::Pending, Some(due)) => Poll::Ready(Err(due)),
    });
    match first_looks.await {
        Ok(output) => Some(output),
        Err(due) => timeout_at(due, future).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test(start_paused = true)]
    async fn it_rings_when_due_however_often_that_moved() {
        let start = Instant::now();
        let mut alarm = Alarm::new(start + Duration::from_secs(300));
        for seconds in [5, 12, 20, 8] {
            let due = Instant::now() + Duration::from_secs(seconds);
            assert_eq!(alarm.race(due, pending::<()>()).await, None);
            assert_eq!(Instant::now(), due);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_time_is_taken() {
        let mut alarm = Alarm::new(Instant::now());
        let due = Instant::now() + Duration::from_secs(1);
        assert_eq!(alarm.race(due, ready(7)).await, Some(7));
        let late = tokio::time::sleep(Duration::from_millis(900));
        assert_eq!(alarm.race(due, late).await, Some(()));
        assert_eq!(within(Duration::ZERO, ready(7)).await, Some(7));
        assert_eq!(within(Duration::from_secs(1), pending::<()>()).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_is_set_with_the_second_look_rings_in_time() {
        let start = Instant::now();
        let patience = Duration::from_secs(3);
        let mut never = pin!(pending::<()>());
        let look = start + Duration::from_millis(250);
        let mut slow = pin!(within_looks(patience, look, never.as_mut()));
        let looked = timeout_at(look, slow.as_mut()).await;
        assert!(looked.is_err());
        assert_eq!(slow.await, None);
        assert_eq!(Instant::now(), start + patience);
        let at_once = within_looks(Duration::ZERO, look, pin!(ready(7))).await;
        assert_eq!(at_once, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_begins_after_the_look_has_its_timer_at_once() {
        let look = Instant::now();
        let patience = Duration::from_secs(3);
        let mut never = pin!(pending::<()>());
        let slow = within_looks(patience, look, never.as_mut());
        let far = look + 10 * patience;
        assert_eq!(timeout_at(far, slow).await, Ok(None));
        assert_eq!(Instant::now(), look + patience);
    }
}
