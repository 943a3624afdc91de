//! `portunus-bench load`: asks as fast as answers come, or at a fixed rate, and tells how long each took.
//!
//! One thread, one epoll set. [`request`] renders what is sent, [`connection`] carries it, [`pace`] says when the next
//! one begins, [`tally`] counts. It prints one line of JSON.

mod connection;
mod hold;
mod pace;
mod request;
mod tally;

use crate::poller::Poller;
use crate::upstream::Wish;
use anyhow::{Result, bail};
use connection::{Connection, Heard};
use pace::Pace;
use request::Template;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) use hold::hold;
pub(crate) use request::{Ask, body, request};
pub(crate) use tally::Report;
use tally::Tally;

/// How long answers under way may take once no new request begins.
const LAST_ANSWERS: Duration = Duration::from_secs(20);

/// What to send, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where to.
    pub(crate) target: SocketAddr,
    /// What every request asks for.
    pub(crate) ask: Ask,
    /// One credential a request, in turn.
    pub(crate) tokens: Vec<String>,
    /// How many connections.
    pub(crate) connections: usize,
    /// How long requests begin.
    pub(crate) lasts: Duration,
    /// At most so many requests.
    pub(crate) requests: Option<u64>,
    /// So many requests a second, whatever the answers do; `None` for one after the other on each connection.
    pub(crate) rate: Option<f64>,
}

/// Runs the plan and reports.
pub(crate) fn run(plan: &Plan) -> Result<Report> {
    Load::new(plan)?.run()
}

struct Load<'a> {
    plan: &'a Plan,
    template: Template,
    poller: Poller,
    connections: Vec<Connection>,
    pace: Pace,
    tally: Tally,
    begun: u64,
    busy: usize,
    scratch: Vec<u8>,
}

impl<'a> Load<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        if plan.tokens.is_empty() {
            bail!("no token to send");
        }
        let template = Template::new(plan.target, &plan.ask, &plan.tokens)?;
        let poller = Poller::new()?;
        let mut connections = Vec::with_capacity(plan.connections);
        for place in 0..plan.connections {
            connections.push(Connection::open(plan.target, &template, &poller, place)?);
        }
        Ok(Self {
            plan,
            template,
            poller,
            connections,
            pace: Pace::new(plan.rate, plan.connections),
            tally: Tally::default(),
            begun: 0,
            busy: 0,
            scratch: vec![0; 256 * 1024],
        })
    }

    fn run(mut self) -> Result<Report> {
        let start = Instant::now();
        let end = start + self.plan.lasts;
        self.pace.begin(start);
        let mut ready = Vec::new();
        loop {
            let now = Instant::now();
            self.start_due(now, end)?;
            if self.busy == 0 && !self.may_begin(now, end) || now > end + LAST_ANSWERS {
                break;
            }
            let patience = if self.may_begin(now, end) {
                self.pace.patience(now).min(end - now)
            } else {
                LAST_ANSWERS
            };
            self.poller.wait(Some(patience), &mut ready)?;
            for place in ready.drain(..) {
                self.hear(usize::try_from(place)?)?;
                self.start_due(Instant::now(), end)?;
            }
        }
        self.tally.unanswered(self.busy);
        Ok(self.tally.report(start.elapsed()))
    }

    /// Whether the plan allows one more request.
    fn may_begin(&self, now: Instant, end: Instant) -> bool {
        now < end && self.plan.requests.is_none_or(|most| self.begun < most)
    }

    fn start_due(&mut self, now: Instant, end: Instant) -> Result<()> {
        while self.may_begin(now, end)
            && let Some((place, since)) = self.pace.next(now)
        {
            self.start(place, since)?;
        }
        Ok(())
    }

    fn start(&mut self, place: usize, since: Option<Instant>) -> Result<()> {
        let turn = usize::try_from(self.begun).unwrap_or(0) % self.plan.tokens.len();
        let token = self
            .plan
            .tokens
            .get(turn)
            .map(String::as_str)
            .unwrap_or_default();
        let Some(connection) = self.connections.get_mut(place) else {
            return Ok(());
        };
        self.begun += 1;
        self.busy += 1;
        match connection.ask(token, since, &self.poller, place) {
            Ok(()) => Ok(()),
            Err(error) => self.lose(place, &error),
        }
    }

    fn hear(&mut self, place: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(place) else {
            return Ok(());
        };
        match connection.hear(&mut self.scratch, &self.poller, place) {
            Ok(Heard::Part) => {}
            Ok(Heard::Whole(answer)) => {
                self.tally.answered(&answer);
                self.busy -= 1;
                self.pace.free(place);
            }
            Err(error) => self.lose(place, &error)?,
        }
        Ok(())
    }

    /// A connection that broke is replaced, and its request counts as failed. A heartbeat of which nothing was heard is sent
    /// once more: a server may close a connection that is quiet at the moment at which it is used again, and a client
    /// repeats then what may happen twice (RFC 9110 §9.2.2).
    fn lose(&mut self, place: usize, error: &anyhow::Error) -> Result<()> {
        let mut fresh = Connection::open(self.plan.target, &self.template, &self.poller, place)?;
        let Some(slot) = self.connections.get_mut(place) else {
            return Ok(());
        };
        let was_busy = slot.is_busy();
        let unheard = slot.unheard().filter(|_| self.plan.ask.wish == Wish::Beat);
        if let Some(unheard) = unheard
            && fresh.repeat(unheard, &self.poller, place).is_ok()
        {
            *slot = fresh;
            self.tally.repeated();
            return Ok(());
        }
        *slot = fresh;
        if was_busy {
            self.busy -= 1;
            self.tally.failed(error);
            self.pace.free(place);
        }
        Ok(())
    }
}
