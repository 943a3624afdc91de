//! The record of what happened: who, what, to which resource, with which details.

use crate::agent::Principal;
use crate::once::Receipt;
use crate::time::Timestamp;

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A principal, proven by its credential.
    Principal(Principal),
    /// The plane itself: start-up, and what the pool observed.
    Plane,
}

/// One event before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What happened, as `resource.verb` in the past: `agent.created`, `key.limited`.
    pub action: &'static str,
    /// The id or name of what it happened to.
    pub subject: String,
    /// Facts, by name; never a secret.
    pub details: Vec<(&'static str, String)>,
    /// What is kept beside the record, in the same transaction, so that a repetition of the request changes nothing and
    /// gets its answer (P10). It is no part of the record.
    pub receipt: Option<Box<Receipt>>,
}

/// One event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub action: String,
    /// The id or name of what it happened to.
    pub subject: String,
    /// Facts, by name.
    pub details: Vec<(String, String)>,
}
