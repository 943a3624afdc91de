//! Takes messages out of an agent's own inbox, and waits for them if there are none.

use super::events::Listener;
use super::looks::Look;
use super::{NoInbox, own_inbox};
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::{Delivery, Message};
use portunus_core::scope::Scope;
use portunus_store::Inbox;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What a reader must hold, for as long as it waits.
pub const READ: Scope = Scope {
    resource: "inbox",
    verb: "read",
};
/// Longest time that a reader may wait, in milliseconds.
pub const LONGEST_WAIT_MS: u64 = 60_000;
/// Most readers of one agent that wait.
const MOST_EACH: usize = 4;
/// Most readers that wait on one node.
const MOST: usize = 20_000;
/// When a reader that found no place to wait may try again, in milliseconds.
const TRY_AGAIN_MS: u64 = 5_000;

/// What a reader wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How many messages at most.
    pub limit: u32,
    /// How long to wait for the first, in milliseconds; at most [`LONGEST_WAIT_MS`].
    pub wait_ms: u64,
    /// For how long what is taken is hidden from the next reader, in milliseconds.
    pub visibility_ms: u64,
}

/// Why no inbox was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// The principal has none.
    #[error(transparent)]
    NoInbox(#[from] NoInbox),
    /// Too many readers wait.
    #[error("too many readers wait for this inbox or on this node; {MOST_EACH} of one agent may")]
    TooManyWait {
        /// When one may try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The credential ended while the reader waited.
    #[error("the token was revoked while it waited for messages")]
    Ended,
    /// The agent's scopes were replaced while the reader waited.
    #[error("the agent of the token does not hold {READ} any more")]
    NotHeld {
        /// Whose inbox it is.
        agent: AgentId,
    },
    /// The plane shuts down while the reader waits; no message was taken.
    #[error("the plane is shutting down; no message was taken")]
    Draining,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Messages of the session's own agent, oldest first, with their deliveries. Empty when none came in time.
///
/// What is taken is `delivered`. Unless it is acknowledged in time, the next reader gets it again.
pub async fn take(
    plane: &Arc<Plane>,
    session: &Session,
    wanted: Wanted,
) -> Result<Vec<(Arc<Message>, Delivery)>, InboxError> {
    let agent = own_inbox(session.principal)?;
    if wanted.wait_ms == 0 {
        return Ok(look(plane, agent, wanted).await?.taken);
    }
    let bells = &plane.messages().bells;
    let listener = bells.listen(agent, MOST_EACH, MOST);
    let listener = listener.ok_or(InboxError::TooManyWait {
        retry_after_ms: TRY_AGAIN_MS,
    })?;
    let drained = plane.draining();
    tokio::select! {
        biased;
        // Whoever is revoked gets nothing any more, not even what is there already (P5).
        () = session.revoked.cancelled() => Err(InboxError::Ended),
        taken = wait(plane, agent, wanted, &listener) => taken,
        () = drained.cancelled() => Err(InboxError::Draining),
    }
}

/// Looks until something is there or the time is over. No connection to the database is held meanwhile.
async fn wait(
    plane: &Arc<Plane>,
    agent: AgentId,
    wanted: Wanted,
    listener: &Listener,
) -> Result<Vec<(Arc<Message>, Delivery)>, InboxError> {
    let wait = Duration::from_millis(wanted.wait_ms.min(LONGEST_WAIT_MS));
    let deadline = Instant::now() + wait;
    loop {
        // From before the look, so that nothing is written unheard between the two.
        let rung = listener.rung();
        let inbox = look(plane, agent, wanted).await?;
        if !inbox.taken.is_empty() || Instant::now() >= deadline {
            return Ok(inbox.taken);
        }
        let hidden = inbox.visible_at.map(|at| plane.now().ms_until(at).max(1));
        let hidden = hidden.map(|millis| Instant::now() + Duration::from_millis(millis));
        first_of(rung, hidden.unwrap_or(deadline).min(deadline)).await;
        // Nothing is handed out by what the agent held when it began to wait (P5). Access tokens that hold more than it
        // does now have ended.
        if !plane.holds(Principal::Agent(agent), READ) {
            return Err(InboxError::NotHeld { agent });
        }
    }
}

async fn first_of(rung: impl Future<Output = ()>, until: Instant) {
    tokio::select! {
        () = rung => {}
        () = sleep_until(until) => {}
    }
}

/// Looks once, together with whoever else does.
pub(crate) async fn look(
    plane: &Arc<Plane>,
    agent: AgentId,
    wanted: Wanted,
) -> Result<Inbox, Failure> {
    let look = Look {
        agent,
        limit: wanted.limit,
        visibility_ms: wanted.visibility_ms,
    };
    plane.messages().looks.ask(look).await
}
