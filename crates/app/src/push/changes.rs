//! What changed since a connection was told how things stand: read from the feed in batches, told one by one.

use super::feed::{Change, Feed};
use super::state::IN_A_PART;
use super::told::{Told, Topic};
use crate::failure::Failure;
use crate::notifications;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::{Board, Place};
use std::collections::{HashSet, VecDeque};
use std::future::pending;
use tokio::sync::watch;

/// Changes that are looked at together: of an agent that changed often the last one counts.
const AT_ONCE: usize = 1_024;

/// What a connection hears of, and as whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ears<'a> {
    pub(super) topics: &'a [Topic],
    pub(super) principal: Principal,
    /// Whether it may look at messages, which those on boards take besides the topic.
    pub(super) reads_messages: bool,
}

impl Ears<'_> {
    fn hear(self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }
}

/// What has to be told in full again, because the feed has forgotten changes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anew {
    All,
    Notifications,
}

impl Anew {
    /// Which of a connection's topics that are.
    pub(super) const fn of(self, topics: &[Topic]) -> &[Topic] {
        match self {
            Self::All => topics,
            Self::Notifications => &[Topic::Notifications],
        }
    }
}

/// What comes next.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) told: Option<Told>,
    pub(super) anew: Option<Anew>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Changes {
    /// Wakes the connection; only with a topic whose changes the feed has.
    moves: Option<watch::Receiver<u64>>,
    /// Up to where it was told.
    place: u64,
    /// What is to be told, and where that ends.
    told: VecDeque<Told>,
    end: u64,
}

impl Changes {
    /// Those behind `place`.
    pub(super) const fn from(place: u64, moves: Option<watch::Receiver<u64>>) -> Self {
        Self {
            moves,
            place,
            told: VecDeque::new(),
            end: place,
        }
    }

    /// Up to where the connection was told.
    pub(super) const fn place(&self) -> u64 {
        self.place
    }

    /// Whether something changed since.
    pub(super) fn is_behind(&self, feed: &Feed) -> bool {
        self.moves.is_some() && self.place < feed.head()
    }

    /// Waits until something changes; for ever where nothing will. May be given up at any moment.
    pub(super) async fn come(&mut self) {
        let Some(moves) = &mut self.moves else {
            return pending().await;
        };
        // The feed goes before its readers.
        if moves.changed().await.is_err() {
            pending().await
        }
    }

    /// The next one.
    pub(super) async fn next(&mut self, plane: &Plane, ears: Ears<'_>) -> Result<Next, Failure> {
        let mut next = Next::default();
        if self.told.is_empty() {
            let Some(moves) = &mut self.moves else {
                return Ok(next);
            };
            moves.mark_unchanged();
            next.anew = self.gather(plane, ears).await?;
        }
        next.told = self.pop(&plane.push().feed, ears);
        if self.told.is_empty() {
            self.place = self.end;
        }
        Ok(next)
    }

    /// The next one that may be told still: since it was gathered a scope may be lost, or a board gone.
    fn pop(&mut self, feed: &Feed, ears: Ears<'_>) -> Option<Told> {
        loop {
            let told = self.told.pop_front()?;
            let may_be_told = match &told {
                Told::BoardMessage(message) => {
                    let is_gone = |place: &Place| matches!(place, Place::Board { id, .. } if feed.is_gone(*id));
                    ears.reads_messages && !is_gone(&message.place)
                }
                // A change of one alone.
                Told::Boards(boards) => !boards.iter().any(|board| feed.is_gone(board.id)),
                _ => true,
            };
            if may_be_told {
                return Some(told);
            }
        }
    }

    async fn gather(&mut self, plane: &Plane, ears: Ears<'_>) -> Result<Option<Anew>, Failure> {
        let feed = &plane.push().feed;
        let Ok(found) = feed.behind(self.place, AT_ONCE) else {
            self.place = feed.head();
            self.end = self.place;
            return Ok(Some(Anew::All));
        };
        let missed = |change: &Change| matches!(change, Change::NotificationsMissed);
        let is_missing = ears.hear(Topic::Notifications) && found.iter().any(missed);
        let end = self.place + u64::try_from(found.len()).unwrap_or(0);
        let (agents, told) = sorted(found, ears);
        let mut parts = parts(plane, agents).await?;
        parts.extend(told);
        (self.told, self.end) = (parts, end);
        Ok(is_missing.then_some(Anew::Notifications))
    }
}

/// Agents whose standing is to be looked up, and what can be told as it is; both in the order in which they happened last.
fn sorted(found: Vec<Change>, ears: Ears<'_>) -> (Vec<AgentId>, Vec<Told>) {
    let (mut agents, mut told) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for change in found.into_iter().rev() {
        match change {
            Change::Agent(id) if ears.hear(Topic::Agents) && seen.insert(id) => agents.push(id),
            Change::AgentGone(id) if ears.hear(Topic::Agents) && seen.insert(id) => {
                told.push(Told::AgentGone(id));
            }
            Change::Board(board) if ears.hear(Topic::Boards) => {
                told.push(Told::Boards(vec![Board::clone(&board)]));
            }
            Change::BoardGone(id) if ears.hear(Topic::Boards) => told.push(Told::BoardGone(id)),
            Change::BoardMessage(message) if ears.hear(Topic::Boards) && ears.reads_messages => {
                told.push(Told::BoardMessage(message));
            }
            Change::Notification(sent) if ears.hear(Topic::Notifications) => {
                told.push(Told::Notification(notifications::news(
                    &sent,
                    ears.principal,
                )));
            }
            Change::NotificationsRead(reader, marked)
                if ears.hear(Topic::Notifications)
                    && ears.principal == Principal::Operator(reader) =>
            {
                told.push(Told::NotificationsRead(marked));
            }
            _ => {}
        }
    }
    agents.reverse();
    told.reverse();
    (agents, told)
}

async fn parts(plane: &Plane, agents: Vec<AgentId>) -> Result<VecDeque<Told>, Failure> {
    let mut parts = VecDeque::new();
    for part in agents.chunks(usize::try_from(IN_A_PART).unwrap_or(1)) {
        let mut lines = Vec::with_capacity(part.len());
        for id in part {
            lines.extend(plane.line_of(*id).await?);
        }
        if !lines.is_empty() {
            parts.push_back(Told::Agents(lines));
        }
    }
    Ok(parts)
}
