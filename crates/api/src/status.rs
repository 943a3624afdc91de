//! The plane at a glance.

use crate::liveness::AgentCounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api/v1/status`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Status {
    /// Version of the plane's binary.
    pub version: String,
    /// When the plane started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it has run, in milliseconds.
    pub uptime_ms: u64,
    /// Whether the plane is shutting down: it finishes what runs and then exits.
    #[serde(default)]
    pub draining: bool,
    /// Living agents.
    pub agents: u64,
    /// How many of them stand how.
    #[serde(default)]
    pub liveness: AgentCounts,
    /// Whether the database answers.
    pub store: StoreCondition,
    /// One line per pool.
    pub pools: Vec<PoolSummary>,
    /// Credentials since the start.
    pub authentication: AuthenticationCounts,
    /// Pool events and facts that were lost before they could be written.
    pub lost_writes: u64,
    /// The record of decisions since the start.
    #[serde(default)]
    pub decisions: DecisionCounts,
    /// Provider keys found in the environment of `serve`, which `keys import-env` would add; only while no key exists.
    pub import_offers: Vec<ImportOffer>,
}

/// Whether the database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreCondition {
    /// It answers.
    Available,
    /// It does not: agents are served from memory, changes are refused.
    Unavailable,
}

/// One pool in a line.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PoolSummary {
    /// Name of the pool.
    pub pool: String,
    /// Keys that it has.
    pub keys: u64,
    /// Keys that can serve every request right now.
    pub ready: u64,
    /// Keys of which every request, or every one for some models, must wait for a reset.
    pub resting: u64,
    /// Keys that wait for a person.
    pub quarantined: u64,
    /// Keys that are switched off.
    pub disabled: u64,
    /// Keys whose upstream could not be reached when it was tried last, however they stand themselves.
    #[serde(default)]
    pub unreachable: u64,
    /// Requests that wait for a key.
    pub waiting: u64,
    /// When the first resting key comes back, if none is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub ready_at: Option<String>,
}

/// What became of decisions since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct DecisionCounts {
    /// Decisions that were recorded.
    pub recorded: u64,
    /// Decisions that were lost, because the database did not take them and no room was left.
    pub lost: u64,
    /// Decisions of requests without an accepted credential that were left out, because too many came at once.
    pub unproven_skipped: u64,
    /// Decisions that wait for the database.
    pub waiting: u64,
    /// Requests whose usage is missing in the sums.
    pub usage_lost: u64,
    /// Decisions that were met in the database and could not be read: another release wrote them, or they are damaged.
    pub unreadable: u64,
}

/// Credentials presented since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct AuthenticationCounts {
    /// Accepted.
    pub accepted: u64,
    /// Requests that brought none; no failure.
    pub missing: u64,
    /// Presented and refused.
    pub rejected: u64,
}

/// A provider key in the environment of `serve`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ImportOffer {
    /// Name of the variable.
    pub variable: String,
    /// Pool that the key would join.
    pub pool: String,
}
