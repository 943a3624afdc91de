//! Agents on the wire.

use super::liveness;
use super::time::rfc3339;
use portunus_api::SecretText;
use portunus_api::agents as api;
use portunus_app::Plane;
use portunus_app::agents::create::Created;
use portunus_app::liveness::Life;
use portunus_core::agent::{Agent, Principal};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;

pub(crate) fn agent(agent: &Agent, life: &Life) -> api::Agent {
    api::Agent {
        id: agent.id.to_string(),
        name: agent.name.to_string(),
        display_name: agent.display_name.as_ref().map(ToString::to_string),
        scopes: agent.scopes.patterns().map(ToString::to_string).collect(),
        generation: agent.generation,
        created_at: rfc3339(agent.created_at),
        archived_at: agent.archived_at.map(rfc3339),
        status: liveness::status(life.status),
        cadence: life.cadence.map(|cadence| cadence.to_string()),
        last_heartbeat_at: life.last_heartbeat_at.map(rfc3339),
        last_seen_at: life.last_seen_at.map(rfc3339),
        note: life.note.as_ref().map(ToString::to_string),
    }
}

/// What people call an agent now, if it lives and has a name for that.
pub(super) fn called(plane: &Plane, agent: AgentId) -> Option<String> {
    let names = plane.names_of(Principal::Agent(agent))?;
    names.display.map(|name| name.to_string())
}

/// An agent and its new token, in the one answer that shows it.
pub(crate) fn created(created: &Created, expires_at: Option<Timestamp>) -> api::AgentCreated {
    api::AgentCreated {
        agent: agent(&created.agent, &Life::UNHEARD),
        token: SecretText::new(created.token.expose().to_owned()),
        kid: created.kid.to_string(),
        expires_at: expires_at.map(rfc3339),
    }
}
