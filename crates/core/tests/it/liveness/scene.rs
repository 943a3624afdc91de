//! A roll with agents whose other signs of life are cells, and a keeper that looks up exactly when it is told to.

use portunus_core::ids::AgentId;
use portunus_core::liveness::{Beaten, Cadence, LifeEvent, Past, Pulse, Roll, Status, Watch};
use portunus_core::time::Tick;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

/// What an agent does besides beating.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sign(Rc<Marks>);

#[derive(Debug, Default)]
struct Marks {
    heard_at: Cell<Option<Tick>>,
    running: Cell<u32>,
    listened: Cell<bool>,
}

impl Pulse for Sign {
    fn heard_at(&self) -> Option<Tick> {
        self.0.heard_at.get()
    }

    fn is_busy(&self) -> bool {
        self.0.running.get() > 0
    }

    fn listen(&self) {
        self.0.listened.set(true);
    }
}

pub(crate) fn agent(number: u32) -> AgentId {
    let mut bytes = [0; 16];
    let mixed = u64::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    AgentId::from_bytes(bytes)
}

pub(crate) fn cadence(text: &str) -> Cadence {
    text.parse().unwrap()
}

/// See the module.
pub(crate) struct Scene {
    pub(crate) roll: Roll<Sign>,
    pub(crate) now: Tick,
    signs: HashMap<AgentId, Sign>,
    pub(crate) told: Vec<(Tick, LifeEvent)>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let now = Tick::from_millis(86_400_123);
        Self {
            roll: Roll::new(now),
            now,
            signs: HashMap::new(),
            told: Vec::new(),
        }
    }

    /// The plane starts anew: what is known is what was saved.
    pub(crate) fn restart(&mut self, saved: &[(AgentId, Cadence, Past)]) {
        self.roll = Roll::new(self.now);
        self.signs.clear();
        for (agent, cadence, past) in saved {
            self.enlist(*agent, Some(*cadence), Watch::On, *past);
        }
    }

    pub(crate) fn enlist(
        &mut self,
        agent: AgentId,
        cadence: Option<Cadence>,
        watch: Watch,
        past: Past,
    ) {
        let sign = Sign::default();
        self.signs.insert(agent, sign.clone());
        self.act(|roll, now, events| roll.enlist(agent, sign, (cadence, watch, past), now, events));
    }

    pub(crate) fn beat(&mut self, agent: AgentId, cadence: Option<Cadence>) -> Beaten {
        if !self.roll.knows(agent) {
            self.enlist(agent, None, Watch::On, Past::Unheard);
        }
        self.act(|roll, now, events| roll.beat(agent, cadence, now, events))
            .unwrap()
    }

    /// The agent makes itself known in another way than by beating.
    pub(crate) fn sign(&mut self, agent: AgentId) {
        if !self.roll.knows(agent) {
            self.enlist(agent, None, Watch::On, Past::Unheard);
        }
        let sign = &self.signs[&agent].0;
        sign.heard_at.set(Some(self.now));
        if sign.listened.take() {
            self.act(|roll, now, events| roll.hear(agent, now, events));
        }
    }

    pub(crate) fn begin_request(&mut self, agent: AgentId) {
        self.sign(agent);
        let running = &self.signs[&agent].0.running;
        running.set(running.get() + 1);
    }

    pub(crate) fn end_request(&mut self, agent: AgentId) {
        let sign = &self.signs[&agent].0;
        sign.running.set(sign.running.get() - 1);
        sign.heard_at.set(Some(self.now));
    }

    pub(crate) fn watch(&mut self, agent: AgentId, watch: Watch) {
        self.act(|roll, now, events| roll.watch(agent, watch, now, events));
    }

    pub(crate) fn forget(&mut self, agent: AgentId) {
        self.act(|roll, now, events| roll.forget(agent, now, events));
    }

    pub(crate) fn status(&mut self, agent: AgentId) -> Status {
        self.roll.look(agent, self.now).unwrap().status
    }

    /// Time passes, and the keeper looks up whenever it should.
    pub(crate) fn pass(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        while self.roll.next_look() <= until {
            self.now = self.now.max(self.roll.next_look());
            self.act(Roll::advance);
        }
        self.now = until;
    }

    /// Time passes while the plane does nothing at all.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }

    pub(crate) fn take_told(&mut self) -> Vec<LifeEvent> {
        let told = self.told.drain(..).map(|(_, event)| event);
        told.filter(|event| !matches!(event, LifeEvent::Left(_)))
            .collect()
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Roll<Sign>, Tick, &mut Vec<LifeEvent>) -> T) -> T {
        let mut events = Vec::new();
        let done = act(&mut self.roll, self.now, &mut events);
        let now = self.now;
        self.told
            .extend(events.into_iter().map(|event| (now, event)));
        done
    }
}
