//! One connection to the fake upstream: reads a request, plays its answer, waits for the next one.

use super::answers::Answers;
use super::wish::Wish;
use crate::poller::Interest;
use crate::wire::{Kind, MessageReader, Progress};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The peer.
    Listen,
    /// Its own next step, so long from now.
    After(Duration),
    /// Nothing: it is over.
    Close,
}

/// What is still to be said of the answer under way.
#[derive(Clone, Copy, Debug)]
enum Script {
    Silent,
    Whole,
    Turn,
    Events { next: usize, gap: Duration },
}

#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    age: u64,
    reader: MessageReader,
    script: Script,
    /// What the socket had no room for.
    unsent: Vec<u8>,
    watched: Interest,
    /// The turn that a late rejection takes.
    late: Vec<u8>,
}

static AGES: AtomicU64 = AtomicU64::new(0);

impl Connection {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            age: AGES.fetch_add(1, Ordering::Relaxed),
            reader: MessageReader::new(Kind::Request),
            script: Script::Silent,
            unsent: Vec::new(),
            watched: Interest::Read,
            late: Vec::new(),
        }
    }

    pub(super) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Tells it from another connection that had its place before.
    pub(super) const fn age(&self) -> u64 {
        self.age
    }

    /// Takes bytes of a request.
    pub(super) fn take(&mut self, bytes: &[u8], answers: &mut Answers) -> Next {
        match self.reader.feed(bytes) {
            Ok(Progress::Partial) => Next::Listen,
            Ok(Progress::Done) => {
                let wish = Wish::read(self.reader.opening());
                self.reader.restart();
                self.begin(wish, answers)
            }
            Err(error) => {
                eprintln!("upstream: {error}");
                Next::Close
            }
        }
    }

    fn begin(&mut self, wish: Wish, answers: &mut Answers) -> Next {
        match wish {
            // No heartbeat comes here.
            Wish::Whole(Duration::ZERO) | Wish::Beat => self.say(answers.whole(), Next::Listen),
            Wish::Turns(Duration::ZERO) => self.say(answers.next_turn(), Next::Listen),
            Wish::Whole(after) => {
                self.script = Script::Whole;
                Next::After(after)
            }
            Wish::Turns(after) => {
                self.late = answers.next_turn().to_vec();
                self.script = Script::Turn;
                Next::After(after)
            }
            Wish::Held => self.say(answers.piece(0).unwrap_or_default(), Next::Listen),
            Wish::Events(gap) => {
                self.script = Script::Events { next: 0, gap };
                self.go_on(answers)
            }
        }
    }

    /// The next step of the answer under way.
    pub(super) fn go_on(&mut self, answers: &Answers) -> Next {
        match self.script {
            Script::Silent => Next::Listen,
            Script::Whole => {
                self.script = Script::Silent;
                self.say(answers.whole(), Next::Listen)
            }
            Script::Turn => {
                self.script = Script::Silent;
                let late = std::mem::take(&mut self.late);
                self.say(&late, Next::Listen)
            }
            Script::Events { next, gap } => {
                let Some(piece) = answers.piece(next) else {
                    self.script = Script::Silent;
                    return Next::Listen;
                };
                let (after, script) = if answers.piece(next + 1).is_some() {
                    (
                        Next::After(gap),
                        Script::Events {
                            next: next + 1,
                            gap,
                        },
                    )
                } else {
                    (Next::Listen, Script::Silent)
                };
                self.script = script;
                self.say(piece, after)
            }
        }
    }

    /// Writes what had no room before.
    pub(super) fn push(&mut self) -> Next {
        let unsent = std::mem::take(&mut self.unsent);
        self.say(&unsent, Next::Listen)
    }

    /// What the socket must be watched for, when that has changed.
    pub(super) fn new_interest(&mut self) -> Option<Interest> {
        let wanted = if self.unsent.is_empty() {
            Interest::Read
        } else {
            Interest::ReadAndWrite
        };
        let changed = wanted != self.watched;
        self.watched = wanted;
        changed.then_some(wanted)
    }

    fn say(&mut self, bytes: &[u8], then: Next) -> Next {
        if bytes.is_empty() {
            return then;
        }
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return then;
        }
        let sent = match (&self.socket).write(bytes) {
            Ok(sent) => sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return Next::Close,
        };
        self.unsent
            .extend_from_slice(bytes.get(sent..).unwrap_or_default());
        then
    }
}
