//! What a use case is told of who asks: the principal, and how to leave a receipt where a key came along.

use super::attempt::Attempt;
use crate::failure::Failure;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::once::Secrecy;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An answer as it goes out.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether it shows a secret.
    pub secrecy: Secrecy,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {:?}, ..)", self.status, self.secrecy)
    }
}

/// Who asks for a change that comes to a `T`. A [`Principal`] is one without a key.
pub struct Asked<T> {
    by: Principal,
    under: Option<Under<T>>,
}

/// A key that came along.
struct Under<T> {
    attempt: Arc<Attempt>,
    told: Box<dyn Fn(&T) -> Answer + Send + Sync>,
}

impl<T> From<Principal> for Asked<T> {
    fn from(by: Principal) -> Self {
        Self { by, under: None }
    }
}

impl<T> Asked<T> {
    /// Asked for under a key; `told` makes the answer of what the change comes to.
    pub fn under(
        attempt: Arc<Attempt>,
        told: impl Fn(&T) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            by: attempt.claim().by,
            under: Some(Under {
                attempt,
                told: Box::new(told),
            }),
        }
    }

    /// Who asks.
    #[must_use]
    pub const fn by(&self) -> Principal {
        self.by
    }

    /// The event of a change that will come to `outcome`, with its receipt. Called before the change is committed; of a
    /// change with several events, for one of them.
    pub(crate) fn sign(&self, mut event: AuditEvent, outcome: &T) -> Result<AuditEvent, Failure> {
        if let Some(Under { attempt, told }) = &self.under {
            event.receipt = Some(Box::new(attempt.receipt(&event, told(outcome))?));
        }
        Ok(event)
    }
}

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({:?})", self.by)
    }
}
