//! Heartbeats, and how agents stand.

use crate::SecretText;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// How an agent stands, as the plane computes it from what it hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Never heard of.
    #[default]
    Provisioning,
    /// Heard of within its cadence, or a request of it runs.
    Online,
    /// Silent for longer than its cadence.
    Late,
    /// Silent for longer than one and a half times its cadence.
    Offline,
    /// Paused by an operator: nobody waits for it.
    Paused,
    /// It promises nothing, so its silence means nothing.
    Unmonitored,
}

impl AgentStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Provisioning,
        Self::Online,
        Self::Late,
        Self::Offline,
        Self::Paused,
        Self::Unmonitored,
    ];

    /// The name as it travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Online => "online",
            Self::Late => "late",
            Self::Offline => "offline",
            Self::Paused => "paused",
            Self::Unmonitored => "unmonitored",
        }
    }
}

/// Body of `POST /api/v1/heartbeat`. All of it may be left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// How often the agent will be heard of: a whole number with one unit, `s`, `m`, `h` or `d`, up to `30d`; `0` promises
    /// nothing. It stays until another one is declared; the first is `10m` when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(0|[0-9]{1,10}[smhd])$", examples("45s", "10m", "1d", "0"))]
    pub cadence: Option<String>,
    /// One line on what the agent does, for people; it stays until another one is sent, and an empty one clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 280)]
    pub note: Option<String>,
    /// Refused: nobody says how they stand.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub status: Computed,
}

/// What a client may not say, because the plane computes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Computed;

impl<'de> Deserialize<'de> for Computed {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "a value, expected left out: the plane computes it from what it hears",
        ))
    }
}

/// Body of `POST /api/v1/agents/{agent}/pause` and `/resume`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchAgent {}

/// Answer of `POST /api/v1/heartbeat`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct HeartbeatAnswer {
    /// How the agent stands.
    pub status: AgentStatus,
    /// What it is held to.
    pub cadence: String,
    /// When to beat again, in milliseconds; spread by agent, so that a fleet does not beat in step. Absent when nothing is
    /// promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_beat_ms: Option<u64>,
    /// The plane's clock.
    #[schema(format = DateTime)]
    pub now: String,
    /// A successor of the access token that the request came with, when that was due. The old one works until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<RenewedAccess>,
}

/// An access token that takes the place of another.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct RenewedAccess {
    /// The access token, a JWT.
    pub access_token: SecretText,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// Seconds until it should be renewed.
    pub refresh_in: u64,
}

/// How many agents stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct AgentCounts {
    /// Never heard of.
    pub provisioning: u64,
    /// Heard of in time.
    pub online: u64,
    /// Silent for longer than their cadence.
    pub late: u64,
    /// Silent for longer than one and a half times their cadence.
    pub offline: u64,
    /// Paused by operators.
    pub paused: u64,
    /// They promise nothing.
    pub unmonitored: u64,
    /// Whether so many are silent together that the plane may be cut off from them.
    pub observer_suspect: bool,
}
