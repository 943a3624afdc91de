//! A command that goes on over a restart of the plane.

use super::{PATIENCE, Plane, portunus};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A command that does not end by itself; it ends when it is dropped.
pub(crate) struct Follower {
    child: Child,
    told: Receiver<String>,
    remarks: Receiver<String>,
}

impl Follower {
    /// Starts a command with a token.
    pub(crate) fn start(plane: &Plane, token: &str, words: &str) -> Self {
        let mut child = portunus(plane.path("").as_path())
            .args(words.split_whitespace())
            .env("PORTUNUS_URL", &plane.url)
            .env("PORTUNUS_TOKEN", token)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            told: lines(child.stdout.take().unwrap()),
            remarks: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.told.recv_timeout(PATIENCE).expect("a line")
    }

    /// The next line of standard error.
    pub(crate) fn remark(&self) -> String {
        self.remarks.recv_timeout(PATIENCE).expect("a remark")
    }

    /// Whether nothing more was written by now.
    pub(crate) fn is_silent(&self) -> bool {
        self.told.try_recv().is_err()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
