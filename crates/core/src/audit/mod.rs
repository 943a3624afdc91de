//! The record of what happened: who, what, to which resource, with which details; and what proves that it is whole.
//!
//! Each record has one [`canonical`] form, whose hash is a leaf of a Merkle [`tree`]. A [`checkpoint`] says how large the
//! tree was and what its root was; signed as a [`note`] it binds everything before it. [`scrutiny`] goes through a log and
//! names what does not fit, and a [`proof`] shows the same of one record, or of two checkpoints, without the log.

pub mod canonical;
pub mod checkpoint;
pub mod note;
pub mod proof;
pub mod scrutiny;
pub mod tree;

pub use checkpoint::{AuditKey, Checkpoint, SignedCheckpoint};
pub use tree::{Hash, Tree};

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

impl AuditEvent {
    /// The record that it becomes at position `seq` of the log.
    #[must_use]
    pub fn numbered(&self, seq: u64) -> AuditRecord {
        let details = self.details.iter();
        AuditRecord {
            seq,
            at: self.at,
            actor: self.actor,
            action: self.action.to_owned(),
            subject: self.subject.clone(),
            details: details
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }
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

/// A record with the leaf hash that was stored along with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRecord {
    /// The record.
    pub record: AuditRecord,
    /// What [`canonical::leaf`] said of it when it was written.
    pub leaf: Hash,
}
