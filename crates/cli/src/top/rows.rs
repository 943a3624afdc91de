//! What the panels list: keys, agents and finished requests, as the view needs them and as fast to sort.
//!
//! Moments are milliseconds since 1970 by the plane's clock. `fold` makes these rows from what the plane answered.

use portunus_api::decisions::Decision;
use portunus_api::keys::{KeyCondition, Quarantine};
use portunus_api::liveness::AgentStatus;
use portunus_api::notifications::Priority;
use serde::Serialize;
use std::sync::Arc;

/// One quota of a key, or a rest that no quota explains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WindowRow {
    /// What it counts, in the provider's words, such as `requests` or `5h`.
    pub(crate) kind: String,
    /// The model family that it binds, if not the whole key.
    pub(crate) family: Option<String>,
    /// Fraction spent.
    pub(crate) utilization: Option<f64>,
    /// Units left.
    pub(crate) remaining: Option<u64>,
    /// When it is full again, or when its rest ends.
    pub(crate) back_ms: Option<i64>,
    /// Whether it is only used up or was refused.
    pub(crate) hold: Hold,
}

/// Whether a window stops its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hold {
    /// It does not.
    Open,
    /// The provider refused, and it rests.
    Rests,
    /// The account has no money; tried again at that moment.
    Money,
    /// The provider refused without saying until when.
    Unstated,
}

/// One provider key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct KeyRow {
    /// `key_` and 22 characters.
    pub(crate) id: String,
    /// `pool:label`.
    pub(crate) name: String,
    /// Its place in the order in which the plane lists keys.
    pub(crate) place: usize,
    /// Lower is used first.
    pub(crate) priority: u32,
    /// What it can do.
    pub(crate) condition: KeyCondition,
    /// Why it is set aside.
    pub(crate) quarantine: Option<Quarantine>,
    /// Whether its upstream could not be reached.
    pub(crate) unreachable: bool,
    /// Attempts that run on it.
    pub(crate) in_flight: u64,
    /// How many may run at once on the way back from a rest.
    pub(crate) ramp: Option<u64>,
    /// When it was last leased.
    pub(crate) last_used_ms: Option<i64>,
    /// Its windows.
    pub(crate) windows: Vec<WindowRow>,
}

impl KeyRow {
    /// When it serves something again, if time alone is what it waits for.
    pub(crate) fn back_ms(&self) -> Option<i64> {
        let rests = self.windows.iter().filter(|w| w.hold != Hold::Open);
        let ends = rests.filter_map(|window| window.back_ms);
        match self.condition {
            KeyCondition::Resting => ends.max(),
            KeyCondition::PartlyResting => ends.min(),
            _ => None,
        }
    }

    /// How much of its tightest window is spent; a window that rests counts as spent.
    pub(crate) fn tightest(&self) -> f64 {
        self.windows
            .iter()
            .map(WindowRow::spent)
            .fold(0.0, f64::max)
    }

    /// From what serves to what needs a person.
    pub(crate) const fn trouble(&self) -> u8 {
        match self.condition {
            KeyCondition::Quarantined => 6,
            KeyCondition::Disabled => 1,
            _ if self.unreachable => 6,
            KeyCondition::Resting => 5,
            KeyCondition::PartlyResting => 4,
            KeyCondition::Spent => 3,
            KeyCondition::Ramping => 2,
            KeyCondition::Ready => 0,
        }
    }
}

impl WindowRow {
    /// `5h` or, bound to a model family, `tokens of sonnet`.
    pub(crate) fn name(&self) -> String {
        let kind = &self.kind;
        let family = self.family.as_ref();
        family.map_or_else(|| kind.clone(), |family| format!("{kind} of {family}"))
    }

    /// The fraction spent, for sorting; what rests is spent.
    pub(crate) fn spent(&self) -> f64 {
        let spent = self.utilization.filter(|spent| spent.is_finite());
        match self.hold {
            Hold::Open => spent.unwrap_or(0.0),
            Hold::Rests | Hold::Money | Hold::Unstated => spent.unwrap_or(1.0).max(1.0),
        }
    }
}

/// One pool's queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct QueueRow {
    /// Name of the pool.
    pub(crate) pool: String,
    /// Keys that it has.
    pub(crate) keys: u64,
    /// Keys that can serve everything.
    pub(crate) ready: u64,
    /// Requests that wait.
    pub(crate) waiting: u64,
    /// Since when the oldest of them waits.
    pub(crate) oldest_ms: Option<i64>,
    /// When the first key comes back, if none is ready.
    pub(crate) ready_ms: Option<i64>,
}

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct AgentRow {
    /// Its name.
    pub(crate) name: String,
    /// What people call it, if it has such a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    /// How it stands, where that is known.
    pub(crate) status: Option<AgentStatus>,
    /// How often it promised to be heard of.
    pub(crate) cadence: Option<String>,
    /// When it was last heard of.
    pub(crate) seen_ms: Option<i64>,
    /// What it said of itself last.
    pub(crate) note: Option<String>,
    /// Requests in the last minute.
    pub(crate) per_minute: u64,
    /// Requests that were counted for it.
    pub(crate) requests: u64,
    /// Those among them that were not served.
    pub(crate) failed: u64,
    /// Tokens of all of them.
    pub(crate) tokens: u64,
    /// What they cost, in billionths of a US dollar.
    pub(crate) cost_nanos: u64,
    /// Half of its last requests had their first byte sooner, in microseconds.
    pub(crate) median_us: Option<u64>,
    /// When its newest request ended.
    pub(crate) last_ms: Option<i64>,
    /// How that one ended.
    pub(crate) last: Option<Ending>,
}

impl AgentRow {
    /// What people call it.
    pub(crate) fn called(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is not heard of as it promised.
    pub(crate) const fn needs_a_look(&self) -> bool {
        matches!(self.status, Some(AgentStatus::Offline | AgentStatus::Late))
    }

    /// From what needs a look to what needs none.
    pub(crate) const fn trouble(&self) -> u8 {
        match self.status {
            Some(AgentStatus::Offline) => 5,
            Some(AgentStatus::Late) => 4,
            Some(AgentStatus::Online) => 3,
            Some(AgentStatus::Unmonitored) => 2,
            Some(AgentStatus::Paused) => 1,
            Some(AgentStatus::Provisioning) | None => 0,
        }
    }
}

/// A message on a board, or what an agent notified operators of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PostRow {
    /// `msg_` or `ntf_` and 22 characters.
    pub(crate) id: String,
    /// When it was written.
    pub(crate) at_ms: i64,
    /// Who wrote it.
    pub(crate) from: String,
    /// The board that it stands on; none for a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) board: Option<String>,
    /// How soon an operator should look; none for a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Priority>,
    /// Whether it notifies the operator who looks and who has not read it.
    pub(crate) is_unread: bool,
    /// What it says; of a notification the title.
    pub(crate) text: String,
    /// What else a notification says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<String>,
}

/// How a request ended, as far as colours and words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// The client has its answer.
    Served,
    /// The request was at fault.
    ClientFault,
    /// The plane refused it.
    Refused,
    /// The answer broke off.
    BrokenOff,
    /// The client left.
    ClientLeft,
}

impl Ending {
    /// In a narrow column.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::ClientFault => "at fault",
            Self::Refused => "refused",
            Self::BrokenOff => "broken off",
            Self::ClientLeft => "left",
        }
    }
}

/// One request that is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct DecisionRow {
    /// As in `x-request-id`.
    pub(crate) id: String,
    /// When it came.
    pub(crate) at_ms: i64,
    /// Who asked; `-` when that was not proven.
    pub(crate) agent: String,
    /// What people call that agent, if it has such a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_display_name: Option<String>,
    /// What was asked for.
    pub(crate) endpoint: String,
    /// The model as the client wrote it.
    pub(crate) model: String,
    /// The keys that were tried, in order, as `pool:label`.
    pub(crate) keys: Vec<String>,
    /// How it ended.
    pub(crate) ending: Ending,
    /// The status that the client saw; zero when it saw none.
    pub(crate) status: u16,
    /// How long it stood in queues.
    pub(crate) waited_us: u64,
    /// When the first byte was there.
    pub(crate) first_byte_us: Option<u64>,
    /// How long it took.
    pub(crate) total_us: u64,
    /// Tokens of its answer.
    pub(crate) tokens: Option<u64>,
    /// What it cost, in billionths of a US dollar.
    pub(crate) cost_nanos: Option<u64>,
    /// All that the plane says of it.
    #[serde(skip)]
    pub(crate) whole: Arc<Decision>,
}

impl DecisionRow {
    /// What people call who asked.
    pub(crate) fn called(&self) -> &str {
        self.agent_display_name.as_deref().unwrap_or(&self.agent)
    }

    /// When it ended.
    pub(crate) fn ended_ms(&self) -> i64 {
        let took = i64::try_from(self.total_us / 1_000).unwrap_or(i64::MAX);
        self.at_ms.saturating_add(took)
    }
}
