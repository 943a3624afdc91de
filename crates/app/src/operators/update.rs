//! Changes what an operator may do: for requests from now on, whatever credential brings them.

use super::create::with_authority;
use super::{ChangeError, Force, show, within};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::directory::Profile;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::operator::{Authority, Operator};
use std::sync::Arc;

/// Gives the operator that `reference`, a name or an id, means `authority` instead of what it held. Its access tokens,
/// which hold what it held, end.
///
/// # Errors
///
/// [`ChangeError`].
pub async fn update(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Operator, Session>>,
    reference: String,
    authority: Authority,
    force: Force,
) -> Result<Operator, ChangeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let mut operator = show(&plane, &reference).await?;
            // Also of oneself an access token that holds less takes nothing away.
            within(asked.session(), operator.authority.grants())?;
            within(asked.session(), authority.grants())?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "operator.updated", operator.id)
                .with("name", &operator.name);
            let event = with_authority(event, &authority);
            operator.authority = authority;
            let event = asked.sign(event, &operator)?;
            let updated =
                plane
                    .store
                    .update_operator(operator.id, &operator.authority, force, &event);
            updated.await?;
            let whose = Principal::Operator(operator.id);
            let profile = Profile::of_operator(&operator);
            plane.directory.change_profile(whose, profile);
            let families = &plane.access().families;
            families.end(&families.of_principal(whose));
            plane.push().operator_changed(operator.id);
            Ok(operator)
        })
        .await
}
