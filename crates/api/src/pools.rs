//! Pools of provider keys on the wire.

use crate::Patch;
use crate::keys::Unreachable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a pool's clients and its upstream speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Anthropic Messages.
    Anthropic,
    /// `OpenAI` Chat Completions, Responses and Embeddings.
    OpenAi,
}

impl Protocol {
    /// The name as it travels: `anthropic` or `openai`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }
}

/// An ordered set of keys of one protocol.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Pool {
    /// `pol_` and 22 characters.
    pub id: String,
    /// Unique; the pool named like a protocol serves that protocol.
    pub name: String,
    /// What its clients and its upstream speak.
    pub protocol: Protocol,
    /// The upstream: scheme, host and optional port and path prefix.
    pub base_url: String,
    /// How long a request may wait for a key, in milliseconds; zero switches waiting off.
    pub max_wait_ms: u64,
    /// Name of the pool that serves while this one has no ready key.
    pub fallback: Option<String>,
    /// That the upstream could not be reached; absent when it could, or nobody tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Unreachable>,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Body of `POST /api/v1/pools`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePool {
    /// Lower-case letters, digits and hyphens; 1 to 63 of them; a hyphen neither first nor last.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub name: String,
    /// What its clients and its upstream speak.
    pub protocol: Protocol,
    /// The upstream; the protocol's own provider when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// How long a request may wait for a key, in milliseconds; 600000 when absent, zero switches waiting off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800_000)]
    pub max_wait_ms: Option<u64>,
    /// Name of a pool of the same protocol that serves while this one has no ready key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub fallback: Option<String>,
}

/// Body of `PATCH /api/v1/pools/{pool}`: absent fields stay as they are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePool {
    /// The upstream. Another origin quarantines the keys that it served until their secret is given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// How long a request may wait for a key, in milliseconds; zero switches waiting off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800_000)]
    pub max_wait_ms: Option<u64>,
    /// Name of a pool of the same protocol; `null` takes the fallback away.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 63, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    pub fallback: Patch<String>,
}

/// Answer of `PATCH /api/v1/pools/{pool}`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PoolUpdated {
    /// The pool as it is now.
    pub pool: Pool,
    /// Labels of the keys that the new origin put into quarantine.
    pub quarantined: Vec<String>,
}
