//! Sets an operator's password: one's own, or with the scope for it that of one who holds no more.

use super::confirm::{Current, Unconfirmed, confirm};
use super::hasher::HashError;
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::{ChangeError, show};
use crate::plane::Plane;
use crate::sessions::may_act;
use portunus_core::name::Slug;
use portunus_core::password::{PasswordLength, check_length};
use portunus_core::secret::Secret;
use std::sync::Arc;

/// Why a password was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetPasswordError {
    /// Too short or too long.
    #[error("the password {0}")]
    Length(#[from] PasswordLength),
    /// Whoever asks did not show that it is the operator.
    #[error(transparent)]
    Unconfirmed(#[from] Unconfirmed),
    /// The operator is not changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Too many passwords wait already.
    #[error("too many passwords wait to be looked at")]
    Busy,
}

impl From<Failure> for SetPasswordError {
    fn from(failure: Failure) -> Self {
        Self::Change(failure.into())
    }
}

impl From<HashError> for SetPasswordError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken => Failure::Defect(error.to_string()).into(),
        }
    }
}

/// A password to be set.
#[derive(Debug)]
pub struct NewPassword {
    /// Name or id of its operator.
    pub reference: String,
    /// The password.
    pub password: Secret,
    /// The one before.
    pub current: Current,
}

/// Sets an operator's password, and gives the operator's name. The operator's sessions end, but the one that asks.
///
/// # Errors
///
/// [`SetPasswordError`].
pub async fn set(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Slug, Session>>,
    wanted: NewPassword,
) -> Result<Slug, SetPasswordError> {
    let asked = asked.into();
    let by = asked.session();
    check_length(wanted.password.expose())?;
    let operator = show(plane, &wanted.reference).await?;
    may_act(plane, by, operator.id).await?;
    let confirmed = confirm(plane, by, &operator, wanted.current).await?;
    let keep = by.keeps_signed_in(operator.id);
    let salt = entropy::draw().map_err(Failure::from)?;
    let hash = plane.hasher.make(wanted.password, salt).await?;
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            may_act(&plane, asked.session(), operator.id).await?;
            confirmed.still(&plane, operator.id).await?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "operator.password_set", operator.id)
                .with("name", &operator.name);
            let event = asked.sign(event, &operator.name)?;
            let store = &plane.store;
            let written = store.set_password(operator.id, Some(&hash), keep, &event);
            written.await.map_err(ChangeError::from)?;
            plane.sessions.end_of_operator(operator.id, keep);
            Ok(operator.name)
        })
        .await
}
