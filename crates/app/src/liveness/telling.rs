//! What is told when agents fall silent and come back: entries of the record, written behind, and places given back.
//!
//! It is told in the order in which it was decided, whoever decided it: an alarm that is raised after its agent came back
//! would never be over.

use super::Liveness;
use crate::alarms::sources;
use crate::audit::{Detailed, event};
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::ids::AgentId;
use portunus_core::liveness::{LifeEvent, Silence};
use std::collections::VecDeque;

/// What was decided and is not told yet.
#[derive(Debug, Default)]
pub(super) struct Telling {
    words: Mutex<VecDeque<Word>>,
    /// Held by whoever tells, without the roll's lock.
    turn: Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Life(LifeEvent),
    /// Nobody waits for the agent any more: it is paused, archived or deleted.
    Excused(AgentId),
}

impl Telling {
    /// To be called under the roll's lock, which makes the order.
    pub(super) fn decided(&self, events: Vec<LifeEvent>) {
        if !events.is_empty() {
            self.words.lock().extend(events.into_iter().map(Word::Life));
        }
    }

    fn next(&self) -> Option<Word> {
        self.words.lock().pop_front()
    }
}

impl Liveness {
    /// Ends the alarm about an agent, if there is one, behind all that was decided about it before.
    pub(super) fn excuse(&self, agent: AgentId) {
        self.telling.words.lock().push_back(Word::Excused(agent));
        self.tell();
    }

    /// Tells what was decided. Who finds somebody telling leaves it to them and waits for nothing: they look once more
    /// after they are done.
    pub(super) fn tell(&self) {
        while !self.telling.words.lock().is_empty() {
            let Some(_turn) = self.telling.turn.try_lock() else {
                return;
            };
            while let Some(word) = self.telling.next() {
                self.say(word);
            }
        }
    }

    fn say(&self, word: Word) {
        match word {
            Word::Excused(agent) => sources::excuse(&self.alarms, agent, self.clock.now()),
            Word::Life(event) => self.say_of_life(event),
        }
    }

    fn say_of_life(&self, event: LifeEvent) {
        match event {
            LifeEvent::Left(agent) => self.reclaim(agent),
            LifeEvent::Offline { agent, silent_ms } => {
                let entry = self
                    .entry("agent.offline", agent)
                    .with("silent_ms", silent_ms);
                self.pools.recorder().record_event(entry);
                self.save_soon(agent);
            }
            LifeEvent::Back(agent) => {
                self.pools
                    .recorder()
                    .record_event(self.entry("agent.online", agent));
                self.save_soon(agent);
            }
            LifeEvent::ObserverSuspect(silence) => {
                tracing::warn!(
                    silent = silence.silent,
                    watched = silence.watched,
                    "most agents fell silent together: the plane may be cut off from them"
                );
                self.tell_of_observer("observer.suspect", silence);
            }
            LifeEvent::ObserverTrusted(silence) => {
                self.tell_of_observer("observer.trusted", silence);
            }
        }
    }

    fn entry(&self, action: &'static str, agent: AgentId) -> AuditEvent {
        let name = self.directory.name_of(Principal::Agent(agent));
        let entry = event(Actor::Plane, self.clock.now(), action, agent);
        entry.with("name", name.as_deref().unwrap_or_default())
    }

    fn tell_of_observer(&self, action: &'static str, silence: Silence) {
        let entry = event(Actor::Plane, self.clock.now(), action, "plane")
            .with("silent", silence.silent)
            .with("watched", silence.watched);
        self.pools.recorder().record_event(entry);
    }

    /// Takes back what an agent that is offline left behind. Nothing of it runs, or it would not be offline, so that its
    /// leases are over; what it has are places in queues that are kept for requests which it will not repeat in time.
    fn reclaim(&self, agent: AgentId) {
        for pool in self.pools.all() {
            pool.forget_places(agent);
        }
    }
}
