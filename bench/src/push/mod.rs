//! `portunus-bench push`: holds very many push connections, writes to all of them, and tells when each had it.
//!
//! One thread, one epoll set, so that one clock sees the writing and every arrival. [`listener`] is one connection,
//! [`writer`] the one that writes, [`rounds`] what happens when. It says on standard output when all are there, waits for a line
//! on standard input, plays its rounds, tells what it saw, and leaves when standard input ends.

mod listener;
mod rounds;
mod writer;

pub(crate) use writer::BOARD;

use crate::histogram::Quantiles;
use crate::poller::{Interest, Poller};
use anyhow::{Context, Result, bail};
use listener::{Heard, Listener};
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read, stdin};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use writer::Writer;

/// How many connections are being opened at a time.
const OPENING: usize = 1_000;
/// How long all of them may take to open, and a message to reach all of them.
const PATIENCE: Duration = Duration::from_secs(60);
/// The numbers of what is no listener among all that is waited for.
const STDIN: u64 = u64::MAX;
const WRITER: u64 = u64::MAX - 1;

/// What to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where to.
    pub(crate) target: SocketAddr,
    /// Credentials: one for each connection, and one for who writes.
    pub(crate) tokens: Vec<String>,
    /// How many connections.
    pub(crate) connections: usize,
    /// How many messages.
    pub(crate) rounds: usize,
}

/// That all connections are open and know everything that there was.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// How long it took.
    pub(crate) seconds: f64,
}

/// What was seen in the rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// From the writing of a message to its arrival at each connection.
    pub(crate) arrived: Quantiles,
    /// From the writing of a message to the answer.
    pub(crate) written: Quantiles,
    /// From the first acknowledgement of a message to the last one's answer.
    pub(crate) read: Quantiles,
}

/// Everything that is waited for.
struct Crowd<'a> {
    plan: &'a Plan,
    poller: Poller,
    listeners: Vec<Listener>,
    /// There from the first round on.
    writer: Option<Writer>,
    scratch: Vec<u8>,
    ready: Vec<u64>,
    /// Lines that came on standard input, and whether it has ended.
    lines: usize,
    has_ended: bool,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// A connection knows everything that there was.
    Synced,
    /// A connection had the message of this round.
    Arrived(u32),
    /// An acknowledgement was answered.
    Read,
    /// What was written is in the plane.
    Written,
}

/// Plays it.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let mut crowd = Crowd::new(plan)?;
    let seconds = crowd.open()?;
    println!("{}", serde_json::to_string(&Opened { seconds })?);
    while crowd.lines == 0 && !crowd.has_ended {
        crowd.wait(PATIENCE, |_, news| {
            bail!("{news:?} before anything was written")
        })?;
    }
    if crowd.lines > 0 {
        println!("{}", serde_json::to_string(&rounds::play(&mut crowd)?)?);
    }
    while !crowd.has_ended {
        crowd.wait(PATIENCE, |_, news| bail!("{news:?} after the last round"))?;
    }
    Ok(())
}

impl<'a> Crowd<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        if plan.tokens.len() <= plan.connections {
            bail!("{} connections need one token more", plan.connections);
        }
        let poller = Poller::new()?;
        poller.add(stdin(), STDIN, Interest::Read)?;
        Ok(Self {
            plan,
            poller,
            listeners: Vec::with_capacity(plan.connections),
            writer: None,
            scratch: vec![0; 64 * 1024],
            ready: Vec::new(),
            lines: 0,
            has_ended: false,
        })
    }

    /// Opens all, some at a time, and says how long that took in seconds.
    fn open(&mut self) -> Result<f64> {
        let start = Instant::now();
        let mut synced = 0;
        while synced < self.plan.connections {
            while self.listeners.len() < self.plan.connections
                && self.listeners.len() - synced < OPENING
            {
                let number = self.listeners.len();
                let listener = Listener::open(self.plan.target)?;
                self.poller
                    .add(listener.socket(), number as u64, Interest::Read)?;
                self.listeners.push(listener);
            }
            self.wait(PATIENCE, |_, news| match news {
                News::Synced => {
                    synced += 1;
                    Ok(())
                }
                other => bail!("{other:?} while connections are being opened"),
            })?;
            if start.elapsed() > PATIENCE {
                bail!("only {synced} connections opened in {PATIENCE:?}");
            }
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// Writes the message of a round.
    fn write(&mut self, round: u32) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let token = self.plan.tokens.last().map_or("", String::as_str);
                let writer = Writer::open(self.plan.target, token)?;
                self.poller.add(writer.socket(), WRITER, Interest::Read)?;
                none.insert(writer)
            }
        };
        writer.write(round)
    }

    /// Waits once, at most so long, and hands over what happened to which connection.
    fn wait(
        &mut self,
        patience: Duration,
        mut hear: impl FnMut(usize, News) -> Result<()>,
    ) -> Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(Some(patience), &mut ready)?;
        for number in ready.drain(..) {
            match number {
                STDIN => self.hear_stdin()?,
                WRITER => {
                    if let Some(writer) = &mut self.writer
                        && writer.hear(&mut self.scratch)?
                    {
                        hear(0, News::Written)?;
                    }
                }
                number => {
                    let number = usize::try_from(number)?;
                    let listener = self.listeners.get_mut(number);
                    let listener = listener.context("nobody has this number")?;
                    let token = self.plan.tokens.get(number).map_or("", String::as_str);
                    listener
                        .hear(&mut self.scratch, token, |heard| {
                            let news = match heard {
                                Heard::Synced => News::Synced,
                                Heard::Message(round) => News::Arrived(round),
                                Heard::Read => News::Read,
                            };
                            hear(number, news)
                        })
                        .with_context(|| format!("connection {number}"))?;
                }
            }
        }
        self.ready = ready;
        Ok(())
    }

    fn hear_stdin(&mut self) -> Result<()> {
        let mut bytes = [0; 64];
        match stdin().read(&mut bytes) {
            Ok(0) => self.has_ended = true,
            Ok(count) => {
                let bytes = bytes.iter().take(count);
                self.lines += bytes.filter(|byte| **byte == b'\n').count();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
