//! The fair queue: agents take turns, and each agent's own requests go first come, first served.
//!
//! A plain request that had to leave may keep its place for a while: the same request of the same agent takes
//! it up again instead of standing at the end. Nobody is served at a kept place, and it holds nobody up.

use super::ask::Ask;
use crate::ids::AgentId;
use crate::time::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How long a place is kept, in milliseconds.
pub const PLACE_KEPT_MS: u64 = 120_000;

/// How many places of one agent are kept at once.
const MOST_KEPT: usize = 256;

/// What makes two requests of one agent the same: a hash of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u64);

impl From<u64> for Place {
    fn from(hash: u64) -> Self {
        Self(hash)
    }
}

/// What happens to the place of one who leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It is given up.
    Forget,
    /// It is kept for [`PLACE_KEPT_MS`].
    KeepPlace,
}

/// One waiter's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    pub(super) agent: AgentId,
    pub(super) number: u64,
}

impl Ticket {
    /// Who waits.
    #[must_use]
    pub const fn agent(&self) -> AgentId {
        self.agent
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Here,
    Away { until: Timestamp },
}

#[derive(Debug)]
struct Waiter {
    ask: Ask,
    place: Place,
    since: Timestamp,
    presence: Presence,
}

/// One agent's waiters by the order in which they came.
type Lane = BTreeMap<u64, Waiter>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    lanes: HashMap<AgentId, Lane>,
    /// Whose turn it is next; every agent that has a lane stands here once.
    turns: VecDeque<AgentId>,
    here: usize,
    /// How many places are kept for those who left.
    kept: usize,
    next: u64,
}

impl FairQueue {
    /// How many wait, kept places not counted.
    pub(super) fn len(&self) -> usize {
        self.here
    }

    /// How many places are kept for those who left.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Since when the longest waiter waits.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.lanes
            .values()
            .flat_map(BTreeMap::values)
            .filter(|w| w.presence == Presence::Here)
            .map(|w| w.since)
            .min()
    }

    /// Stands `ask` in its agent's lane, at its kept place if it has one.
    pub(super) fn enqueue(&mut self, ask: Ask, place: Place, now: Timestamp) -> Ticket {
        let agent = ask.agent;
        if !self.lanes.contains_key(&agent) {
            self.turns.push_back(agent);
        }
        let lane = self.lanes.entry(agent).or_default();
        self.here += 1;
        let kept = lane.iter_mut().find(|(_, w)| {
            w.place == place && matches!(w.presence, Presence::Away { until } if until > now)
        });
        if let Some((number, waiter)) = kept {
            self.kept -= 1;
            waiter.presence = Presence::Here;
            waiter.ask = ask;
            return Ticket {
                agent,
                number: *number,
            };
        }
        let number = self.next;
        self.next += 1;
        lane.insert(
            number,
            Waiter {
                ask,
                place,
                since: now,
                presence: Presence::Here,
            },
        );
        Ticket { agent, number }
    }

    /// Takes a waiter out who does not wait any longer.
    pub(super) fn leave(&mut self, ticket: Ticket, leave: Leave, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&ticket.agent) else {
            return;
        };
        let kept = lane.len()
            - lane
                .values()
                .filter(|w| w.presence == Presence::Here)
                .count();
        let Some(waiter) = lane.get_mut(&ticket.number) else {
            return;
        };
        if waiter.presence != Presence::Here {
            return;
        }
        if leave == Leave::KeepPlace && kept < MOST_KEPT {
            waiter.presence = Presence::Away {
                until: now.plus_ms(PLACE_KEPT_MS),
            };
            self.here -= 1;
            self.kept += 1;
        } else {
            self.remove(ticket);
        }
    }

    /// Gives up a kept place: its request was served without waiting.
    pub(super) fn forget_place(&mut self, agent: AgentId, place: Place) {
        let Some(lane) = self.lanes.get(&agent) else {
            return;
        };
        let kept = lane
            .iter()
            .find(|(_, w)| w.place == place && w.presence != Presence::Here)
            .map(|(number, _)| *number);
        if let Some(number) = kept {
            self.remove(Ticket { agent, number });
        }
    }

    fn remove(&mut self, ticket: Ticket) {
        let Some(lane) = self.lanes.get_mut(&ticket.agent) else {
            return;
        };
        let Some(waiter) = lane.remove(&ticket.number) else {
            return;
        };
        match waiter.presence {
            Presence::Here => self.here -= 1,
            Presence::Away { .. } => self.kept -= 1,
        }
        if lane.is_empty() {
            self.lanes.remove(&ticket.agent);
            self.turns.retain(|agent| *agent != ticket.agent);
        }
    }

    /// Gives up all kept places of an agent who is served without waiting: where keys are free, places are worth
    /// nothing, and it may have been one of those requests.
    pub(super) fn forget_places(&mut self, agent: AgentId) {
        if self.kept == 0 {
            return;
        }
        let Some(lane) = self.lanes.get_mut(&agent) else {
            return;
        };
        let stood = lane.len();
        lane.retain(|_, waiter| waiter.presence == Presence::Here);
        self.kept -= stood - lane.len();
        if lane.is_empty() {
            self.lanes.remove(&agent);
            self.turns.retain(|other| *other != agent);
        }
    }

    /// Drops kept places whose time is over.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if self.kept == 0 {
            return;
        }
        let mut kept = 0;
        self.lanes.retain(|_, lane| {
            lane.retain(|_, waiter| match waiter.presence {
                Presence::Here => true,
                Presence::Away { until } => {
                    let stays = until > now;
                    kept += usize::from(stays);
                    stays
                }
            });
            !lane.is_empty()
        });
        self.kept = kept;
        let lanes = &self.lanes;
        self.turns.retain(|agent| lanes.contains_key(agent));
    }

    /// The clock was set back: places are kept no longer for that.
    pub(super) fn shift_back(&mut self, by_ms: u64) {
        for waiter in self.lanes.values_mut().flat_map(BTreeMap::values_mut) {
            waiter.since = waiter.since.minus_ms(by_ms);
            if let Presence::Away { until } = &mut waiter.presence {
                *until = until.minus_ms(by_ms);
            }
        }
    }

    /// Serves waiters in turn until nobody can be served any more.
    ///
    /// `serve` tries to serve one ask and says whether it did. Serving only ever uses up what others might have
    /// had, so whoever could not be served once is not asked again.
    pub(super) fn serve_in_turn(&mut self, mut serve: impl FnMut(&Ask, Ticket) -> bool) {
        let mut turn = 0;
        while let Some(agent) = self.turns.get(turn).copied() {
            let served = self.lanes.get(&agent).and_then(|lane| {
                lane.iter()
                    .filter(|(_, w)| w.presence == Presence::Here)
                    .map(|(number, w)| {
                        let number = *number;
                        (Ticket { agent, number }, w)
                    })
                    .find(|(ticket, w)| serve(&w.ask, *ticket))
                    .map(|(ticket, _)| ticket)
            });
            match served {
                // Served: to the end of the line, so the next agent stands at this turn now.
                Some(ticket) => {
                    self.turns.remove(turn);
                    self.turns.push_back(agent);
                    self.remove(ticket);
                }
                None => turn += 1,
            }
        }
    }

    /// Takes out every waiter for whom `why` finds a reason.
    pub(super) fn refuse<R>(&mut self, mut why: impl FnMut(&Ask) -> Option<R>) -> Vec<(Ticket, R)> {
        let mut refused = Vec::new();
        for (agent, lane) in &self.lanes {
            for (number, waiter) in lane.iter().filter(|(_, w)| w.presence == Presence::Here) {
                if let Some(reason) = why(&waiter.ask) {
                    let ticket = Ticket {
                        agent: *agent,
                        number: *number,
                    };
                    refused.push((ticket, reason));
                }
            }
        }
        for (ticket, _) in &refused {
            self.remove(*ticket);
        }
        refused
    }
}
