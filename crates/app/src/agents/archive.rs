//! Archives an agent: all of its credentials end at once, on open streams too (P5), and its name stays its own.

use super::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::liveness::Life;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::{Agent, Principal};
use portunus_core::token::Kid;
use portunus_store::StoreError;
use std::sync::Arc;

/// An agent that is archived now.
#[derive(Debug)]
pub struct Archived {
    /// The agent.
    pub agent: Agent,
    /// What was known of its life.
    pub life: Life,
    /// The tokens that ended.
    pub revoked: Vec<Kid>,
}

/// Why an agent is not archived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// No agent has this name or id.
    #[error("no agent has this name or id")]
    NotFound,
    /// It was archived before.
    #[error("the agent is archived already")]
    Already,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<ShowError> for ArchiveError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => Self::NotFound,
            ShowError::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl From<StoreError> for ArchiveError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Archived => Self::Already,
            other => ShowError::from(other).into(),
        }
    }
}

/// Archives the agent that `reference`, a name or an id, means.
///
/// # Errors
///
/// [`ArchiveError`].
pub async fn archive(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Archived>>,
    reference: String,
) -> Result<Archived, ArchiveError> {
    let asked = asked.into();
    plane
        .to_the_end(|plane| async move {
            let _changes = plane.changes.lock().await;
            let mut agent = show(&plane, &reference).await?;
            let life = plane.liveness().of(agent.id).await?;
            let (now, whose) = (plane.clock.now(), Principal::Agent(agent.id));
            let event = caused(asked.by(), now, "agent.archived", agent.id);
            let event = event.with("name", &agent.name);
            agent.archived_at = Some(now);
            let archived = |revoked: &[Kid]| Archived {
                agent: agent.clone(),
                life: life.clone(),
                revoked: revoked.to_vec(),
            };
            let event = |revoked: &[Kid]| asked.sign_inside(&event, &archived(revoked));
            let revoked = plane.store.archive_agent(agent.id, now, &event).await?;
            plane.end_all_of(whose);
            plane.liveness().forget(agent.id);
            plane.departures().gone(agent.id);
            Ok(archived(&revoked))
        })
        .await
}
