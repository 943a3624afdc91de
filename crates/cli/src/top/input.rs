//! What a person presses, read on a thread of its own because the terminal can only be waited for.

use crossterm::event::{self, Event, KeyEvent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long the end of the view may have to wait for the thread.
const GLANCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// How long the thread is waited for; it may hang in a terminal that has just gone.
const PARTING: Duration = Duration::from_millis(500);

/// What came from the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// A key.
    Key(KeyEvent),
    /// Another size.
    Resized,
    /// The terminal is gone.
    Gone,
}

/// The thread that reads; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Reading {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Begins to read.
pub(crate) fn read() -> std::io::Result<(Reading, mpsc::UnboundedReceiver<Input>)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let keyboard = keyboard()?;
    let thread = std::thread::Builder::new()
        .name("portunus-keyboard".to_owned())
        .spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let input = match next(&keyboard) {
                    Ok(Some(Event::Key(key))) => Input::Key(key),
                    Ok(Some(Event::Resize(..))) => Input::Resized,
                    Ok(_) => continue,
                    Err(_) => Input::Gone,
                };
                let over = matches!(input, Input::Gone);
                if sender.send(input).is_err() || over {
                    return;
                }
            }
        })?;
    let reading = Reading {
        stop,
        thread: Some(thread),
    };
    Ok((reading, receiver))
}

/// The terminal that keys come from.
fn keyboard() -> io::Result<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned().map(File::from);
    }
    File::open("/dev/tty")
}

/// What the terminal has to say within a glance. A terminal that hung up is an error: reading it would never end.
fn next(keyboard: &File) -> io::Result<Option<Event>> {
    let mut watched = [PollFd::new(keyboard, PollFlags::IN)];
    match poll(&mut watched, Some(&GLANCE)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    if watched.iter().any(|fd| fd.revents().intersects(gone)) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // A change of size comes without a key.
    if event::poll(Duration::ZERO)? {
        event::read().map(Some)
    } else {
        Ok(None)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Until it has ended it may still take a key that is meant for the shell.
        let Some(thread) = self.thread.take() else {
            return;
        };
        let since = Instant::now();
        while !thread.is_finished() && since.elapsed() < PARTING {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
