//! Sets an operator's password: one's own, or with the scope for it that of one who holds no more.

use super::hasher::HashError;
use super::try_one::{PasswordError, Tried};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::{ChangeError, show};
use crate::plane::Plane;
use crate::sessions::may_act;
use portunus_core::admission::Source;
use portunus_core::agent::Principal;
use portunus_core::name::Slug;
use portunus_core::operator::Operator;
use portunus_core::password::{PasswordLength, check_length};
use portunus_core::secret::Secret;
use std::sync::Arc;

/// Why a password was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetPasswordError {
    /// Too short or too long.
    #[error("the password {0}")]
    Length(#[from] PasswordLength),
    /// A session changes its operator's password only with the password that there is.
    #[error("to change the password in a session, the current one is needed")]
    CurrentNeeded,
    /// The current password was not accepted.
    #[error(transparent)]
    Current(PasswordError),
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
    pub current: Option<Secret>,
    /// Where it came from; `None` only without a connection.
    pub source: Option<Source>,
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
    let is_own = by.principal == Principal::Operator(operator.id);
    if is_own && by.is_session() {
        confirm(plane, &operator, wanted.current, wanted.source).await?;
    }
    let keep = (is_own && by.is_session()).then_some(by.kid);
    let salt = entropy::draw().map_err(Failure::from)?;
    let hash = plane.hasher.make(wanted.password, salt).await?;
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            may_act(&plane, asked.session(), operator.id).await?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "operator.password_set", operator.id)
                .with("name", &operator.name);
            let event = asked.sign(event, &operator.name)?;
            let store = &plane.store;
            let written = store.set_password(operator.id, Some(&hash), keep, &event);
            written.await.map_err(ChangeError::from)?;
            plane
                .sessions
                .end(|session| session.operator == operator.id && Some(session.kid) != keep);
            Ok(operator.name)
        })
        .await
}

/// Whoever found a signed-in browser must not take the account over.
async fn confirm(
    plane: &Plane,
    operator: &Operator,
    current: Option<Secret>,
    source: Option<Source>,
) -> Result<(), SetPasswordError> {
    let stored = plane.store.password(operator.id).await;
    if stored.map_err(Failure::from)?.is_none() {
        return Ok(());
    }
    let password = current.ok_or(SetPasswordError::CurrentNeeded)?;
    let tried = Tried {
        name: operator.name.to_string(),
        password,
        source,
        // A session alone is no proof here, so guesses are delayed.
        beside: None,
    };
    let proven = plane.try_password(tried).await;
    proven.map(drop).map_err(SetPasswordError::Current)
}
