//! What a client wants to hear, and whether it may.

use super::registry::Full;
use super::told::Topic;
use super::{MOST_UNREAD, PUSH};
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::push::{Cursor, CursorError};
use portunus_core::scope::Scope;

/// What a client wants to hear.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of what; what is usual for its kind when it does not say.
    pub topics: Option<Vec<Topic>>,
    /// From where it goes on: a cursor that its principal was given.
    pub cursor: Option<String>,
    /// Whether it is kept in access tokens.
    pub tokens: Tokens,
    /// For how long a message is not pushed again, in milliseconds.
    pub visibility_ms: u64,
    /// How many messages may be under way.
    pub window: Window,
}

/// How many messages may be under way to one connection: at least one, at most [`MOST_UNREAD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(usize);

impl Window {
    /// So many, or as many as there may be at most when nothing is said; `None` for a number that cannot be.
    #[must_use]
    pub fn of(wanted: Option<u64>) -> Option<Self> {
        match wanted.map(usize::try_from) {
            None => Some(Self::default()),
            Some(Ok(count @ 1..=MOST_UNREAD)) => Some(Self(count)),
            Some(_) => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0
    }
}

impl Default for Window {
    fn default() -> Self {
        Self(MOST_UNREAD)
    }
}

/// Whether a client is kept in access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// Only if it came with one.
    #[default]
    AsItCame,
    /// Always.
    Kept,
}

/// Why no connection is opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The credential does not hold what this takes.
    #[error("the credential does not hold the scope {0}")]
    Scope(Scope),
    /// Operators have no inbox.
    #[error("only agents have an inbox")]
    NoInbox,
    /// Too many are open.
    #[error(transparent)]
    Full(#[from] Full),
    /// The cursor is none that this plane gave to whoever came with it.
    #[error(transparent)]
    BadCursor(#[from] CursorError),
    /// It could not be decided.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// What a connection tells of: what is asked for and held, or what is usual and held.
pub(super) fn topics(
    session: &Session,
    wanted: Option<Vec<Topic>>,
) -> Result<Vec<Topic>, NotOpened> {
    if !session.grants().allow(PUSH) {
        return Err(NotOpened::Scope(PUSH));
    }
    let is_agent = matches!(session.principal, Principal::Agent(_));
    let Some(mut topics) = wanted else {
        let usual = if is_agent {
            Topic::Inbox
        } else {
            Topic::Agents
        };
        let is_held = session.grants().allow(usual.scope());
        return Ok(is_held.then_some(usual).into_iter().collect());
    };
    topics.sort();
    topics.dedup();
    if topics.contains(&Topic::Inbox) && !is_agent {
        return Err(NotOpened::NoInbox);
    }
    let missing = topics.iter().map(|topic| topic.scope());
    match missing
        .into_iter()
        .find(|scope| !session.grants().allow(*scope))
    {
        Some(missing) => Err(NotOpened::Scope(missing)),
        None => Ok(topics),
    }
}

/// From where changes are told, and whether that goes on where the cursor is: only for a client that knows the whole state
/// of what it wants to hear of, and not a part of it.
pub(super) fn place(
    plane: &Plane,
    topics: &[Topic],
    cursor: Option<Cursor>,
) -> Result<(u64, bool), NotOpened> {
    let feed = &plane.push().feed;
    let head = feed.head();
    let Some(cursor) = cursor else {
        return Ok((head, false));
    };
    let is_of_this_run = cursor.run == feed.run;
    if is_of_this_run && cursor.position > head {
        return Err(CursorError.into());
    }
    if !topics.iter().any(|topic| topic.is_shared()) {
        return Ok((head, true));
    }
    let shared = topics.iter().filter(|topic| topic.is_shared());
    let knows_all = shared
        .map(|topic| topic.bit())
        .all(|bit| cursor.told & bit != 0);
    let is_kept = is_of_this_run && feed.behind(cursor.position, 1).is_ok();
    Ok(if is_kept && knows_all {
        (cursor.position, true)
    } else {
        (head, false)
    })
}
