//! Lists living agents by name.

use crate::listing::ListError;
use crate::plane::Plane;
use portunus_core::agent::Agent;
use portunus_store::{Listing, Page};

/// One page of the living agents.
pub async fn list(plane: &Plane, page: Page) -> Result<Listing<Agent>, ListError> {
    Ok(plane.store.agents(page).await?)
}
