//! Ends sessions: one's own, or with the scope for it somebody else's (P5).

use super::may_act;
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::once::Asked;
use crate::operators::ChangeError;
use crate::plane::Plane;
use portunus_core::token::Kid;
use std::sync::Arc;

/// Ends the session `kid`.
///
/// # Errors
///
/// [`ChangeError`]; a session that is not there is not told from one that is nobody's business.
pub async fn end(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<(), Session>>,
    kid: Kid,
) -> Result<(), ChangeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let live = plane.sessions.session(kid).ok_or(ChangeError::NoSession)?;
            let whose = live.record.operator;
            may_act(&plane, asked.session(), whose).await?;
            let event =
                caused(asked.by(), plane.clock.now(), "session.ended", whose).with("kid", kid);
            let event = asked.sign(event, &())?;
            plane.store.end_sessions(&[kid], Some(&event)).await?;
            plane.sessions.end(|session| session.kid == kid);
            Ok(())
        })
        .await
}
