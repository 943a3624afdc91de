//! What a person presses, read on a thread of its own because the terminal can only be waited for.

use crossterm::event::{self, Event, KeyEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the end of the view may have to wait for the thread.
const GLANCE: Duration = Duration::from_millis(100);

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
    let thread = std::thread::Builder::new()
        .name("portunus-keyboard".to_owned())
        .spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let input = match event::poll(GLANCE) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let input = match input {
                    Ok(Event::Key(key)) => Input::Key(key),
                    Ok(Event::Resize(..)) => Input::Resized,
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

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Until it has ended it may still take a key that is meant for the shell.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
