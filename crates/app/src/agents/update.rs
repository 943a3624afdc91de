//! Changes what an agent is called and what it holds: for requests from now on, whatever credential brings them.

use super::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::credential::session::Session;
use crate::directory::Profile;
use crate::failure::Failure;
use crate::liveness::Life;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::access::family::FamilyId;
use portunus_core::agent::{Agent, Principal};
use portunus_core::name::DisplayName;
use portunus_core::scope::{Pattern, ScopeSet};
use portunus_store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What becomes of a display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisplayNameChange {
    /// It stays.
    Keep,
    /// The agent has its name alone from now on.
    Clear,
    /// It is this one.
    Set(DisplayName),
}

/// What is changed of an agent.
#[derive(Clone, Debug)]
pub struct AgentChange {
    /// What people call it.
    pub display_name: DisplayNameChange,
    /// What its tokens hold from now on; `None` when that stays.
    pub scopes: Option<ScopeSet>,
}

/// An agent as it is now.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The agent.
    pub agent: Agent,
    /// What is known of its life.
    pub life: Life,
}

/// Why an agent is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateAgentError {
    /// No agent has this name or id.
    #[error("no agent has this name or id")]
    NotFound,
    /// Whoever asks does not hold what would be given or taken away.
    #[error("the token does not hold {0}, so it cannot hand it on or take it away")]
    Beyond(Pattern),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<ShowError> for UpdateAgentError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => Self::NotFound,
            ShowError::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl From<StoreError> for UpdateAgentError {
    fn from(error: StoreError) -> Self {
        ShowError::from(error).into()
    }
}

/// Changes the agent that `reference`, a name or an id, means. Its access tokens that hold more than it does now end.
///
/// # Errors
///
/// [`UpdateAgentError`].
pub async fn update(
    plane: &Arc<Plane>,
    by: Session,
    asked: impl Into<Asked<Updated>>,
    reference: String,
    change: AgentChange,
) -> Result<Updated, UpdateAgentError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let mut agent = show(&plane, &reference).await?;
            let event = caused(by.principal, plane.clock.now(), "agent.updated", agent.id);
            let mut event = event.with("name", &agent.name);
            match change.display_name {
                DisplayNameChange::Keep => {}
                DisplayNameChange::Clear => agent.display_name = None,
                DisplayNameChange::Set(name) => agent.display_name = Some(name),
            }
            if let Some(scopes) = change.scopes.filter(|scopes| *scopes != agent.scopes) {
                within(&by, &agent.scopes)?;
                within(&by, &scopes)?;
                event = event.with("scopes", &scopes);
                agent.scopes = scopes;
            }
            if let Some(name) = &agent.display_name {
                event = event.with("display_name", name);
            }
            let whose = Principal::Agent(agent.id);
            let ended = beyond(&plane, whose, &agent.scopes);
            let life = plane.liveness().of(agent.id).await?;
            let updated = Updated { agent, life };
            let event = asked.sign(event, &updated)?;
            let agent = &updated.agent;
            plane.store.update_agent(agent, &ended, &event).await?;
            let profile = Profile::of_agent(agent);
            plane.directory.change_profile(whose, profile);
            plane.push().agents_changed(&[agent.id]);
            plane.access().families.end(&ended);
            Ok(updated)
        })
        .await
}

fn within(by: &Session, scopes: &ScopeSet) -> Result<(), UpdateAgentError> {
    match by.grants().first_beyond(scopes) {
        None => Ok(()),
        Some(beyond) => Err(UpdateAgentError::Beyond(beyond.clone())),
    }
}

/// The families that hold more than `scopes`, with those that were narrowed from them.
fn beyond(plane: &Plane, whose: Principal, scopes: &ScopeSet) -> Vec<FamilyId> {
    let families = &plane.access().families;
    let living = families.of_principal(whose).into_iter();
    let records = living.filter_map(|id| Some(families.find(id)?.record()));
    let beyond = records.filter(|family| scopes.first_beyond(&family.scope).is_some());
    let ended: BTreeSet<FamilyId> = beyond
        .flat_map(|family| families.with_narrowed(&family))
        .collect();
    ended.into_iter().collect()
}
