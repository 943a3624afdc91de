//! Ends a token: the next request with it is refused, and its open streams end (P5).

use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{Force, StoreError};
use std::sync::Arc;

/// Why no token ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// There is no such token.
    #[error("no token has this kid")]
    NotFound,
    /// It ended before.
    #[error("the token is revoked already")]
    AlreadyRevoked,
    /// Nobody could act as an operator any more.
    #[error("it is the last token of an operator, and without one nobody can administer the plane")]
    LastOperatorToken,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for RevokeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::AlreadyRevoked => Self::AlreadyRevoked,
            StoreError::LastOperatorToken => Self::LastOperatorToken,
            other => Self::Failure(other.into()),
        }
    }
}

/// Revokes the token `kid`; answers when it ended. If nobody used it yet, the predecessor that waits for its first use
/// is the active one again.
pub async fn revoke(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Timestamp>>,
    kid: Kid,
    force: Force,
) -> Result<Timestamp, RevokeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let record = plane.store.token(kid).await?.ok_or(RevokeError::NotFound)?;
            let _hold = plane.settle_first_uses(record.principal).await?;
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "token.revoked", kid)
                .with("principal", principal_text(record.principal));
            let event = asked.sign(event, &now)?;
            let heir = plane.store.revoke_token(kid, now, force, &event).await?;
            plane.directory.succeed_back(kid, heir.as_ref());
            let families = &plane.access().families;
            families.end(&families.of_tokens(record.principal, &[kid]));
            plane.sessions.end_of_token(kid);
            plane.first_uses.forget(kid);
            Ok(now)
        })
        .await
}

fn principal_text(principal: Principal) -> String {
    match principal {
        Principal::Agent(id) => id.to_string(),
        Principal::Operator(id) => id.to_string(),
    }
}
