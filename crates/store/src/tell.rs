//! The event of a change whose outcome is known only inside its transaction.

use crate::Result;
use portunus_core::audit::AuditEvent;

/// Words the event once the outcome is known, before the change is committed. An event that says nothing of its outcome is
/// one by itself.
pub trait Tell<T: ?Sized>: Send + Sync {
    /// The event of a change that comes to `outcome`. An error takes the change back.
    fn tell(&self, outcome: &T) -> Result<AuditEvent>;
}

impl<T: ?Sized> Tell<T> for AuditEvent {
    fn tell(&self, _: &T) -> Result<AuditEvent> {
        Ok(self.clone())
    }
}

impl<T: ?Sized, F: Fn(&T) -> Result<AuditEvent> + Send + Sync> Tell<T> for F {
    fn tell(&self, outcome: &T) -> Result<AuditEvent> {
        self(outcome)
    }
}
