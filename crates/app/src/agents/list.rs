//! Lists agents by name, all of them or those of one status.

use crate::listing::ListError;
use crate::liveness::Life;
use crate::plane::Plane;
use portunus_core::agent::Agent;
use portunus_core::liveness::Status;
use portunus_store::{Listing, MAX_LIMIT, Page, Standing, position};

/// One page of the agents of that standing, of those of one status if one is asked for.
pub async fn list(
    plane: &Plane,
    standing: Standing,
    status: Option<Status>,
    page: Page,
) -> Result<Listing<(Agent, Life)>, ListError> {
    let Some(status) = status else {
        let Listing { items, next } = plane.store.agents(standing, page).await?;
        let items = with_lives(plane, items).await?;
        return Ok(Listing { items, next });
    };
    of_status(plane, standing, status, page).await
}

/// Statuses are in memory and names in the store, so that as many pages are read as it takes to fill one.
async fn of_status(
    plane: &Plane,
    standing: Standing,
    status: Status,
    page: Page,
) -> Result<Listing<(Agent, Life)>, ListError> {
    let size = page.size();
    let mut found = Vec::new();
    let mut after = page.after;
    while found.len() <= size {
        let limit = MAX_LIMIT;
        let page = plane.store.agents(standing, Page { after, limit });
        let Listing { items, next } = page.await?;
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
