//! The open connections of one origin: HTTP/1.1 ones that are idle, HTTP/2 ones that are shared, and handshakes that
//! several requests wait for.

use super::dial::Versions;
use super::fault::SendError;
use super::http1::Connection;
use super::http2::{Lane, Ticket};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a connection stays open without a request.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// A connection that was used within this time is not asked whether it is still there.
const RECENT: Duration = Duration::from_millis(10);
/// Idle HTTP/1.1 connections of one origin that one worker keeps.
const MOST_IDLE: usize = 512;
/// HTTP/2 connections over which requests spread; what is over that gets HTTP/1.1 connections of its own.
const LANES: usize = 8;
/// Requests that wait for one handshake: as many as one connection can take.
const WAITERS: usize = super::http2::STREAMS_PER_LANE;

/// What one worker has open to one origin.
#[derive(Default)]
pub(super) struct Connections {
    /// The one used last is at the end.
    idle: Vec<Idle>,
    lanes: Vec<Lane>,
    handshakes: Vec<Handshake>,
    spoken: Spoken,
}

/// What an origin agreed to at the last handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Spoken {
    /// There was none yet.
    #[default]
    Unknown,
    Http1,
    Http2,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Idle {
    /// Whether the next request may take it. The kernel is asked only after a while: it costs as much as a write, and
    /// under load the runtime hears of an end as soon.
    fn may_serve(&mut self) -> bool {
        let age = self.since.elapsed();
        let is_over = age >= IDLE || (age >= RECENT && self.connection.has_ended());
        !is_over && self.connection.is_quiet()
    }
}

/// A handshake under way that requests wait for.
struct Handshake {
    outcome: watch::Receiver<Outcome>,
    waiters: usize,
}

/// How a shared handshake ended; `None` while it is under way.
pub(super) type Outcome = Option<Result<(), SendError>>;

/// How a request gets its connection.
pub(super) enum Way {
    /// On a shared one.
    Shared(Ticket),
    /// On an idle one of its own.
    Reused(Connection),
    /// By a handshake of its own.
    Alone(Versions),
    /// By waiting for one that others wait for too.
    Join(watch::Receiver<Outcome>),
    /// By beginning one that others may wait for; the sender tells them.
    Begin(watch::Sender<Outcome>, watch::Receiver<Outcome>),
}

impl Connections {
    /// The HTTP/1.1 connection that was used last and is still open. What was closed meanwhile is dropped.
    pub(super) fn take_idle(&mut self) -> Option<Connection> {
        while let Some(mut idle) = self.idle.pop() {
            if idle.may_serve() {
                return Some(idle.connection);
            }
        }
        None
    }

    /// Keeps an HTTP/1.1 connection for the next request.
    pub(super) fn put_back(&mut self, connection: Connection) {
        if self.idle.len() < MOST_IDLE {
            self.idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    /// How the next request over TLS gets its connection.
    pub(super) fn way(&mut self) -> Way {
        self.lanes.retain(Lane::is_open);
        if let Some(ticket) = self.lanes.iter_mut().find_map(Lane::enter) {
            return Way::Shared(ticket);
        }
        if let Some(connection) = self.take_idle() {
            return Way::Reused(connection);
        }
        if self.spoken == Spoken::Http1 {
            return Way::Alone(Versions::All);
        }
        self.handshakes
            .retain(|handshake| handshake.outcome.has_changed().is_ok());
        if let Some(handshake) = self.handshakes.iter_mut().find(|one| one.waiters < WAITERS) {
            handshake.waiters += 1;
            return Way::Join(handshake.outcome.clone());
        }
        if self.lanes.len() + self.handshakes.len() >= LANES {
            return Way::Alone(Versions::Http1);
        }
        let (teller, outcome) = watch::channel(None);
        self.handshakes.push(Handshake {
            outcome: outcome.clone(),
            waiters: 1,
        });
        Way::Begin(teller, outcome)
    }

    /// A handshake ended with HTTP/1.1.
    pub(super) fn speaks_http1(&mut self) {
        self.spoken = Spoken::Http1;
    }

    /// A handshake ended with HTTP/2, on this connection.
    pub(super) fn share(&mut self, lane: Lane) {
        self.spoken = Spoken::Http2;
        self.lanes.push(lane);
    }

    /// Closes what has been idle for too long, and what the other side has closed.
    pub(super) fn sweep(&mut self) {
        self.idle.retain_mut(Idle::may_serve);
        self.idle.shrink_to(64);
        self.lanes
            .retain(|lane| lane.is_open() && !lane.is_idle_for(IDLE));
    }
}
