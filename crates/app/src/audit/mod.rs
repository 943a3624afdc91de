//! The audit log: how events of use cases are worded, how the log is signed, and how it is read.

pub mod export;
pub(crate) mod inspect;
pub mod keeper;
pub mod list;
pub mod signer;

pub use export::{Export, export};
pub use keeper::{newest_checkpoint, verifier};
pub use list::list;
pub use signer::read_checkpoint;

use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::time::Timestamp;

/// An event that a principal causes. Details are added with [`Detailed::with`].
pub(crate) fn caused(
    by: Principal,
    at: Timestamp,
    action: &'static str,
    subject: impl ToString,
) -> AuditEvent {
    event(Actor::Principal(by), at, action, subject)
}

/// An event that `actor` causes.
pub(crate) fn event(
    actor: Actor,
    at: Timestamp,
    action: &'static str,
    subject: impl ToString,
) -> AuditEvent {
    AuditEvent {
        at,
        actor,
        action,
        subject: subject.to_string(),
        details: Vec::new(),
        receipt: None,
    }
}

/// Adds facts to an event.
pub(crate) trait Detailed: Sized {
    /// With one more fact; never a secret.
    #[must_use]
    fn with(self, name: &'static str, value: impl ToString) -> Self;

    /// With the end of a new token, in milliseconds since the epoch, if it has one.
    #[must_use]
    fn expiring(self, at: Option<Timestamp>) -> Self {
        match at {
            Some(at) => self.with("valid_until_ms", at.as_millis()),
            None => self,
        }
    }
}

impl Detailed for AuditEvent {
    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.details.push((name, value.to_string()));
        self
    }
}
