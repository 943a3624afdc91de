//! Writes the log so that nobody waits for its reader. A line is written at once where there is room for it; where a pipe
//! or a terminal takes nothing, lines wait for a thread that does, and those that are too many are lost and counted.

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait, in bytes of all of them.
const MOST: usize = 1024 * 1024;
/// A pipe that has room takes so many bytes without waiting, on every system (POSIX, `_POSIX_PIPE_BUF`; Linux has 4,096).
const AT_ONCE: usize = 4_096;

/// Where the log goes.
pub(super) trait Paper: Send + Sync + 'static {
    /// Whether [`AT_ONCE`] bytes can be written without waiting.
    fn has_room(&self) -> bool;
    /// Writes all of a line; one that cannot be written is gone.
    fn write(&self, line: &[u8]);
}

/// The standard error.
#[derive(Debug)]
pub(super) struct StandardError;

impl Paper for StandardError {
    fn has_room(&self) -> bool {
        let stderr = io::stderr();
        let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // What is closed or broken fails at once, which is no waiting either.
        poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    fn write(&self, line: &[u8]) {
        // A log that cannot be written must not end the plane.
        let _ = io::stderr().write_all(line);
    }
}

/// See the module. Cloning it is cheap.
#[derive(Debug)]
pub(super) struct LogWriter<P>(Arc<Desk<P>>);

#[derive(Debug)]
struct Desk<P> {
    paper: P,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Of those lines.
    bytes: usize,
    /// Lines for which there was no room.
    lost: u64,
    /// Whether the thread was started, and whether it has lines in its hands.
    thread: Thread,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thread {
    #[default]
    None,
    Idle,
    Writing,
}

impl<P> Clone for LogWriter<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Paper> LogWriter<P> {
    pub(super) fn new(paper: P) -> Self {
        Self(Arc::new(Desk {
            paper,
            queue: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Writes a line, now or soon. Never waits for whoever reads it.
    fn line(&self, line: &[u8]) {
        let mut queue = self.0.queue.lock();
        let is_free = queue.lines.is_empty() && queue.thread != Thread::Writing;
        if is_free && line.len() <= AT_ONCE && self.0.paper.has_room() {
            return self.0.paper.write(line);
        }
        if queue.bytes + line.len() > MOST {
            queue.lost += 1;
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line.to_vec());
        if queue.thread == Thread::None {
            let desk = Self::clone(self);
            let thread = thread::Builder::new().name("log".to_owned());
            if thread.spawn(move || desk.write_for_ever()).is_ok() {
                queue.thread = Thread::Idle;
            }
        }
        self.0.changed.notify_all();
    }

    /// What the thread does.
    fn write_for_ever(&self) {
        loop {
            let (lines, lost) = self.next_lines();
            for line in lines {
                self.0.paper.write(&line);
            }
            self.0.queue.lock().thread = Thread::Idle;
            self.0.changed.notify_all();
            if lost > 0 {
                tracing::warn!(lost, "lines of the log were lost, because nobody read it");
            }
        }
    }

    /// Waits for lines, takes all of them, and how many were lost behind them.
    fn next_lines(&self) -> (VecDeque<Vec<u8>>, u64) {
        let mut queue = self.0.queue.lock();
        while queue.lines.is_empty() {
            self.0.changed.wait(&mut queue);
        }
        queue.thread = Thread::Writing;
        queue.bytes = 0;
        (
            std::mem::take(&mut queue.lines),
            std::mem::take(&mut queue.lost),
        )
    }

    /// Waits until everything is written, or long enough.
    pub(super) fn finish(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut queue = self.0.queue.lock();
        while !(queue.lines.is_empty() && queue.thread != Thread::Writing) {
            if self.0.changed.wait_until(&mut queue, until).timed_out() {
                return;
            }
        }
    }
}

impl<P: Paper> Write for LogWriter<P> {
    /// Takes one line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<P: Paper> MakeWriter<'_> for LogWriter<P> {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Keeps what is written; nothing is, until it has room.
    #[derive(Debug, Default)]
    struct Pad {
        is_read: AtomicBool,
        written: Mutex<Vec<u8>>,
        room: Condvar,
    }

    impl Paper for Arc<Pad> {
        fn has_room(&self) -> bool {
            self.is_read.load(Ordering::SeqCst)
        }

        fn write(&self, line: &[u8]) {
            let mut written = self.written.lock();
            while !self.has_room() {
                self.room.wait(&mut written);
            }
            written.extend_from_slice(line);
        }
    }

    impl Pad {
        fn read(&self) {
            let _written = self.written.lock();
            self.is_read.store(true, Ordering::SeqCst);
            self.room.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.written.lock().clone()).unwrap()
        }
    }

    #[test]
    fn p1_nobody_waits_for_the_reader_of_the_log() {
        let pad = Arc::new(Pad::default());
        let log = LogWriter::new(Arc::clone(&pad));
        let line = |number: usize| format!("{number:0>1023}\n");
        let most = MOST / 1024;
        for number in 0..2 * most {
            log.line(line(number).as_bytes());
        }
        pad.read();
        log.finish(Duration::from_secs(60));
        let text = pad.text();
        let kept: Vec<usize> = text.lines().map(|line| line.parse().unwrap()).collect();
        // The thread may have taken some into its hands before the queue was full.
        assert!(
            kept.len() >= most && kept.len() <= 2 * most,
            "{}",
            kept.len()
        );
        assert!(kept.is_sorted() && kept.iter().take(most).copied().eq(0..most));
    }

    #[test]
    fn lines_stay_in_their_order_when_the_reader_comes_back() {
        let pad = Arc::new(Pad::default());
        let log = LogWriter::new(Arc::clone(&pad));
        log.line(b"1\n");
        log.line(b"2\n");
        pad.read();
        log.line(b"3\n");
        log.finish(Duration::from_secs(60));
        log.line(b"4\n");
        assert_eq!(pad.text(), "1\n2\n3\n4\n");
    }
}
