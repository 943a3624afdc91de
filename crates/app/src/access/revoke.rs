//! Ends a credential that is presented to be ended (RFC 7009): a token, or the whole family of an access token.

use super::introspect::look;
use crate::agents::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::{ChangeError, may_end_of};
use crate::plane::Plane;
use crate::sessions::devices::unpair;
use crate::tokens::revoke::RevokeError;
use portunus_core::access::claims::subject_text;
use portunus_core::access::family::FamilyId;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::scope::Scope;
use portunus_core::secret::Secret;
use portunus_store::Force;
use std::sync::Arc;

/// What whoever ends somebody else's credentials needs.
pub const REVOKE: Scope = Scope {
    resource: "tokens",
    verb: "revoke",
};

/// Why a presented credential did not end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokePresentedError {
    /// It is somebody else's, and whoever asks may not end those.
    #[error("the token is somebody else's")]
    NotYours,
    /// It is an operator's who holds more than whoever asks.
    #[error("the token is an operator's who holds more than yours does")]
    HoldsMore,
    /// Nobody could act as an operator any more.
    #[error("it is the last token of an operator, and without one nobody can administer the plane")]
    LastOperatorToken,
    /// It cannot be checked now.
    #[error(transparent)]
    Auth(AuthError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Ends the credential in `text` for `by`. One that is not valid has ended already, which is what was asked for.
///
/// # Errors
///
/// [`RevokePresentedError`].
pub async fn revoke(
    plane: &Arc<Plane>,
    by: &Session,
    text: Secret,
) -> Result<(), RevokePresentedError> {
    if let Some(device) = plane.device_presented(text.expose()) {
        return match unpair(plane, by.clone(), device).await {
            Ok(_) | Err(ChangeError::NoDevice) => Ok(()),
            Err(ChangeError::Failure(failure)) => Err(failure.into()),
            Err(_) => Err(RevokePresentedError::NotYours),
        };
    }
    let found = match look(plane, text.expose()).await {
        Ok(found) => found,
        Err(AuthError::Undecided) => return Err(RevokePresentedError::Auth(AuthError::Undecided)),
        Err(_) => return Ok(()),
    };
    if found.principal != by.principal && !by.grants().allow(REVOKE) {
        return Err(RevokePresentedError::NotYours);
    }
    if may_end_of(plane, by, found.principal).is_err() {
        return Err(RevokePresentedError::HoldsMore);
    }
    let actor = by.principal;
    match found.access {
        Some(access) => Ok(end_family(plane, actor, access.family).await?),
        None => match crate::tokens::revoke(plane, actor, found.kid, Force::No).await {
            Ok(_) | Err(RevokeError::NotFound | RevokeError::AlreadyRevoked) => Ok(()),
            Err(RevokeError::LastOperatorToken) => Err(RevokePresentedError::LastOperatorToken),
            Err(RevokeError::Failure(failure)) => Err(failure.into()),
        },
    }
}

async fn end_family(plane: &Arc<Plane>, by: Principal, id: FamilyId) -> Result<(), Failure> {
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let families = &plane.access().families;
            let Some(family) = families.find(id) else {
                return Ok(());
            };
            let family = family.record();
            let ended = families.with_narrowed(&family);
            let event = caused(by, plane.clock.now(), "family.revoked", id)
                .with("principal", subject_text(family.principal))
                .with("ended", ended.len());
            plane.store.end_families(&ended, Some(&event)).await?;
            families.end(&ended);
            Ok::<_, Failure>(())
        })
        .await
}

/// What became of an agent's access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The agent.
    pub agent: AgentId,
    /// Its generation from now on.
    pub generation: u64,
    /// How many families ended.
    pub families: usize,
}

/// Ends every access token of the agent that `reference`, a name or an id, means, by raising its generation.
///
/// # Errors
///
/// [`ShowError`].
pub async fn revoke_all(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Raised>>,
    reference: String,
) -> Result<Raised, ShowError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let agent = show(&plane, &reference).await?;
            let whose = Principal::Agent(agent.id);
            let families = &plane.access().families;
            let ended = families.of_principal(whose);
            let now = plane.clock.now();
            let event = caused(asked.by(), now, "agent.generation_raised", agent.id)
                .with("name", &agent.name)
                .with("ended", ended.len());
            let raised = |generation: u64| Raised {
                agent: agent.id,
                generation,
                families: ended.len(),
            };
            let event = |generation: &u64| asked.sign_inside(&event, &raised(*generation));
            let generation = plane.store.raise_generation(agent.id, &event).await?;
            if let Some(profile) = plane.directory.profile(whose) {
                profile.raise(generation);
            }
            families.end(&ended);
            Ok(raised(generation))
        })
        .await
}
