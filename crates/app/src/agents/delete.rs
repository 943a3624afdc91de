//! Deletes an agent: its name is free and its tokens end at once, on open streams too (P5).

use super::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::liveness::Life;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::{Agent, Principal};
use portunus_core::token::Kid;
use portunus_store::Undoing;
use std::sync::Arc;

/// An agent that is gone.
#[derive(Debug)]
pub struct Deleted {
    /// The agent as it was.
    pub agent: Agent,
    /// How it stood.
    pub life: Life,
    /// The tokens that ended with it.
    pub revoked: Vec<Kid>,
}

/// Deletes the agent that `reference`, a name or an id, means.
pub async fn delete(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Deleted>>,
    reference: String,
) -> Result<Deleted, ShowError> {
    let asked = asked.into();
    plane
        .to_the_end(|plane| async move {
            let _changes = plane.changes.lock().await;
            let agent = show(&plane, &reference).await?;
            let life = plane.liveness().of(agent.id).await?;
            let now = plane.clock.now();
            let event =
                caused(asked.by(), now, "agent.deleted", agent.id).with("name", &agent.name);
            let deleted = |revoked: &[Kid]| Deleted {
                agent: agent.clone(),
                life: life.clone(),
                revoked: revoked.to_vec(),
            };
            let event = |revoked: &[Kid]| asked.sign_inside(&event, &deleted(revoked));
            let revoked = plane.store.delete_agent(agent.id, now, &event).await?;
            let whose = Principal::Agent(agent.id);
            plane.end_all_of(whose);
            plane.liveness().forget(agent.id);
            plane.budgets().forget_agent(agent.id);
            plane.departures().gone(agent.id);
            let gone = Undoing::Recipient(agent.id);
            plane.messages().tell_undone(&*plane.store, gone).await;
            Ok(deleted(&revoked))
        })
        .await
}
