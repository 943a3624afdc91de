//! The record of what happened, on the wire.

use crate::tokens::Principal;
use serde::{Deserialize, Serialize};
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
