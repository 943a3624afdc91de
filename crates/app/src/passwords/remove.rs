//! Removes an operator's password: one's own, or with the scope for it that of one who holds no more.

use super::confirm::{Current, Unconfirmed, confirm};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::{ChangeError, Force, show};
use crate::plane::Plane;
use crate::sessions::may_act;
use portunus_core::agent::Principal;
use portunus_core::name::Slug;
use portunus_core::operator::Operator;
use std::sync::Arc;

/// Why a password was not removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemovePasswordError {
    /// There is none.
    #[error("the operator has no password")]
    None,
    /// Nothing else would sign the operator in.
    #[error("the operator has no other way in: no valid token and no paired device")]
    OnlyWayIn,
    /// Whoever asks did not show that it is the operator.
    #[error(transparent)]
    Unconfirmed(#[from] Unconfirmed),
    /// The operator is not changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<Failure> for RemovePasswordError {
    fn from(failure: Failure) -> Self {
        Self::Change(failure.into())
    }
}

/// Removes the password of the operator that `reference`, a name or an id, means, and gives the operator's name. The
/// sessions that began with it, and all others of the operator's but the one that asks, end.
///
/// # Errors
///
/// [`RemovePasswordError`].
pub async fn remove(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Slug, Session>>,
    reference: String,
    current: Current,
    force: Force,
) -> Result<Slug, RemovePasswordError> {
    let asked = asked.into();
    let operator = show(plane, &reference).await?;
    may_act(plane, asked.session(), operator.id).await?;
    let confirmed = confirm(plane, asked.session(), &operator, current).await?;
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let by = asked.session();
            may_act(&plane, by, operator.id).await?;
            confirmed.still(&plane, operator.id).await?;
            let stored = plane.store.password(operator.id).await;
            if stored.map_err(Failure::from)?.is_none() {
                return Err(RemovePasswordError::None);
            }
            if force == Force::No && !has_another_way_in(&plane, &operator) {
                return Err(RemovePasswordError::OnlyWayIn);
            }
            let keep = by.keeps_signed_in(operator.id);
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "operator.password_removed", operator.id)
                .with("name", &operator.name);
            let event = asked.sign(event, &operator.name)?;
            let written = plane.store.set_password(operator.id, None, keep, &event);
            written.await.map_err(ChangeError::from)?;
            plane.sessions.end_of_operator(operator.id, keep);
            Ok(operator.name)
        })
        .await
}

fn has_another_way_in(plane: &Plane, operator: &Operator) -> bool {
    let (whose, now) = (Principal::Operator(operator.id), plane.clock.now());
    plane.directory.has_valid_token(whose, now)
        || !plane.sessions.devices_of(operator.id).is_empty()
}
