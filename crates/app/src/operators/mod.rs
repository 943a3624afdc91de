//! Operators: created with a first token, found by name or id, changed, deleted with all that they hold.
//!
//! Nobody gives more than they hold, and nobody changes or ends what is another operator's who holds more: either would
//! be a way to what they do not hold.

pub mod create;
pub mod delete;
pub mod list;
pub mod show;
pub mod update;

pub use create::create;
pub use delete::delete;
pub use list::list;
pub use portunus_store::Force;
pub use show::show;
pub use update::update;

use crate::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::operator::Operator;
use portunus_core::scope::{Pattern, Scope, ScopeSet};
use portunus_core::token::Kid;
use portunus_store::StoreError;

/// Why an operator is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No operator has this name or id.
    #[error("no operator has this name or id")]
    NotFound,
    /// No session that is one's business has this handle.
    #[error("no session has this kid")]
    NoSession,
    /// No device that is one's business has this id.
    #[error("no device has this id")]
    NoDevice,
    /// It is another operator's, and whoever asks does not hold the scope for those.
    #[error("it is another operator's, and the token does not hold the scope {0}")]
    Demands(Scope),
    /// Whoever asks does not hold what the operator holds or would hold.
    #[error("the token does not hold {0}, so it cannot hand it on or take it away")]
    Beyond(Pattern),
    /// Nobody could administer the plane any more.
    #[error(
        "it is the last operator with a token who may do everything, and without one nobody can administer the plane"
    )]
    LastAdministrator,
    /// Nobody could administer the plane any more once the new token is over.
    #[error(
        "it is the last operator with a token who may do everything, and once the new one is over nobody can administer the plane"
    )]
    NoneWouldLast,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::LastAdministrator => Self::LastAdministrator,
            other => Self::Failure(other.into()),
        }
    }
}

/// Whether `by` may end the token `kid`: not an operator's who holds more. What is not in memory has ended already.
///
/// # Errors
///
/// [`ChangeError::Beyond`].
pub fn may_end_token(plane: &Plane, by: &Session, kid: Kid) -> Result<(), ChangeError> {
    let Some(entry) = plane.directory.find(kid) else {
        return Ok(());
    };
    match entry.principal {
        Principal::Operator(_) if entry.principal != by.principal => within(by, &entry.scopes),
        _ => Ok(()),
    }
}

/// Whether `by` may end a credential of `whose`: not an operator's who holds more. Who is not in memory has none any more.
///
/// # Errors
///
/// [`ChangeError::Beyond`].
pub(crate) fn may_end_of(plane: &Plane, by: &Session, whose: Principal) -> Result<(), ChangeError> {
    match plane.directory.profile(whose) {
        Some(held) if whose != by.principal && matches!(whose, Principal::Operator(_)) => {
            within(by, &held.scopes)
        }
        _ => Ok(()),
    }
}

/// Whether `by` holds all that its principal does. An access token may hold less, and then makes nothing that proves its
/// principal whole.
///
/// # Errors
///
/// [`ChangeError`].
pub fn whole(plane: &Plane, by: &Session) -> Result<(), ChangeError> {
    let profile = plane.directory.profile(by.principal);
    within(by, &profile.ok_or(ChangeError::NotFound)?.scopes)
}

/// Whether `by` holds all of these.
pub(crate) fn within(by: &Session, wanted: &ScopeSet) -> Result<(), ChangeError> {
    match by.grants().first_beyond(wanted) {
        None => Ok(()),
        Some(beyond) => Err(ChangeError::Beyond(beyond.clone())),
    }
}

/// Whether `by` may change or end what is `whose`: one's own, or that of an operator who holds no more.
pub(crate) fn may_change(by: &Session, whose: &Operator) -> Result<(), ChangeError> {
    if by.principal == Principal::Operator(whose.id) {
        return Ok(());
    }
    within(by, whose.authority.grants())
}
