//! A future that is asked only when it called: waiting for what hardly ever comes must cost nothing while something else,
//! beside it in the same task, comes a hundred times.

use futures_util::task::AtomicWaker;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// See the module.
pub(crate) struct OnCall<F> {
    future: F,
    bell: Arc<Bell>,
    /// Rings the bell.
    ringer: Waker,
}

/// Whether the future called, and whose turn it is then.
struct Bell {
    rang: AtomicBool,
    task: AtomicWaker,
}

impl<F> OnCall<F> {
    /// It is asked once in any case.
    pub(crate) fn new(future: F) -> Self {
        let bell = Arc::new(Bell {
            rang: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        let ringer = Waker::from(Arc::clone(&bell));
        Self {
            future,
            bell,
            ringer,
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<F: Future + Unpin> Future for OnCall<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Whoever rings behind this line wakes the task.
        self.bell.task.register(cx.waker());
        if !self.bell.rang.load(Ordering::Relaxed) || !self.bell.rang.swap(false, Ordering::AcqRel)
        {
            return Poll::Pending;
        }
        let this = &mut *self;
        Pin::new(&mut this.future).poll(&mut Context::from_waker(&this.ringer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::task::ready;
    use tokio::sync::oneshot;
    use tokio::time::{Duration, timeout};

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_when_it_called_and_not_when_others_do() {
        let (tell, mut told) = oneshot::channel();
        let asked = AtomicUsize::new(0);
        let counted = pin!(poll_fn(|cx| {
            asked.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(ready!(Pin::new(&mut told).poll(cx)).unwrap())
        }));
        let mut rare = OnCall::new(counted);
        for _ in 0..10 {
            assert!(timeout(Duration::from_secs(1), &mut rare).await.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tell.send(7).unwrap();
        assert_eq!(rare.await, 7);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_call_from_another_thread_is_never_missed() {
        for _ in 0..2_000 {
            let (tell, told) = oneshot::channel();
            let teller = std::thread::spawn(move || tell.send(()).unwrap());
            OnCall::new(told).await.unwrap();
            teller.join().unwrap();
        }
    }
}
