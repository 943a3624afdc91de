//! What a use case is told of who asks: the principal or session, and how to leave a receipt where a key came along.

use super::attempt::Attempt;
use crate::admission::bodies::Room;
use crate::credential::session::Session;
use crate::failure::Failure;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::once::{Done, Receipt, Secrecy};
use portunus_core::time::Timestamp;
use portunus_store::StoreError;
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

/// Who asks for a change that comes to a `T`: a [`Principal`], or a [`Session`] where what it holds is judged. Either by itself is
/// one without a key.
pub struct Asked<T, W = Principal> {
    who: W,
    under: Option<Under<T>>,
    /// Of what came with it, while the change is under way.
    _room: Option<Arc<Room>>,
}

/// A key that came along.
struct Under<T> {
    attempt: Arc<Attempt>,
    told: Box<dyn Fn(&T) -> Answer + Send + Sync>,
}

impl<T> From<Principal> for Asked<T> {
    fn from(who: Principal) -> Self {
        Self::without_key(who)
    }
}

impl<T> From<Session> for Asked<T, Session> {
    fn from(who: Session) -> Self {
        Self::without_key(who)
    }
}

impl<T> Asked<T> {
    /// Who asks.
    #[must_use]
    pub const fn by(&self) -> Principal {
        self.who
    }
}

impl<T> Asked<T, Session> {
    /// Who asks.
    #[must_use]
    pub const fn by(&self) -> Principal {
        self.who.principal
    }

    /// What was presented.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.who
    }
}

impl<T, W> Asked<T, W> {
    /// Asked for under a key; `told` makes the answer of what the change comes to.
    pub fn under(
        who: W,
        attempt: Arc<Attempt>,
        told: impl Fn(&T) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let told = Box::new(told);
        Self {
            who,
            under: Some(Under { attempt, told }),
            _room: None,
        }
    }

    const fn without_key(who: W) -> Self {
        Self {
            who,
            under: None,
            _room: None,
        }
    }

    /// With the room of a large body, which is given back when the change is over, whoever waits for that.
    #[must_use]
    pub fn holding(self, room: Option<Arc<Room>>) -> Self {
        Self {
            _room: room,
            ..self
        }
    }

    /// The event of a change that will come to `outcome`, with its receipt. Called before the change is committed; of a
    /// change with several events, for one of them.
    pub(crate) fn sign(&self, mut event: AuditEvent, outcome: &T) -> Result<AuditEvent, Failure> {
        if let Some(Under { attempt, told }) = &self.under {
            event.receipt = Some(Box::new(attempt.receipt(&event, told(outcome))?));
        }
        Ok(event)
    }

    /// The same where the outcome is known only inside the transaction: see [`portunus_store::Tell`].
    pub(crate) fn sign_inside(
        &self,
        event: &AuditEvent,
        outcome: &T,
    ) -> Result<AuditEvent, StoreError> {
        self.sign(event.clone(), outcome)
            .map_err(|failure| StoreError::Unavailable(failure.to_string()))
    }

    /// The receipt of a change that no event tells of and that came to `outcome`; asked for inside the change's transaction.
    pub(crate) fn receipt(
        &self,
        at: Timestamp,
        done: Done,
        outcome: &T,
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(Under { attempt, told }) = &self.under else {
            return Ok(None);
        };
        let receipt = attempt.receipt_without_event(at, done, told(outcome));
        receipt
            .map(Some)
            .map_err(|failure| StoreError::Unavailable(failure.to_string()))
    }
}

impl<T, W> fmt::Debug for Asked<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked(..)")
    }
}
