//! The full state of what a connection tells of, in parts that are fetched as the client has room for them.

use super::told::{Account, AgentLine, Told, Topic};
use crate::agents;
use crate::failure::Failure;
use crate::listing::ListError;
use crate::messages::boards;
use crate::notifications;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::Tags;
use portunus_core::scope::ScopeSet;
use portunus_store::{Cursor, Page, Reader, Standing};
use std::sync::Arc;

/// How many agents or boards travel in one event.
pub(super) const IN_A_PART: u32 = 200;

/// What of the state is still to be told.
#[derive(Debug)]
pub(super) struct State {
    agents: Rest,
    boards: Rest,
    /// Whose reading of notifications, while it is to be told.
    unread: Option<Reader>,
}

#[derive(Debug)]
enum Rest {
    /// From here on.
    From(Option<Cursor>),
    Nothing,
}

impl Rest {
    const fn of(is_wanted: bool) -> Self {
        if is_wanted {
            Self::From(None)
        } else {
            Self::Nothing
        }
    }

    fn go_on(&mut self, next: Option<Cursor>) {
        *self = next.map_or(Self::Nothing, |next| Self::From(Some(next)));
    }
}

impl State {
    /// All of these topics, as `principal` sees them.
    pub(super) fn of(topics: &[Topic], principal: Principal) -> Self {
        let unread = topics.contains(&Topic::Notifications);
        Self {
            unread: unread.then(|| notifications::reader(principal)),
            agents: Rest::of(topics.contains(&Topic::Agents)),
            boards: Rest::of(topics.contains(&Topic::Boards)),
        }
    }

    /// Whether all there is of a topic was told.
    pub(super) const fn is_told(&self, topic: Topic) -> bool {
        match topic {
            Topic::Agents => matches!(self.agents, Rest::Nothing),
            Topic::Boards => matches!(self.boards, Rest::Nothing),
            Topic::Notifications => self.unread.is_none(),
            Topic::Inbox | Topic::Deliveries => true,
        }
    }

    /// The next part; `None` when all is told.
    pub(super) async fn next(&mut self, plane: &Plane) -> Result<Option<Told>, Failure> {
        let page = |after: &Option<Cursor>| Page {
            after: after.clone(),
            limit: IN_A_PART,
        };
        if let Rest::From(after) = &self.agents {
            let listing = agents::list(plane, Standing::Living, None, page(after)).await;
            let listing = listing.map_err(failure)?;
            self.agents.go_on(listing.next);
            let lines = listing.items.into_iter().map(|(agent, life)| AgentLine {
                id: agent.id,
                name: agent.name.shared(),
                display_name: agent.display_name.map(|name| name.shared()),
                life,
            });
            return Ok(Some(Told::Agents(lines.collect())));
        }
        if let Rest::From(after) = &self.boards {
            let listing = boards::list(plane, &Tags::default(), page(after)).await;
            let listing = listing.map_err(failure)?;
            self.boards.go_on(listing.next);
            return Ok(Some(Told::Boards(listing.items)));
        }
        if let Some(reader) = self.unread {
            let unread = notifications::unread(plane, reader, IN_A_PART).await?;
            self.unread = None;
            return Ok(Some(Told::Notifications(unread)));
        }
        Ok(None)
    }
}

fn failure(error: ListError) -> Failure {
    match error {
        ListError::Failure(failure) => failure,
        other => Failure::Defect(other.to_string()),
    }
}

impl Plane {
    /// An agent as it stands; `None` when it does not live.
    pub(super) async fn line_of(&self, id: AgentId) -> Result<Option<AgentLine>, Failure> {
        let Some(names) = self.names_of(Principal::Agent(id)) else {
            return Ok(None);
        };
        Ok(Some(AgentLine {
            id,
            name: names.name,
            display_name: names.display,
            life: self.liveness().of(id).await?,
        }))
    }

    /// Who a client is.
    pub(super) async fn account_of(
        &self,
        principal: Principal,
        name: Arc<str>,
        scopes: ScopeSet,
    ) -> Result<Account, Failure> {
        let agent = match principal {
            Principal::Agent(id) => self.line_of(id).await?,
            Principal::Operator(_) => None,
        };
        Ok(Account {
            principal,
            name,
            scopes,
            agent,
        })
    }
}
