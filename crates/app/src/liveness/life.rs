//! What is known of one agent's liveness: what the roll looks at, what is saved, and what people get to see.

use super::pulse::Pulse;
use portunus_core::liveness::{Cadence, Look, Note, Status, Watch};
use portunus_core::time::{Tick, Timestamp};
use portunus_store::Liveness as Row;
use std::sync::Arc;

/// An agent's liveness, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// How it stands.
    pub status: Status,
    /// What it promised.
    pub cadence: Option<Cadence>,
    /// What it said of itself.
    pub note: Option<Note>,
    /// When it beat last.
    pub last_heartbeat_at: Option<Timestamp>,
    /// When it was last heard of in any way.
    pub last_seen_at: Option<Timestamp>,
}

impl Life {
    /// Of an agent that was never heard of.
    pub const UNHEARD: Self = Self {
        status: Status::Provisioning,
        cadence: None,
        note: None,
        last_heartbeat_at: None,
        last_seen_at: None,
    };

    /// As it will be once it is paused, or watched again.
    #[must_use]
    pub(super) fn watched(mut self, watch: Watch) -> Self {
        self.status = match (watch, self.status) {
            (Watch::Paused, _) => Status::Paused,
            (Watch::On, Status::Paused) if self.last_seen_at.is_none() => Status::Provisioning,
            (Watch::On, Status::Paused) => match self.cadence {
                // It has a full threshold from now on.
                Some(cadence) if !cadence.is_none() => Status::Online,
                _ => Status::Unmonitored,
            },
            (Watch::On, status) => status,
        };
        self
    }
}

/// What the roll keeps of one agent beside what it knows itself.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) pulse: Arc<Pulse>,
    pub(super) note: Option<Note>,
    /// When it was heard of before this run.
    before: (Option<Timestamp>, Option<Timestamp>),
    /// Up to when it is saved that it was heard of.
    pub(super) saved_at: Tick,
    /// Whether it stands in the queue of what is to be saved soon.
    pub(super) is_queued: bool,
}

impl Known {
    pub(super) fn new(pulse: Arc<Pulse>, row: &Row, now: Tick) -> Self {
        Self {
            pulse,
            note: row.note.clone(),
            before: (row.heartbeat_at, row.seen_at),
            saved_at: now,
            is_queued: false,
        }
    }

    /// As people get to see it, by the clock on the wall.
    pub(super) fn life(&self, look: &Look, wall: Timestamp) -> Life {
        let ago = |ms: u64| wall.minus_ms(ms);
        let (heartbeat_at, seen_at) = self.before;
        Life {
            status: look.status,
            cadence: look.cadence,
            note: self.note.clone(),
            last_heartbeat_at: look.beat_ago_ms.map(ago).or(heartbeat_at),
            last_seen_at: look.heard_ago_ms.map(ago).or(seen_at),
        }
    }
}

impl portunus_core::liveness::Pulse for Known {
    fn heard_at(&self) -> Option<Tick> {
        self.pulse.heard_at()
    }

    fn is_busy(&self) -> bool {
        self.pulse.is_busy()
    }

    fn listen(&self) {
        self.pulse.listen();
    }
}

/// As it is saved.
pub(super) fn row(
    agent: portunus_core::ids::AgentId,
    known: &Known,
    look: &Look,
    wall: Timestamp,
) -> Row {
    let life = known.life(look, wall);
    Row {
        agent,
        cadence: life.cadence,
        // The store leaves it as it is.
        watch: Watch::On,
        note: life.note,
        heartbeat_at: life.last_heartbeat_at,
        seen_at: life.last_seen_at,
        is_told_offline: look.is_told_offline,
    }
}
