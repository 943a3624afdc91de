//! `portunus-bench upstream`: a provider that costs as little as it can, so that what stands before it is measured.
//!
//! One thread, one epoll set. What is answered is asked for by the opening of the request's body (see [`wish`]); what
//! the answers say is in [`answers`]; one connection's life is in [`connection`].

mod answers;
mod connection;
mod wish;

use crate::poller::{Interest, Poller};
use answers::Answers;
use anyhow::{Context, Result};
use connection::{Connection, Next};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};
pub(crate) use wish::Wish;

const LISTENER: u64 = 0;
/// Connections that may wait to be accepted.
const QUEUE: i32 = 4096;
const SCRATCH: usize = 256 * 1024;
/// How often the moments in the answers are renewed.
const RENEWAL: Duration = Duration::from_secs(1);

/// Answers until the process is ended. The first line on standard output is the address.
pub(crate) fn run(address: SocketAddr) -> Result<()> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    // A proxy opens hundreds of connections at once; those beyond the queue would come a second late.
    rustix::net::listen(&listener, QUEUE)?;
    println!("{}", listener.local_addr()?);
    Upstream::new(listener)?.run()
}

/// What the upstream says, for those who only read it.
#[derive(Debug)]
pub(crate) struct Samples {
    /// A whole answer, head and body.
    pub(crate) whole: Vec<u8>,
    /// A rejection, head and body.
    pub(crate) limited: Vec<u8>,
    /// The events of a streamed answer, without their framing.
    pub(crate) events: Vec<String>,
}

/// One of each answer.
pub(crate) fn samples() -> Samples {
    let mut answers = Answers::new();
    Samples {
        limited: answers.next_turn().to_vec(),
        whole: answers.whole().to_vec(),
        events: (0..answers::EVENTS).map(answers::event).collect(),
    }
}

/// A connection that wants to go on at a moment, by its place and its age.
type Due = Reverse<(Instant, usize, u64)>;

struct Upstream {
    listener: TcpListener,
    poller: Poller,
    /// A connection's number is its place here plus one.
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    due: BinaryHeap<Due>,
    answers: Answers,
    renewed: Instant,
    scratch: Vec<u8>,
}

impl Upstream {
    fn new(listener: TcpListener) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let poller = Poller::new()?;
        poller.add(&listener, LISTENER, Interest::Read)?;
        Ok(Self {
            listener,
            poller,
            connections: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            answers: Answers::new(),
            renewed: Instant::now(),
            scratch: vec![0; SCRATCH],
        })
    }

    fn run(&mut self) -> Result<()> {
        let mut ready = Vec::new();
        loop {
            self.poller.wait(self.patience(), &mut ready)?;
            let now = Instant::now();
            if now.duration_since(self.renewed) > RENEWAL {
                self.answers.renew();
                self.renewed = now;
            }
            for number in ready.drain(..) {
                match usize::try_from(number) {
                    Ok(0) => self.accept()?,
                    Ok(number) => self.hear(number - 1, now),
                    Err(_) => {}
                }
            }
            self.go_on();
        }
    }

    /// How long nothing is due.
    fn patience(&self) -> Option<Duration> {
        let Reverse((at, ..)) = self.due.peek()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot accept"),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            self.poller.add(&socket, place as u64 + 1, Interest::Read)?;
            if let Some(slot) = self.connections.get_mut(place) {
                *slot = Some(Connection::new(socket));
            }
        }
    }

    /// Something came on a connection, or it has room again.
    fn hear(&mut self, place: usize, now: Instant) {
        let Some(Some(connection)) = self.connections.get_mut(place) else {
            return;
        };
        let next = match connection.socket().read(&mut self.scratch) {
            Ok(0) => Next::Close,
            Ok(count) => connection.take(
                self.scratch.get(..count).unwrap_or_default(),
                &mut self.answers,
            ),
            Err(error) if error.kind() == ErrorKind::WouldBlock => connection.push(),
            Err(_) => Next::Close,
        };
        self.follow(place, next, now);
    }

    /// What is due by now goes on.
    fn go_on(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, place, age))) = self.due.peek().copied() {
            if at > now {
                return;
            }
            self.due.pop();
            let next = match self.connections.get_mut(place) {
                Some(Some(connection)) if connection.age() == age => {
                    connection.go_on(&self.answers)
                }
                _ => continue,
            };
            // From the moment it was due, so that a late step does not delay those after it.
            self.follow(place, next, at);
        }
    }

    fn follow(&mut self, place: usize, next: Next, from: Instant) {
        let Some(slot) = self.connections.get_mut(place) else {
            return;
        };
        let Some(connection) = slot else { return };
        match next {
            Next::Listen => {}
            Next::After(gap) => self
                .due
                .push(Reverse((from + gap, place, connection.age()))),
            Next::Close => {
                *slot = None;
                self.free.push(place);
                return;
            }
        }
        if let Some(interest) = connection.new_interest() {
            // A socket that cannot be watched any more is found closed at the next read.
            let _ = self
                .poller
                .change(connection.socket(), place as u64 + 1, interest);
        }
    }
}
