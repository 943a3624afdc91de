//! What goes in and out of a store beyond the domain's own records.

use crate::Spending;
use portunus_core::access::{SigningKey, TokenFamily};
use portunus_core::agent::Agent;
use portunus_core::audit::{AuditEvent, AuditKey};
use portunus_core::budget::Budget;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::operator::Operator;
use portunus_core::pool::answer::WindowId;
use portunus_core::pool::rest::RestReason;
use portunus_core::provider_key::{Pool, ProviderKey, Quarantine};
use portunus_core::session::{Device, SessionRecord};
use portunus_core::time::Timestamp;

/// Everything that the hot path needs in RAM before the first request, as of one moment. Agents come in pages: there
/// may be very many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Every operator.
    pub operators: Vec<Operator>,
    /// Active and retiring tokens of operators; revoked ones stay in the store.
    pub tokens: Vec<TokenRecord>,
    /// Every pool.
    pub pools: Vec<Pool>,
    /// Every provider key.
    pub keys: Vec<ProviderKey>,
    /// Every rest that was saved and not healed, also those whose end has passed.
    pub rests: Vec<StoredRest>,
    /// Every budget.
    pub budgets: Vec<Budget>,
    /// What was spent of them, also in windows that are over.
    pub spending: Vec<Spending>,
    /// The keys that access tokens are signed with, also those that verify no longer.
    pub signing_keys: Vec<SigningKey>,
    /// Families of access tokens, also those that are over.
    pub families: Vec<TokenFamily>,
    /// The key that signs the audit log, once there is one.
    pub audit_key: Option<AuditKey>,
    /// Sessions of operators, also those that are over.
    pub sessions: Vec<SessionRecord>,
    /// Every paired device.
    pub devices: Vec<Device>,
}

/// A living agent, with its active and its retiring token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentTokens {
    /// The agent.
    pub agent: Agent,
    /// The tokens that live, the active one first.
    pub tokens: Vec<TokenRecord>,
}

/// A window of a key that must be left alone for a while, as it survives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRest {
    /// The key.
    pub key: KeyId,
    /// Which of its windows.
    pub window: WindowId,
    /// When the rest ends.
    pub until: Timestamp,
    /// When the rejection arrived.
    pub since: Timestamp,
    /// Why it rests.
    pub reason: RestReason,
}

/// The first 16 bytes of the hash of an upstream object's id, such as a stored response.
pub type ObjectHash = [u8; 16];

/// An upstream object, and the account that alone knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The object.
    pub object: ObjectHash,
    /// Who created it; nobody else's requests follow the binding.
    pub agent: AgentId,
    /// The key that created it.
    pub key: KeyId,
    /// When it was created.
    pub at: Timestamp,
}

/// What the pools observed since the last batch. A batch names each key and each window at most once in
/// each list, with its latest state; facts about keys or agents that are gone are dropped without an error.
///
/// Applied in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolFacts {
    /// Rests that ended early.
    pub rests_healed: Vec<(KeyId, WindowId)>,
    /// Rests that began or changed.
    pub rests_set: Vec<StoredRest>,
    /// Keys whose quarantine ended.
    pub released: Vec<KeyId>,
    /// Keys set aside.
    pub quarantined: Vec<(KeyId, Quarantine)>,
    /// Objects that were created upstream.
    pub bindings: Vec<Binding>,
    /// What to write into the audit log.
    pub events: Vec<AuditEvent>,
}

/// Which agents are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Those that may have credentials.
    Living,
    /// Those that were archived.
    Archived,
}

/// Whether a guard may be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// The guard holds.
    No,
    /// An operator insists.
    Yes,
}
