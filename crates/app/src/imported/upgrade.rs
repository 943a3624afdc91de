//! Recognises an imported token of which only a slow hash without a prefix is known, by whose it is said to be.

use super::prove::Recognised;
use super::worker::Slowed;
use crate::admission::NotAdmitted;
use crate::agents::show::{ShowError, show};
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use http::HeaderMap;
use portunus_core::agent::Principal;
use portunus_core::secret::Secret;
use portunus_store::Page;
use std::net::IpAddr;

/// Why a token is not upgraded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// It is not the agent's, or it is not looked at now.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<Slowed> for UpgradeError {
    fn from(slowed: Slowed) -> Self {
        Self::NotAdmitted(slowed.into())
    }
}

/// Proves the agent that `reference`, a name or an id, means by the token that it had elsewhere, which is found at once from
/// then on. One that is found already is proven like any other. What failed counts against where it came from.
///
/// # Errors
///
/// [`UpgradeError`].
pub async fn upgrade(
    plane: &Plane,
    reference: &str,
    token: &Secret,
    (headers, peer): (&HeaderMap, Option<IpAddr>),
) -> Result<Session, UpgradeError> {
    let agent = match show(plane, reference).await {
        Ok(agent) => Principal::Agent(agent.id),
        // Nobody learns from here which agents there are.
        Err(ShowError::NotFound) => {
            return Err(plane.turn_away(AuthError::Unknown, headers, peer).into());
        }
        Err(ShowError::Failure(failure)) => return Err(failure.into()),
    };
    let is_own = |session: &Session| session.principal == agent;
    if let Ok(session) = plane.authenticate_text(token.expose()).await
        && is_own(&session)
    {
        return Ok(session);
    }
    let source = peer.map(|peer| plane.admission().source(peer, headers));
    let tokens = plane.store.tokens(Some(agent), Page::first(1_000)).await;
    let tokens = tokens.map_err(Failure::from)?.items.into_iter();
    let waiting = tokens.filter_map(|token| plane.imported().waiting(token.kid));
    let tried = plane.try_slowly(token.expose(), waiting.collect(), source);
    let proven = match tried.await? {
        Ok(Recognised::Yes(_)) => plane.authenticate_text(token.expose()).await,
        Ok(Recognised::No) => Err(AuthError::Unknown),
        Err(error) => Err(error),
    };
    let proven = proven.and_then(|session| match is_own(&session) {
        true => Ok(session),
        false => Err(AuthError::Unknown),
    });
    proven.map_err(|error| plane.turn_away(error, headers, peer).into())
}
