//! Lists living agents by name, all of them or those of one status.

use crate::listing::ListError;
use crate::liveness::Life;
use crate::plane::Plane;
use portunus_core::agent::Agent;
use portunus_core::liveness::Status;
use portunus_store::{Listing, MAX_LIMIT, Page, position};

/// One page of the living agents, of those of one status if one is asked for.
pub async fn list(
    plane: &Plane,
    status: Option<Status>,
    page: Page,
) -> Result<Listing<(Agent, Life)>, ListError> {
    let Some(status) = status else {
        let Listing { items, next } = plane.store.agents(page).await?;
        let items = with_lives(plane, items).await?;
        return Ok(Listing { items, next });
    };
    of_status(plane, status, page).await
}

/// Statuses are in memory and names in the store, so that as many pages are read as it takes to fill one.
async fn of_status(
    plane: &Plane,
    status: Status,
    page: Page,
) -> Result<Listing<(Agent, Life)>, ListError> {
    let size = page.size();
    let mut found = Vec::new();
    let mut after = page.after;
    while found.len() <= size {
        let limit = MAX_LIMIT;
        let Listing { items, next } = plane.store.agents(Page { after, limit }).await?;
        let items = with_lives(plane, items).await?;
        found.extend(items.into_iter().filter(|(_, life)| life.status == status));
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(Listing::cut(found, size, |(agent, _)| {
        position::after_agent(agent)
    }))
}

async fn with_lives(plane: &Plane, agents: Vec<Agent>) -> Result<Vec<(Agent, Life)>, ListError> {
    let mut with_lives = Vec::with_capacity(agents.len());
    for agent in agents {
        let life = plane.liveness().of(agent.id).await?;
        with_lives.push((agent, life));
    }
    Ok(with_lives)
}
