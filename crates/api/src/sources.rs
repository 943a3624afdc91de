//! Where credentials that failed came from, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A source whose credentials failed lately.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Source {
    /// An IPv4 address, or an IPv6 network of /64; of /48 when many of its networks failed.
    #[schema(example = "203.0.113.7")]
    pub source: String,
    /// How many failures count; of a /48, how many of its networks failed. Stays as it is while a penalty lasts.
    pub failures: u32,
    /// The latest of them.
    #[schema(format = DateTime)]
    pub last_failed_at: String,
    /// When its penalty ends; absent when it has none. Valid credentials are served all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub penalised_until: Option<String>,
}

/// Body of `POST /api/v1/sources/{source}/clear`: nothing, or an empty object.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearSource {}

/// Answer of `POST /api/v1/sources/{source}/clear`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SourceCleared {
    /// What was held against the source, and against networks that it is a part of or that are parts of it.
    pub cleared: Vec<Source>,
}
