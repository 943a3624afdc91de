//! How a store's transaction can end other than well, named by outcome.

use crate::NotAcknowledgeable;
use portunus_core::name::Label;
use portunus_core::time::Timestamp;

/// Why a transaction did not happen. When one is returned, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What the call names does not exist, or no longer.
    #[error("no such thing")]
    NotFound,
    /// A living agent, an operator or a pool has the name already.
    #[error("the name is taken")]
    NameTaken,
    /// The pool has a key of this label already.
    #[error("the pool has a key labelled {label}")]
    LabelTaken {
        /// The label that two keys would share.
        label: Label,
    },
    /// The pool has a key with the same secret already.
    #[error("the pool has the same secret under the label {label}")]
    DuplicateSecret {
        /// The label of the key that has the secret.
        label: Label,
    },
    /// The pool would be left without an enabled key, and the caller did not force it.
    #[error("it is the last enabled key of its pool")]
    LastEnabledKey,
    /// The token was ended before.
    #[error("the token is revoked already")]
    AlreadyRevoked,
    /// Nobody could act as an operator any more, and the caller did not force it.
    #[error("it is the last operator token")]
    LastOperatorToken,
    /// Nobody with a token that lasts could administer the plane any more, and the caller did not force it.
    #[error("it is the last operator who may administer")]
    LastAdministrator,
    /// A change was carried out under the claim that the event's receipt has.
    #[error("the change was carried out already, under the same key")]
    AlreadyDone,
    /// The agent is archived and has no credentials.
    #[error("the agent is archived")]
    Archived,
    /// The agent is a living one.
    #[error("the agent is not archived")]
    NotArchived,
    /// A message is not this agent's, was not handed out yet, or its delivery has failed.
    #[error("the message {} cannot be acknowledged: {}", .0.message, .0.refusal)]
    NotAcknowledgeable(NotAcknowledgeable),
    /// What the sender wrote takes as much as it may; there is room once what it wrote until then is forgotten.
    #[error("the sender's messages take as much as they may")]
    OutboxFull {
        /// When the last of what has to be forgotten was written.
        written_at: Timestamp,
    },
    /// The cursor is not one that this list minted.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    /// The arguments contradict each other or what is stored: a defect of the caller.
    #[error("inconsistent request to the store: {0}")]
    Inconsistent(&'static str),
    /// Records and tree of the audit log do not belong together, so nothing can be recorded (P12).
    #[error("the audit log is broken: {0}")]
    BrokenLog(&'static str),
    /// The store cannot answer now; the text is the cause, without values and secrets.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}
