//! Creates an operator and a first token.

use super::{ChangeError, within};
use crate::Session;
use crate::audit::{Detailed, caused};
use crate::directory::Profile;
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::OperatorId;
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::scope::Pattern;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::StoreError;
use std::sync::Arc;

/// A new operator. The token exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Created {
    /// The operator.
    pub operator: Operator,
    /// The token.
    pub token: Secret,
    /// The token's public handle.
    pub kid: Kid,
}

/// Why there is no new operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateOperatorError {
    /// An operator has the name.
    #[error("an operator with this name exists")]
    NameTaken,
    /// Whoever asks does not hold all that the operator would hold.
    #[error("the token does not hold {0}, so it cannot hand it on")]
    Beyond(Pattern),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Creates the operator `name`, who may do what `authority` says; the token is over at `expires_at`, if that is given.
///
/// # Errors
///
/// [`CreateOperatorError`].
pub async fn create(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Created, Session>>,
    name: Slug,
    authority: Authority,
    expires_at: Option<Timestamp>,
) -> Result<Created, CreateOperatorError> {
    let asked = asked.into();
    if let Err(ChangeError::Beyond(beyond)) = within(asked.session(), authority.grants()) {
        return Err(CreateOperatorError::Beyond(beyond));
    }
    plane
        .to_the_end(move |plane| async move {
            let now = plane.clock.now();
            let operator = Operator {
                id: OperatorId::from_bytes(entropy::draw().map_err(Failure::from)?),
                name,
                authority,
                created_at: now,
            };
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Operator, &random);
            let principal = Principal::Operator(operator.id);
            let record = TokenRecord {
                expires_at,
                ..TokenRecord::new(minted.kid, minted.digest, principal, now)
            };
            let event = caused(asked.by(), now, "operator.created", operator.id)
                .with("name", &operator.name)
                .with("kid", minted.kid)
                .expiring(expires_at);
            let event = with_authority(event, &operator.authority);
            let created = Created {
                operator,
                token: minted.text,
                kid: minted.kid,
            };
            let event = asked.sign(event, &created)?;
            let operator = &created.operator;
            let _changes = plane.changes.lock().await;
            match plane.store.create_operator(operator, &record, &event).await {
                Err(StoreError::NameTaken) => return Err(CreateOperatorError::NameTaken),
                other => other.map_err(Failure::from)?,
            }
            let profile = Profile::of_operator(operator);
            plane.directory.welcome(principal, profile);
            plane.directory.insert(&record);
            Ok(created)
        })
        .await
}

/// What the operator may do, as the audit log tells it.
pub(super) fn with_authority(mut event: AuditEvent, authority: &Authority) -> AuditEvent {
    if let Some(role) = authority.role() {
        event = event.with("role", role);
    }
    if let Some(scopes) = authority.explicit() {
        event = event.with("scopes", scopes);
    }
    event
}
