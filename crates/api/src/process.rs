//! The process on the wire: its log level, and its configuration read again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is logged. Answer of `GET` and `PUT /api/v1/log-level`, and body of the latter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLevel {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`, and with commas other levels for parts of the plane:
    /// `info,portunus_proxy=debug`.
    pub filter: String,
}

/// Body of `POST /api/v1/reload`; there is nothing to say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {}

/// Answer of `POST /api/v1/reload`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Reloaded {
    /// Settings that count from now on.
    pub changed: Vec<SettingChange>,
    /// Settings that differ from what runs and count after a restart.
    pub needs_restart: Vec<SettingChange>,
}

/// One setting that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct SettingChange {
    /// Its key in the file, such as `drain.timeout_s`.
    pub name: String,
    /// What runs, in words.
    pub from: String,
    /// What was read, in words.
    pub to: String,
}
