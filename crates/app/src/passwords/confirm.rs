//! Confirms with the current password that it is the operator who changes it, and not whoever found what the operator
//! signed in with.

use super::try_one::{PasswordError, Tried};
use crate::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::admission::Source;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::operator::Operator;
use portunus_core::password::PasswordHash;
use portunus_core::secret::Secret;

/// Why it is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unconfirmed {
    /// It was not given.
    #[error(
        "to change the password in a session, with a device's token or with an access token, the current one is needed"
    )]
    Needed,
    /// It was not accepted.
    #[error(transparent)]
    Refused(#[from] PasswordError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The current password, if one was given, and where it came from; `None` only without a connection.
#[derive(Debug)]
pub struct Current {
    /// The password.
    pub password: Option<Secret>,
    /// Where it came from.
    pub source: Option<Source>,
}

/// By what it is confirmed.
#[derive(Debug)]
pub(super) enum Confirmed {
    /// By who asks.
    ByAsker,
    /// By the password that the operator had, or by having none.
    ByPassword(Option<PasswordHash>),
}

impl Confirmed {
    /// Looks, when nobody else changes anything, whether it still is so: another change may have come first.
    pub(super) async fn still(
        &self,
        plane: &Plane,
        operator: OperatorId,
    ) -> Result<(), Unconfirmed> {
        let Self::ByPassword(compared) = self else {
            return Ok(());
        };
        match is_still(plane, operator, compared.as_ref()).await? {
            true => Ok(()),
            false if compared.is_none() => Err(Unconfirmed::Needed),
            false => Err(PasswordError::Wrong.into()),
        }
    }
}

/// Whether the operator still has the password that one was compared with, or still has none. The caller holds the lock of
/// changes.
pub(crate) async fn is_still(
    plane: &Plane,
    operator: OperatorId,
    compared: Option<&PasswordHash>,
) -> Result<bool, Failure> {
    Ok(plane.store.password(operator).await?.as_ref() == compared)
}

/// A browser that is signed in, what is kept to sign in with, and an access token, which is handed around, may be with somebody
/// else, who must not take the account over. An operator's token is the account.
pub(super) async fn confirm(
    plane: &Plane,
    by: &Session,
    operator: &Operator,
    current: Current,
) -> Result<Confirmed, Unconfirmed> {
    if by.principal != Principal::Operator(operator.id) || by.is_of_token() {
        return Ok(Confirmed::ByAsker);
    }
    let stored = plane.store.password(operator.id).await;
    if stored.map_err(Failure::from)?.is_none() {
        return Ok(Confirmed::ByPassword(None));
    }
    let tried = Tried {
        name: operator.name.to_string(),
        password: current.password.ok_or(Unconfirmed::Needed)?,
        source: current.source,
        // What it comes with is no proof here, so guesses are delayed.
        beside: None,
    };
    let (_, compared) = plane.try_password(tried).await?;
    Ok(Confirmed::ByPassword(Some(compared)))
}
