//! Deletes an operator: the name is free, and all that the operator held ends at once, on open streams too (P5).

use super::{ChangeError, Force, may_change, show};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::operator::Operator;
use portunus_core::token::Kid;
use std::sync::Arc;

/// An operator who is gone.
#[derive(Debug)]
pub struct Deleted {
    /// The operator as it was.
    pub operator: Operator,
    /// The tokens that ended.
    pub revoked: Vec<Kid>,
}

/// Deletes the operator that `reference`, a name or an id, means; it may be `by`.
///
/// # Errors
///
/// [`ChangeError`].
pub async fn delete(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Deleted, Session>>,
    reference: String,
    force: Force,
) -> Result<Deleted, ChangeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let operator = show(&plane, &reference).await?;
            may_change(asked.session(), &operator)?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "operator.deleted", operator.id)
                .with("name", &operator.name);
            let deleted = |revoked: &[Kid]| Deleted {
                operator: operator.clone(),
                revoked: revoked.to_vec(),
            };
            let event = |revoked: &[Kid]| asked.sign_inside(&event, &deleted(revoked));
            let done = plane.store.delete_operator(operator.id, now, force, &event);
            let revoked = done.await?;
            let whose = Principal::Operator(operator.id);
            plane.directory.dismiss(whose);
            let families = &plane.access().families;
            families.end(&families.of_principal(whose));
            plane.sessions.dismiss(operator.id);
            Ok(deleted(&revoked))
        })
        .await
}
