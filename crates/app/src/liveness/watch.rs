//! Pauses an agent, so that its silence alarms nobody, and has it watched again.

use super::Life;
use crate::agents::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Agent;
use portunus_core::liveness::Watch;
use std::sync::Arc;

/// An agent that is paused or watched from now on.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The agent.
    pub agent: Agent,
    /// How it stands then.
    pub life: Life,
}

/// Pauses the agent that `reference`, a name or an id, means, or has it watched again. It may go on working either way.
///
/// # Errors
///
/// [`ShowError`].
pub async fn watch(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Watched>>,
    reference: String,
    watch: Watch,
) -> Result<Watched, ShowError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let agent = show(&plane, &reference).await?;
            let action = match watch {
                Watch::On => "agent.resumed",
                Watch::Paused => "agent.paused",
            };
            let now = plane.clock.now();
            let event = caused(asked.by(), now, action, agent.id);
            let event = event.with("name", &agent.name);
            let life = plane.liveness().of(agent.id).await?.watched(watch);
            let watched = Watched { agent, life };
            let event = asked.sign(event, &watched)?;
            let id = watched.agent.id;
            plane.store.watch_agent(id, watch, &event).await?;
            let taken_over = plane.liveness().set_watch(id, watch).await;
            taken_over.map_err(Failure::from)?;
            Ok(watched)
        })
        .await
}
