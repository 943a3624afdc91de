//! Finds one agent by its name or its id.

use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Agent;
use portunus_core::ids::AgentId;
use portunus_core::name::Slug;
use portunus_store::StoreError;

/// Why no agent is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// No agent has this name or id.
    #[error("no agent has this name or id")]
    NotFound,
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ShowError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other => Self::Failure(other.into()),
        }
    }
}

/// The agent, maybe an archived one, that `reference`, a name or an id, means.
pub async fn show(plane: &Plane, reference: &str) -> Result<Agent, ShowError> {
    // An id has an underscore, which no name has.
    if let Ok(id) = reference.parse::<AgentId>() {
        return Ok(plane.store.agent(id).await?);
    }
    let name: Slug = reference.parse().map_err(|_| ShowError::NotFound)?;
    Ok(plane.store.agent_by_name(&name).await?)
}
