//! The record of what happened, on the wire.

use crate::tokens::Principal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// One event.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who caused it; `null` when the plane itself did.
    pub actor: Option<Principal>,
    /// What happened, as `resource.verb` in the past, such as `agent.created`.
    pub action: String,
    /// The id or name of what it happened to.
    pub subject: String,
    /// Facts, by name; never a secret.
    pub details: BTreeMap<String, String>,
}

/// Parameters of `GET /api/v1/audit`. Newest events come first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only actions that begin with this, such as `key.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only events of this id or kid, or of what has or had this name: an agent, an operator, a pool, or a key as
    /// `pool:label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// Parameters of `GET /api/v1/audit/export`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Only what happened then or later: an RFC 3339 moment. Everything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = DateTime)]
    pub since: Option<String>,
}

/// One line of an export: first `log`, then every `checkpoint`, then every `entry`, at last `end`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExportLine {
    /// What the others are about.
    Log(ExportedLog),
    /// A signed checkpoint (<https://c2sp.org/tlog-checkpoint>).
    Checkpoint(String),
    /// A record.
    Entry(ExportedEntry),
    /// Nothing follows; how many records the log has.
    End(u64),
}

/// How an export begins.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedLog {
    /// The version of this format: 1.
    pub format: u32,
    /// The key that checkpoints are verified with (<https://c2sp.org/signed-note>).
    pub key: String,
    /// How many records the log has, with those that are left out.
    pub size: u64,
    /// How many records are left out before the first.
    pub omitted: u64,
    /// The roots of the full subtrees over these, the largest first, in hexadecimal.
    pub peaks: Vec<String>,
}

/// A record as exported.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedEntry {
    /// The hash that was stored with it, in hexadecimal.
    pub leaf: String,
    /// Its canonical form, which is JSON.
    pub record: Box<RawValue>,
}

/// The key that the log is signed with, and its newest checkpoint.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditKey {
    /// The public half: name, hash and key (<https://c2sp.org/signed-note>). Whoever keeps it elsewhere can tell other keys.
    pub key: String,
    /// A signed checkpoint of the log as it is now. Whoever keeps it elsewhere can tell when what it covers was changed.
    pub checkpoint: Option<String>,
    /// How many records it covers.
    pub size: u64,
}
