//! Agents on the wire.

use crate::liveness::AgentStatus;
use crate::{Patch, SecretText};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A long-lived program with an identity of its own.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Agent {
    /// `agt_` and 22 characters; never reused.
    pub id: String,
    /// Unique among agents, archived ones too.
    pub name: String,
    /// What people call it; absent when it has nothing but its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What its tokens hold, as `resource.verb` with globs and restrictions.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How often all of its access tokens were ended.
    #[serde(default)]
    pub generation: u64,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was archived; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub archived_at: Option<String>,
    /// How it stands.
    #[serde(default)]
    pub status: AgentStatus,
    /// How often it promised to be heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<String>,
    /// When it beat last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_heartbeat_at: Option<String>,
    /// When it was last heard of in any way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_seen_at: Option<String>,
    /// What it said of itself last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which agents are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Those that may have credentials.
    #[default]
    Living,
    /// Those that were archived.
    Archived,
}

/// Parameters of `GET /api/v1/agents`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgentsQuery {
    /// `living` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<AgentState>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
    /// Only those that stand so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<AgentStatus>,
}

/// Body of `POST /api/v1/agents`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAgent {
    /// Lower-case letters, digits and hyphens; 1 to 63 of them; a hyphen neither first nor last. When absent it is made
    /// of `display_name`: `Night Watch!` gives `night-watch` or, if that is in use, `night-watch-2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub name: Option<String>,
    /// What people call it: 1 to 80 characters of any script, none that is not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 80)]
    pub display_name: Option<String>,
    /// What its tokens hold; when absent models, messages and `self.*`. Nobody gives more than they hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    pub scopes: Option<Vec<String>>,
    /// When its token is over, in RFC 3339; it lasts when this and `expires_in_ms` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The same as milliseconds from now, at most 10 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 315_360_000_000_u64)]
    pub expires_in_ms: Option<u64>,
}

/// Body of `PATCH /api/v1/agents/{agent}`; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAgent {
    /// What people call it; `null` takes the display name away.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    pub display_name: Patch<String>,
    /// What its tokens hold from now on. Nobody gives or takes away what they do not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    pub scopes: Option<Vec<String>>,
}

/// Body of `POST /api/v1/agents/{agent}/archive`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveAgent {}

/// An agent that is archived now.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AgentArchived {
    /// The agent.
    pub agent: Agent,
    /// Public handles of the tokens that ended.
    pub revoked: Vec<String>,
}

/// Body of `POST /api/v1/agents/{agent}/restore`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreAgent {
    /// When its new token is over, in RFC 3339; it lasts when this and `expires_in_ms` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The same as milliseconds from now, at most 10 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 315_360_000_000_u64)]
    pub expires_in_ms: Option<u64>,
}

/// A new agent and its token. The token is shown here and never again.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AgentCreated {
    /// The agent.
    pub agent: Agent,
    /// Its token, in the clear.
    pub token: SecretText,
    /// The token's public handle.
    pub kid: String,
    /// When the token is over; absent when it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// An agent that is gone.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AgentDeleted {
    /// The agent as it was.
    pub agent: Agent,
    /// Public handles of the tokens that ended with it.
    pub revoked: Vec<String>,
}
