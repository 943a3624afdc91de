//! What the system tells the broker: signals that are meant for the child, and that something became of it.

use rustix::process::Signal;
use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What may be handed on. A stop (`^Z`) is not: it stops the job, and with it the broker.
const HANDED_ON: [Signal; 7] = [
    Signal::TERM,
    Signal::INT,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::WINCH,
];

/// One piece of news.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    /// This signal came.
    Signal(Signal),
    /// A child ended, stopped or went on.
    Change,
}

/// All of it, in the order in which it came. None of these signals ends the broker from then on.
#[derive(Debug)]
pub(super) struct Ears(mpsc::UnboundedReceiver<Heard>);

impl Ears {
    /// Listens from the call on.
    pub(super) fn open() -> io::Result<Self> {
        let (tell, heard) = mpsc::unbounded_channel();
        let news = HANDED_ON
            .into_iter()
            .map(|signal| (signal, Heard::Signal(signal)))
            .chain([(Signal::CHILD, Heard::Change)]);
        for (kind, piece) in news {
            let mut stream = signal(SignalKind::from_raw(kind.as_raw()))?;
            let tell = tell.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() && tell.send(piece).is_ok() {}
            });
        }
        Ok(Self(heard))
    }

    /// The next piece; none after the runtime has ended.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.0.recv().await
    }
}
