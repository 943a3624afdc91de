//! A pool on a stage: a clock that is moved by hand, keys by number, agents by number.

use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::{
    Acquired, Ask, Class, Family, Impossible, KeyConfig, Leased, Leave, Observation, Outbox, Place,
    PoolEvent, PoolState, RestReason, Standing, Ticket, WindowId, WindowReading, WindowScope,
    WindowStatus,
};
use portunus_core::provider_key::{KeySwitch, Quarantine};
use portunus_core::time::Timestamp;
use std::sync::Arc;

pub(crate) const SONNET: &str = "sonnet";
pub(crate) const OPUS: &str = "opus";

pub(crate) fn key(number: u8) -> KeyId {
    KeyId::from_bytes([number; 16])
}

pub(crate) fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 16])
}

pub(crate) fn ask(agent_number: u8, family: &str) -> Ask {
    Ask {
        agent: agent(agent_number),
        model: Arc::from(format!("claude-{family}")),
        family: Family::new(family),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    }
}

pub(crate) fn config(number: u8) -> KeyConfig {
    KeyConfig {
        id: key(number),
        priority: 0,
        switch: KeySwitch::Enabled,
        quarantine: None,
    }
}

pub(crate) fn window(scope: WindowScope, kind: &str) -> WindowId {
    WindowId {
        scope,
        kind: Arc::from(kind),
    }
}

pub(crate) fn key_window(kind: &str) -> WindowId {
    window(WindowScope::Key, kind)
}

pub(crate) fn family_window(family: &str, kind: &str) -> WindowId {
    window(WindowScope::Family(Family::new(family)), kind)
}

pub(crate) fn reading(id: WindowId, status: WindowStatus, reset: Option<u64>) -> WindowReading {
    WindowReading {
        id,
        status,
        utilization: None,
        remaining: None,
        reset: reset.map(Timestamp::from_secs),
    }
}

/// A 429 that rejects because of `id` until `reset_s`.
pub(crate) fn limited(id: WindowId, reset_s: u64) -> Observation {
    Observation {
        class: Class::Quota,
        windows: vec![reading(id, WindowStatus::Rejected, Some(reset_s))],
    }
}

/// A 200 that says `allowed` of `id`.
pub(crate) fn allowed(id: WindowId) -> Observation {
    Observation {
        class: Class::Ok,
        windows: vec![reading(id, WindowStatus::Allowed, None)],
    }
}

/// A 200 that shows `utilization` of `id`.
pub(crate) fn spent(id: WindowId, utilization: f64, reset_s: u64) -> Observation {
    let mut shown = reading(id, WindowStatus::Unstated, Some(reset_s));
    shown.utilization = Some(utilization);
    Observation {
        class: Class::Ok,
        windows: vec![shown],
    }
}

pub(crate) const OK: Observation = Observation::bare(Class::Ok);

pub(crate) struct Scene {
    pub(crate) pool: PoolState,
    now: Timestamp,
}

impl Scene {
    /// A pool of `keys` keys of one tier, numbered from 1, at second 1000.
    pub(crate) fn new(keys: u8) -> Self {
        let now = Timestamp::from_secs(1_000);
        let mut pool = PoolState::new();
        for number in 1..=keys {
            pool.put_key(config(number), now);
        }
        Self { pool, now }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn at_s(&mut self, secs: u64) {
        self.at_ms(secs * 1_000);
    }

    /// Moves the clock and lets time have its effect.
    pub(crate) fn at_ms(&mut self, millis: u64) {
        self.now = Timestamp::from_millis(millis);
        self.pool.dispatch(self.now);
    }

    pub(crate) fn put(&mut self, config: KeyConfig) {
        self.pool.put_key(config, self.now);
    }

    pub(crate) fn acquire(&mut self, ask: &Ask) -> Acquired {
        self.pool.acquire(ask, self.now)
    }

    pub(crate) fn lease(&mut self, ask: &Ask) -> Leased {
        match self.acquire(ask) {
            Acquired::Granted(leased) => leased,
            other => panic!("no lease but {other:?}"),
        }
    }

    /// A lease that is given back at once and said nothing.
    pub(crate) fn serve(&mut self, ask: &Ask) {
        let leased = self.lease(ask);
        self.end(leased);
    }

    pub(crate) fn lease_of(&mut self, ask: &Ask, number: u8) -> Leased {
        let bound = Ask {
            bound: Some(key(number)),
            ..ask.clone()
        };
        self.lease(&bound)
    }

    pub(crate) fn wait_until(&mut self, ask: &Ask) -> Timestamp {
        match self.acquire(ask) {
            Acquired::Wait { earliest } => earliest,
            other => panic!("no wait but {other:?}"),
        }
    }

    /// When a key whose account is empty is tried again. Nobody waits for that.
    pub(crate) fn out_of_money_until(&mut self, number: u8) -> Timestamp {
        assert_eq!(self.refusal(&ask(1, SONNET)), Impossible::OutOfMoney);
        let keys = self.pool.status(self.now).keys.into_iter();
        let rests = keys
            .filter(|view| view.key == key(number))
            .flat_map(|view| view.rests);
        let empty = rests.filter(|rest| rest.reason == RestReason::Money);
        empty.map(|rest| rest.until).max().unwrap_or_default()
    }

    pub(crate) fn refusal(&mut self, ask: &Ask) -> Impossible {
        match self.acquire(ask) {
            Acquired::Impossible(why) => why,
            other => panic!("no refusal but {other:?}"),
        }
    }

    pub(crate) fn report(&mut self, leased: &Leased, observation: &Observation) {
        self.pool.charge(leased, observation, self.now);
    }

    /// Only the headers of an answer have come.
    pub(crate) fn report_windows(&mut self, leased: &Leased, observation: &Observation) {
        self.pool
            .charge_windows(leased, &observation.windows, self.now);
    }

    pub(crate) fn end(&mut self, leased: Leased) {
        self.pool.release(leased, self.now);
    }

    /// One whole attempt: lease of key `number`, answer, end.
    pub(crate) fn attempt(&mut self, ask: &Ask, number: u8, observation: &Observation) {
        let leased = self.lease_of(ask, number);
        self.report(&leased, observation);
        self.end(leased);
    }

    pub(crate) fn enqueue(&mut self, ask: &Ask) -> Ticket {
        self.enqueue_at(ask, 0)
    }

    pub(crate) fn enqueue_at(&mut self, ask: &Ask, place: u64) -> Ticket {
        self.pool.enqueue(ask.clone(), Place::from(place), self.now)
    }

    pub(crate) fn leave(&mut self, ticket: Ticket, leave: Leave) {
        self.pool.leave(ticket, leave, self.now);
    }

    pub(crate) fn outbox(&mut self) -> Outbox {
        self.pool.take_outbox()
    }

    pub(crate) fn events(&mut self) -> Vec<PoolEvent> {
        self.outbox().events
    }

    /// Leases granted to waiters since the last look.
    pub(crate) fn grants(&mut self) -> Vec<(Ticket, Leased)> {
        let grants = self.outbox().grants.into_iter();
        grants.map(|grant| (grant.ticket, grant.leased)).collect()
    }

    pub(crate) fn standing(&self, number: u8) -> Standing {
        self.key_status(number).standing
    }

    pub(crate) fn quarantine(&self, number: u8) -> Option<Quarantine> {
        self.key_status(number).quarantine
    }

    pub(crate) fn key_status(&self, number: u8) -> portunus_core::pool::KeyStatus {
        let status = self.pool.status(self.now);
        let found = status.keys.into_iter().find(|k| k.key == key(number));
        found.expect("the key is in the pool")
    }

    /// The deadline of one window's rest in seconds.
    pub(crate) fn rest_until_s(&self, number: u8, window: &WindowId) -> Option<u64> {
        let rests = self.key_status(number).rests;
        let rest = rests.into_iter().find(|r| r.window == *window);
        rest.map(|r| r.until.as_millis() / 1_000)
    }
}
