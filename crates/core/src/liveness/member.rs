//! One agent of the roll: what it promised, when it was heard of, and how people were told that it stands.

use super::observer::Absences;
use super::{Cadence, Status, Watch};
use crate::ids::AgentId;
use crate::time::Tick;

/// What an agent does besides beating, as noted by whoever proved its credential. The roll looks when it has to know.
pub trait Pulse {
    /// When a valid credential of the agent was last seen; `None` when none was in this run.
    fn heard_at(&self) -> Option<Tick>;

    /// Whether something of the agent's runs: a client that is connected is a sign of life that lasts.
    fn is_busy(&self) -> bool;

    /// From now on the next sign is told to the roll at once, by [`super::Roll::hear`].
    fn listen(&self);
}

/// What is known of an agent from before this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// It was never heard of.
    Unheard,
    /// It was heard of.
    Heard,
    /// It was heard of, and people were told that it is offline.
    Offline,
}

/// How an agent stood when the roll last looked, and what people know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Never heard of.
    Unheard,
    /// Paused.
    Paused,
    /// Promises nothing.
    Unbound,
    /// Online.
    Up,
    /// Late.
    Late,
    /// Known to be offline before this run, and not heard of since. It may have been heard just before the end, so that
    /// it is shown late until it had a full threshold.
    Missing,
    /// Offline; people are told when it turns out that it is not the observer.
    Held,
    /// Offline; the observer is suspect instead.
    Covered,
    /// Offline, and people know.
    Down,
}

impl Phase {
    pub(super) const COUNT: usize = 9;

    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Unheard,
        Self::Paused,
        Self::Unbound,
        Self::Up,
        Self::Late,
        Self::Missing,
        Self::Held,
        Self::Covered,
        Self::Down,
    ];

    pub(super) const fn status(self) -> Status {
        match self {
            Self::Unheard => Status::Provisioning,
            Self::Paused => Status::Paused,
            Self::Unbound => Status::Unmonitored,
            Self::Up => Status::Online,
            Self::Late | Self::Missing => Status::Late,
            Self::Held | Self::Covered | Self::Down => Status::Offline,
        }
    }

    /// Whether its silence is one of those that may be the observer's fault.
    pub(super) const fn is_silent(self) -> bool {
        matches!(self, Self::Late | Self::Held | Self::Covered)
    }

    const fn is_offline(self) -> bool {
        matches!(self, Self::Held | Self::Covered | Self::Down)
    }

    /// Whether people believe that it is offline.
    pub(super) const fn is_told(self) -> bool {
        matches!(self, Self::Missing | Self::Down)
    }
}

/// One agent, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How it stands.
    pub status: Status,
    /// What it is held to, if it promised anything.
    pub cadence: Option<Cadence>,
    /// Whether somebody waits for it.
    pub watch: Watch,
    /// How long ago it beat; `None` when it did not in this run.
    pub beat_ago_ms: Option<u64>,
    /// How long ago it was last heard of; `None` when it was not in this run.
    pub heard_ago_ms: Option<u64>,
    /// Whether people believe that it is offline.
    pub is_told_offline: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Member<P> {
    pub(super) agent: AgentId,
    pub(super) pulse: P,
    /// What it declared, or what it gets for beating without a word.
    pub(super) cadence: Option<Cadence>,
    pub(super) watch: Watch,
    pub(super) past: Past,
    pub(super) beat_at: Option<Tick>,
    /// Silence from before is not counted: the start of the run, the end of a pause.
    pub(super) since: Tick,
    pub(super) phase: Phase,
}

impl<P: Pulse> Member<P> {
    /// When it was last heard of in this run.
    pub(super) fn heard_at(&self) -> Option<Tick> {
        self.pulse.heard_at().max(self.beat_at)
    }

    /// What it is held to: its cadence, if its silence means something.
    fn bound(&self) -> Result<Cadence, Phase> {
        if self.watch == Watch::Paused {
            return Err(Phase::Paused);
        }
        if self.past == Past::Unheard && self.heard_at().is_none() {
            return Err(Phase::Unheard);
        }
        let bound = self.cadence.filter(|cadence| !cadence.is_none());
        bound.ok_or(Phase::Unbound)
    }

    /// From when on its silence counts, for one that is bound to `cadence`.
    ///
    /// Only a sign of life ends being offline, so an absence of the observer is no excuse for that any more.
    pub(super) fn silent_since(&self, cadence: Cadence, absences: &Absences) -> Tick {
        let known = self.heard_at().unwrap_or_default().max(self.since);
        if self.phase.is_offline() {
            known
        } else {
            known.max(absences.back_at(cadence))
        }
    }

    /// How it stands now, and when that may change without it: what [`Phase`] says apart from what people know.
    pub(super) fn judge(&self, absences: &Absences, now: Tick) -> Judged {
        let cadence = match self.bound() {
            Ok(cadence) => cadence,
            Err(phase) => return Judged::free(phase.status()),
        };
        let since = self.silent_since(cadence, absences);
        if self.pulse.is_busy() {
            return Judged::until(Status::Online, now.plus_ms(cadence.late_after_ms()));
        }
        match Status::of_silence(since.ms_until(now), cadence) {
            Status::Online if self.is_missing() => {
                Judged::until(Status::Late, since.plus_ms(cadence.offline_after_ms()))
            }
            Status::Online => Judged::until(Status::Online, since.plus_ms(cadence.late_after_ms())),
            Status::Late => Judged::until(Status::Late, since.plus_ms(cadence.offline_after_ms())),
            other => Judged::free(other),
        }
    }

    /// What there is to see of it now.
    pub(super) fn look(&self, absences: &Absences, now: Tick) -> Look {
        let ago = |at: Tick| at.ms_until(now);
        let heard_ago_ms = self.heard_at().map(ago);
        Look {
            status: self.judge(absences, now).status,
            cadence: self.cadence,
            watch: self.watch,
            beat_ago_ms: self.beat_at.map(ago),
            heard_ago_ms: if self.pulse.is_busy() {
                Some(0)
            } else {
                heard_ago_ms
            },
            is_told_offline: self.phase.is_told(),
        }
    }

    /// Whether it was offline before this run and was not heard of since.
    pub(super) fn is_missing(&self) -> bool {
        self.past == Past::Offline && self.heard_at().is_none()
    }
}

/// See [`Member::judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) status: Status,
    /// The last moment at which it is so if nothing is heard; `None` when time alone changes nothing.
    pub(super) until: Option<Tick>,
}

impl Judged {
    const fn free(status: Status) -> Self {
        Self {
            status,
            until: None,
        }
    }

    const fn until(status: Status, until: Tick) -> Self {
        Self {
            status,
            until: Some(until),
        }
    }
}
