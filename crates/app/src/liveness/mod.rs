//! Who is alive (P9): signs of life are noted where credentials are proven, and [`portunus_core::liveness`] judges them.
//!
//! [`pulse`] is what a request leaves behind, [`keeper`] looks up when a timer goes off and tells what there is to tell,
//! and [`saving`] writes behind what should outlive a restart. [`beat`] and [`watch`] are the use cases.

pub mod beat;
mod keeper;
pub(crate) mod life;
pub(crate) mod pulse;
mod saving;
mod telling;
pub mod watch;

pub use beat::{Beat, BeatError, Heard, beat};
pub use life::Life;
pub use pulse::Presence;
pub use watch::watch;

use crate::alarms::Alarms;
use crate::credential::session::Session;
use crate::directory::{Directory, Fill};
use crate::plane::PlaneParts;
use crate::pools::Pools;
use crate::push::Push;
use crate::turns::Turns;
use life::Known;
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::liveness::{LifeEvent, Past, Pulse as _, Roll, Status, Watch};
use portunus_core::time::Clock;
use portunus_store::{Liveness as Row, Store, StoreError};
use pulse::{Noted, Pulse};
use saving::Saving;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use telling::Telling;
use tokio::sync::Notify;

/// What a plane knows of who is alive.
pub struct Liveness {
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    pools: Arc<Pools>,
    push: Arc<Push>,
    alarms: Arc<Alarms>,
    roll: Mutex<Roll<Known>>,
    telling: Telling,
    /// Agents of which a sign was listened for and has come.
    signs: Mutex<Vec<AgentId>>,
    turns: Arc<Turns>,
    /// Rung when the keeper has to look.
    bell: Notify,
    saving: Saving,
    /// Whether all that was saved is in the roll.
    is_loaded: AtomicBool,
    beats: AtomicU64,
}

impl fmt::Debug for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Liveness(..)")
    }
}

/// How many agents stand how, and what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many agents stand how.
    pub agents: [(Status, usize); Status::ALL.len()],
    /// Whether so many fell silent together that the plane is suspect.
    pub is_observer_suspect: bool,
    /// Heartbeats since the start.
    pub beats: u64,
}

impl Liveness {
    /// Begins to observe. What was saved is taken over at once when all agents are in memory, else behind that.
    pub(crate) async fn open(
        parts: &PlaneParts,
        directory: &Arc<Directory>,
        pools: &Arc<Pools>,
        (push, alarms): (&Arc<Push>, &Arc<Alarms>),
        turns: &Arc<Turns>,
        fill: &Fill,
    ) -> Result<Self, StoreError> {
        let liveness = Self {
            roll: Mutex::new(Roll::new(parts.clock.tick())),
            clock: Arc::clone(&parts.clock),
            store: Arc::clone(&parts.store),
            directory: Arc::clone(directory),
            pools: Arc::clone(pools),
            push: Arc::clone(push),
            alarms: Arc::clone(alarms),
            telling: Telling::default(),
            signs: Mutex::default(),
            turns: Arc::clone(turns),
            bell: Notify::new(),
            saving: Saving::default(),
            is_loaded: AtomicBool::new(false),
            beats: AtomicU64::new(0),
        };
        if fill.is_finished() {
            liveness.load_page(AgentId::from_bytes([0; 16])).await?;
        }
        Ok(liveness)
    }

    /// Notes that whoever has the session did something just now.
    pub(crate) fn sign(&self, session: &Session) {
        if let (Principal::Agent(agent), Some(pulse)) = (session.principal, session.pulse()) {
            self.note(agent, pulse);
        }
    }

    /// Notes that an agent proved itself in another way than by a session.
    pub(crate) fn sign_of(&self, principal: Principal) {
        if let Principal::Agent(agent) = principal
            && let Some(pulse) = self.directory.pulse_of(agent)
        {
            self.note(agent, &pulse);
        }
    }

    fn note(&self, agent: AgentId, pulse: &Pulse) {
        if pulse.note(self.clock.tick()) == Noted::Listened {
            self.signs.lock().push(agent);
            self.bell.notify_one();
        }
    }

    /// Notes that a request of an agent is over, and that its client was there until now.
    pub fn leave(&self, presence: Presence) {
        // One that is listened for is so because it was never heard of, which a running request rules out.
        let _ = presence.pulse().note(self.clock.tick());
        drop(presence);
    }

    /// How many agents stand how.
    #[must_use]
    pub fn census(&self) -> Census {
        let roll = self.roll.lock();
        let unheard = self.directory.agents().saturating_sub(roll.len());
        let mut agents = roll.census();
        for (status, count) in &mut agents {
            if *status == Status::Provisioning {
                *count += unheard;
            }
        }
        Census {
            agents,
            is_observer_suspect: roll.is_suspect(),
            beats: self.beats.load(Ordering::Relaxed),
        }
    }

    /// How an agent stands, and when it was heard of.
    ///
    /// # Errors
    ///
    /// When what was saved of it is not in memory yet, and the store cannot be asked.
    pub async fn of(&self, agent: AgentId) -> Result<Life, StoreError> {
        if !self.is_loaded.load(Ordering::Acquire) || self.is_heard_of(agent) {
            self.meet(agent).await?;
        }
        Ok(self.look(agent))
    }

    /// Whether the agent left a sign of life in this run, which the keeper may not have come to yet.
    fn is_heard_of(&self, agent: AgentId) -> bool {
        let pulse = self.directory.pulse_of(agent);
        pulse.is_some_and(|pulse| pulse.heard_at().is_some())
    }

    fn look(&self, agent: AgentId) -> Life {
        let wall = self.clock.now();
        let mut roll = self.roll.lock();
        let Some(look) = roll.look(agent, self.clock.tick()) else {
            return Life::UNHEARD;
        };
        let known = roll.pulse_mut(agent);
        known.map_or(Life::UNHEARD, |known| known.life(&look, wall))
    }

    /// Forgets an agent that is gone, and nobody waits for it. To be called after the directory has forgotten it.
    pub(crate) fn forget(&self, agent: AgentId) {
        self.with_roll(|roll, now, events| roll.forget(agent, now, events));
        self.excuse(agent);
    }

    /// Makes sure that the roll knows an agent of which there is something to know.
    async fn meet(&self, agent: AgentId) -> Result<(), StoreError> {
        if self.roll.lock().knows(agent) {
            return Ok(());
        }
        let saved = if self.is_loaded.load(Ordering::Acquire) {
            None
        } else {
            let _turn = self.turns.next().await;
            if self.roll.lock().knows(agent) {
                return Ok(());
            }
            let rows = self.store.liveness_from(agent, 1).await?;
            rows.into_iter().find(|row| row.agent == agent)
        };
        self.take_in(&saved.unwrap_or_else(|| Row::of(agent)));
        Ok(())
    }

    /// Takes over what was saved of an agent, if it lives and is not known.
    fn take_in(&self, row: &Row) {
        let past = match (row.is_told_offline, row.seen_at.or(row.heartbeat_at)) {
            (true, _) => Past::Offline,
            (false, Some(_)) => Past::Heard,
            (false, None) => Past::Unheard,
        };
        self.with_roll(|roll, now, events| {
            // An agent that is deleted is forgotten by the directory first, and then by the roll.
            if let Some(pulse) = self.directory.pulse_of(row.agent) {
                let known = Known::new(pulse, row, now);
                roll.enlist(
                    row.agent,
                    known,
                    (row.cadence, row.watch, past),
                    now,
                    events,
                );
            }
        });
    }

    /// Has an agent watched from now on, or not.
    async fn set_watch(&self, agent: AgentId, watch: Watch) -> Result<(), StoreError> {
        self.meet(agent).await?;
        self.with_roll(|roll, now, events| roll.watch(agent, watch, now, events));
        if watch == Watch::Paused {
            self.excuse(agent);
        }
        // Whoever is paused is believed to be offline by nobody, also after a restart.
        self.save_soon(agent);
        Ok(())
    }

    /// Does something to the roll, and tells what comes of it.
    fn with_roll<T>(
        &self,
        act: impl FnOnce(&mut Roll<Known>, portunus_core::time::Tick, &mut Vec<LifeEvent>) -> T,
    ) -> T {
        let mut events = Vec::new();
        let mut roll = self.roll.lock();
        let before = roll.next_look();
        let done = act(&mut roll, self.clock.tick(), &mut events);
        let is_sooner = roll.next_look() < before;
        let changed = roll.take_changed();
        self.telling.decided(events);
        drop(roll);
        self.push.agents_changed(&changed);
        if is_sooner {
            self.bell.notify_one();
        }
        self.tell();
        done
    }
}
