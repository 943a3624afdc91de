//! Provider keys on the wire: how they are configured and how they fare. Their secrets only ever come in.

use crate::{Patch, SecretText};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Why a key is set aside until a person acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    /// The upstream said that the credential is dead. `keys clear` or a new secret ends it.
    CredentialDead,
    /// The upstream's origin changed. Only giving the secret again ends it.
    OriginChanged,
}

/// One upstream secret and its place in a pool.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Key {
    /// `key_` and 22 characters.
    pub id: String,
    /// Name of its pool.
    pub pool: String,
    /// Unique in its pool.
    pub label: String,
    /// Lower is used first.
    pub priority: u32,
    /// Overrides the pool's base URL.
    pub base_url: Option<String>,
    /// Sixteen hex digits that tell two secrets apart and tell nothing else.
    pub fingerprint: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Set aside until a person acts.
    pub quarantine: Option<Quarantine>,
    /// That its upstream could not be reached; absent when it could, or nobody tried. It says nothing about the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Unreachable>,
    /// When it was added.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// That an upstream could not be reached when a model call tried it last. It is told until an attempt reaches it, or nobody has tried for a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Unreachable {
    /// Its base URL.
    pub base_url: String,
    /// When an attempt found it so first, after the last one that reached it.
    #[schema(format = DateTime)]
    pub since: String,
    /// When one found it so last.
    #[schema(format = DateTime)]
    pub tried_at: String,
    /// What stood in between, such as `the connection was refused`.
    pub why: String,
}

/// Body of `POST /api/v1/keys`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddKey {
    /// Name of the pool.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    )]
    pub pool: String,
    /// Letters, digits, dots, underscores and hyphens; 1 to 63 of them; unique in the pool.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
    )]
    pub label: String,
    /// The provider's key. It is sealed before it is stored and never answered.
    pub secret: SecretText,
    /// Lower is used first; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Overrides the pool's base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Body of `POST /api/v1/keys/batch`: all are added, or none.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddKeys {
    /// The keys; at most 1000.
    #[serde(deserialize_with = "crate::object::list")]
    #[schema(max_items = 1000)]
    pub keys: Vec<AddKey>,
}

/// Answer of `POST /api/v1/keys/batch`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeysAdded {
    /// The keys, in the order of the request.
    pub keys: Vec<Key>,
}

/// Body of `PATCH /api/v1/keys/{key}`: absent fields stay as they are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateKey {
    /// A new label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
    )]
    pub label: Option<String>,
    /// A new place; lower is used first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Overrides the pool's base URL; `null` returns to it. Another origin quarantines the key unless the
    /// secret is given in the same change.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    pub base_url: Patch<String>,
    /// The provider's key, anew; ends every quarantine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretText>,
}

/// Body of `POST /api/v1/keys/{key}/enable` and `disable`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchKey {
    /// Also when it is the last enabled key of its pool; only `disable` asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Body of `POST /api/v1/keys/{key}/clear`: nothing, or an empty object.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearKey {}

/// Body of `POST /api/v1/keys/import-env`: nothing, or an empty object.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportKeys {}

/// Parameters of `DELETE /api/v1/keys/{key}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveKeyQuery {
    /// Also when it is the last enabled key of its pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Answer of `DELETE /api/v1/keys/{key}`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeyRemoved {
    /// The key as it was.
    pub key: Key,
}

/// Answer of `POST /api/v1/keys/import-env`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeysImported {
    /// Keys that this call added.
    pub added: Vec<Key>,
    /// Keys that were there already, with the same secret.
    pub present: Vec<Key>,
}

/// Parameters of `GET /api/v1/keys`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysQuery {
    /// Name of a pool: only its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// Parameters of `GET /api/v1/keys/status`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysStatusQuery {
    /// Name of a pool: only its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
}

/// Answer of `GET /api/v1/keys/status`: how every key fares right now.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeysStatus {
    /// When this was true.
    #[schema(format = DateTime)]
    pub at: String,
    /// One entry per pool.
    pub pools: Vec<PoolStatus>,
}

/// How one pool fares.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PoolStatus {
    /// Name of the pool.
    pub pool: String,
    /// Requests that wait for a key.
    pub waiting: u64,
    /// How long the oldest of them has waited, in milliseconds; zero when none waits.
    pub oldest_wait_ms: u64,
    /// Its keys, in the order in which tiers are used.
    pub keys: Vec<KeyStatus>,
}

/// What a key can do right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyCondition {
    /// Serves.
    Ready,
    /// Serves, and comes back from a rest step by step.
    Ramping,
    /// A window looks empty though nothing was refused yet; used last.
    Spent,
    /// Some of its windows rest; it serves what they do not bind.
    PartlyResting,
    /// Rests until its rests end.
    Resting,
    /// Set aside until a person acts.
    Quarantined,
    /// Switched off by an operator.
    Disabled,
}

/// How one key fares.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct KeyStatus {
    /// `key_` and 22 characters.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Lower is used first.
    pub priority: u32,
    /// What it can do right now.
    pub condition: KeyCondition,
    /// Why it is set aside.
    pub quarantine: Option<Quarantine>,
    /// That its upstream could not be reached, which says nothing about the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Unreachable>,
    /// Windows that rest, and until when.
    pub rests: Vec<Rest>,
    /// Windows as the provider last showed them.
    pub windows: Vec<Window>,
    /// Attempts that run on it.
    pub in_flight: u64,
    /// How many attempts may run at once while it comes back from a rest; absent when free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<u64>,
    /// When it was last leased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

/// One window that rests.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Rest {
    /// The model family that it binds; absent when it binds the whole key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What it counts, in the provider's words.
    pub kind: String,
    /// When the rest ends.
    #[schema(format = DateTime)]
    pub until: String,
    /// Milliseconds until then.
    pub remaining_ms: u64,
    /// Why, in one word.
    pub reason: String,
}

/// One upstream quota as last seen.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Window {
    /// The model family that it binds; absent when it binds the whole key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What it counts, in the provider's words.
    pub kind: String,
    /// Fraction spent, 0.0 to 1.0 and above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<f64>,
    /// Units left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// When it is full again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub reset_at: Option<String>,
}
