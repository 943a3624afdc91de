//! Lists tokens, newest first; only their public half exists to be listed.

use crate::agents::show::{ShowError, show};
use crate::listing::ListError;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::credential::TokenRecord;
use portunus_store::{Listing, Page};

/// One page of the tokens of one agent, by name or id, or of all principals.
pub async fn list(
    plane: &Plane,
    agent: Option<&str>,
    page: Page,
) -> Result<Listing<TokenRecord>, ListError> {
    let principal = match agent {
        None => None,
        Some(reference) => match show(plane, reference).await {
            Ok(agent) => Some(Principal::Agent(agent.id)),
            Err(ShowError::NotFound) => return Err(ListError::NotFound),
            Err(ShowError::Failure(failure)) => return Err(failure.into()),
        },
    };
    Ok(plane.store.tokens(principal, page).await?)
}
