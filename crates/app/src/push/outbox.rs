//! What becomes of the messages that a connection's principal wrote.
//!
//! Deliveries that move are gathered by message and told at most once a second, as counts with the first of those that
//! moved, so that a message to ten thousand agents is a few events to its sender and no storm. With each connection, and
//! when something was missed, the newest messages are told as they stand. Counting takes longer in a larger fleet: rounds
//! come as much later then, so that whoever follows costs the database a share of its time and no more.

use super::PAUSE_MS;
use super::news::Moves;
use super::registry::Member;
use super::told::{Followed, Moved, Told};
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::MessageId;
use portunus_core::time::Timestamp;
use portunus_store::Sent;
use std::collections::{HashMap, VecDeque};

/// How many of the newest messages are told of to begin with, and how many messages travel in one event.
const IN_A_PART: u32 = 50;
/// How long deliveries that move are gathered, in milliseconds.
const ROUND_MS: u64 = 1_000;
/// How many times as long as counting took the next round waits: it takes at most a twentieth of the time.
const REST_FACTOR: u64 = 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Outbox {
    sender: Principal,
    /// Whether the newest messages are to be told as they stand.
    is_to_tell_all: bool,
    /// What is told in this round.
    round: VecDeque<(MessageId, Moves)>,
    /// When the next round may begin.
    next_round: Timestamp,
    /// When the database may be asked again.
    not_before: Timestamp,
}

impl Outbox {
    pub(super) const fn new(sender: Principal) -> Self {
        Self {
            sender,
            is_to_tell_all: true,
            round: VecDeque::new(),
            next_round: Timestamp::EPOCH,
            not_before: Timestamp::EPOCH,
        }
    }

    /// Whether something waits to be told.
    pub(super) fn is_pressing(&self, member: &Member) -> bool {
        self.is_to_tell_all || !self.round.is_empty() || !member.news.lock().is_empty()
    }

    /// When to look without being rung.
    pub(super) fn look_at(&self, member: &Member) -> Option<Timestamp> {
        if self.is_to_tell_all || !self.round.is_empty() {
            return Some(self.not_before);
        }
        let waits = !member.news.lock().is_empty();
        waits.then(|| self.next_round.max(self.not_before))
    }

    /// The next part; `None` when there is nothing to tell now.
    pub(super) async fn next(
        &mut self,
        plane: &Plane,
        member: &Member,
    ) -> Result<Option<Told>, Failure> {
        let now = plane.clock.now();
        if now < self.not_before {
            return Ok(None);
        }
        let before = plane.tick();
        let told = self.look(plane, member, now).await;
        self.next_round = rested(self.next_round, now, before.ms_until(plane.tick()));
        if told.is_err() {
            self.not_before = now.plus_ms(PAUSE_MS);
        }
        told
    }

    async fn look(
        &mut self,
        plane: &Plane,
        member: &Member,
        now: Timestamp,
    ) -> Result<Option<Told>, Failure> {
        if self.round.is_empty() && now >= self.next_round {
            self.begin_round(member, now);
        }
        if self.is_to_tell_all {
            let newest = plane.store.sent(self.sender, now, IN_A_PART).await?;
            self.is_to_tell_all = false;
            let nothing = Moves::default();
            let told = newest
                .into_iter()
                .map(|sent| followed(plane, sent, &nothing));
            return Ok(Some(Told::Deliveries(told.collect())));
        }
        let part = usize::try_from(IN_A_PART).unwrap_or(1);
        let ids: Vec<MessageId> = self.round.iter().take(part).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let standings = plane.store.standings(&ids, now).await?;
        let mut moves: HashMap<MessageId, Moves> = self.round.drain(..ids.len()).collect();
        let told = standings.into_iter().map(|sent| {
            let moves = moves.remove(&sent.message).unwrap_or_default();
            followed(plane, sent, &moves)
        });
        Ok(Some(Told::Deliveries(told.collect())))
    }

    fn begin_round(&mut self, member: &Member, now: Timestamp) {
        let news = std::mem::take(&mut *member.news.lock());
        if news.is_empty() {
            return;
        }
        self.is_to_tell_all |= news.is_incomplete;
        self.round = news.into_round();
        self.next_round = now.plus_ms(ROUND_MS);
    }
}

/// When the next round may begin after counting took so long at `now`.
fn rested(next_round: Timestamp, now: Timestamp, took_ms: u64) -> Timestamp {
    match took_ms {
        0 => next_round,
        _ => next_round
            .max(now)
            .plus_ms(took_ms.saturating_mul(REST_FACTOR)),
    }
}

fn followed(plane: &Plane, sent: Sent, moves: &Moves) -> Followed {
    let moved = moves.named.iter().map(|moved| Moved {
        recipient: moved.recipient,
        name: plane
            .names_of(Principal::Agent(moved.recipient))
            .map(|names| names.name),
        state: moved.state,
    });
    Followed {
        sent,
        moved: moved.collect(),
        has_more: moves.has_more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_takes_a_twentieth_of_the_time_at_most() {
        let rested = |next: u64, now: u64, took_ms| {
            let at = Timestamp::from_millis;
            rested(at(next), at(now), took_ms).as_millis()
        };
        assert_eq!(
            rested(1_000, 400, 0),
            1_000,
            "what costs nothing waits for nothing"
        );
        assert_eq!(rested(1_000, 400, 3), 1_060);
        assert_eq!(rested(0, 400, 3_000), 60_400);
        assert_eq!(
            rested(60_400, 500, 10),
            60_600,
            "the parts of a round add up"
        );
        assert_eq!(rested(0, 1, u64::MAX), u64::MAX, "far away, and no panic");
    }
}
