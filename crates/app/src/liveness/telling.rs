//! What is told when agents fall silent and come back: entries of the record, written behind, and places given back.

use super::Liveness;
use crate::audit::{Detailed, event};
use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::ids::AgentId;
use portunus_core::liveness::{LifeEvent, Silence};

impl Liveness {
    pub(super) fn tell(&self, events: &[LifeEvent]) {
        for event in events {
            match *event {
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
