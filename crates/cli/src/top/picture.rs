//! What one round of questions to the plane brought. `feed` asks them; `fold` takes the picture into the model.

use super::rows::{DecisionRow, PostRow};
use portunus_api::agents::Agent;
use portunus_api::keys::KeysStatus;
use portunus_api::status::Status;

/// The plane at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// The plane's own now, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// The plane at a glance.
    pub(crate) status: Status,
    /// Every key and its windows.
    pub(crate) keys: KeysStatus,
    /// The newest decisions, newest first; the same ones may come again.
    pub(crate) decisions: Vec<DecisionRow>,
    /// How many requests have ended since the plane began. Absent without a record.
    pub(crate) ended: Option<u64>,
    /// What was used today. Absent when it was not asked for, or is not for us to see.
    pub(crate) sums: Option<Sums>,
    /// Living agents and how they stand. Absent when they were not asked for.
    pub(crate) agents: Option<Vec<Agent>>,
    /// Messages on boards and notifications; the same ones may come again.
    pub(crate) posts: Vec<PostRow>,
}

/// What was used on the plane's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// By everybody together.
    pub(crate) total: AgentSum,
    /// By each agent.
    pub(crate) agents: Vec<AgentSum>,
}

/// What one agent used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentSum {
    /// Its name.
    pub(crate) name: String,
    /// Requests.
    pub(crate) requests: u64,
    /// Those among them that were not served.
    pub(crate) failed: u64,
    /// All tokens.
    pub(crate) tokens: u64,
    /// What they cost, in billionths of a US dollar.
    pub(crate) cost_nanos: u64,
}
