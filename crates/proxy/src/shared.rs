//! What calls share: the plane, the settings and the upstreams of their worker, and what all workers remember of
//! trouble. On the way of a request that meets none, nothing here takes a lock.

use crate::attempts::{Breaker, Repetition};
use crate::once::Answers;
use crate::outages::{Outages, Shaky};
use crate::provider::{Fields, headers};
use crate::settings::LiveSettings;
use crate::upstream::Upstream;
use parking_lot::Mutex;
use portunus_app::Plane;
use portunus_app::admission::Bodies;
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the calls of one worker share.
pub(crate) struct Shared {
    pub(crate) plane: Arc<Plane>,
    pub(crate) settings: LiveSettings,
    pub(crate) upstream: Upstream,
    pub(crate) state: Arc<DoorState>,
}

/// What the doors of all workers share.
#[derive(Debug, Default)]
pub struct DoorState {
    /// Fires when a drain has taken too long.
    cut: CancellationToken,
    /// Whether the breaker remembers anybody: while it does not, nobody takes its lock.
    tripped: AtomicBool,
    breaker: Mutex<Breaker>,
    /// Whether anything failed a moment ago: while nothing did, nobody takes that lock.
    has_outages: AtomicBool,
    outages: Mutex<Outages>,
    /// Answers that may be given again.
    answers: Arc<Answers>,
    /// The bodies that are held.
    bodies: Arc<Bodies>,
    /// What a drain waits for.
    connections: TaskTracker,
}

impl DoorState {
    /// When `cut` fires, requests that wait and streams that run end with an honest error. A drain waits for
    /// `connections`: for an answer that has lost its own, too.
    #[must_use]
    pub fn new(plane: &Plane, cut: CancellationToken, connections: TaskTracker) -> Self {
        let answers = Arc::<Answers>::default();
        let kept = Arc::clone(&answers);
        plane
            .departures()
            .tell(move |agent| kept.forget_agent(agent));
        Self {
            cut,
            answers,
            connections,
            ..Self::default()
        }
    }

    pub(crate) const fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    pub(crate) const fn bodies(&self) -> &Arc<Bodies> {
        &self.bodies
    }

    pub(crate) const fn connections(&self) -> &TaskTracker {
        &self.connections
    }

    pub(crate) fn repetition(
        &self,
        agent: AgentId,
        now: Timestamp,
        headers: &Fields,
    ) -> Repetition {
        if headers::is_repetition(headers) {
            return Repetition::Again;
        }
        if !self.tripped.load(Ordering::Relaxed) {
            return Repetition::First;
        }
        self.breaker.lock().repetition(agent, now.as_millis())
    }
}

impl Shared {
    /// Resolves when every answer has to end: the drain has taken too long.
    pub(crate) async fn cut(&self) {
        self.state.cut.cancelled().await;
    }

    /// An agent was served: its next failure is a first one again.
    pub(crate) fn capacity_is_back(&self, agent: AgentId) {
        if self.state.tripped.load(Ordering::Relaxed) {
            let mut breaker = self.state.breaker.lock();
            breaker.close(agent, self.plane.now().as_millis());
            self.state
                .tripped
                .store(!breaker.is_closed(), Ordering::Relaxed);
        }
    }

    /// An agent was refused for want of capacity: what it sends next is a repetition.
    pub(crate) fn capacity_is_gone(&self, agent: AgentId) {
        let mut breaker = self.state.breaker.lock();
        breaker.trip(agent, self.plane.now().as_millis());
        self.state.tripped.store(true, Ordering::Relaxed);
    }

    /// An attempt failed for no fault of the request's: its key, or its whole upstream, is asked last for a while.
    pub(crate) fn attempt_failed(
        &self,
        agent: AgentId,
        key: KeyId,
        base_url: &str,
        outage: Outage,
    ) {
        let now_ms = self.plane.now().as_millis();
        let mut outages = self.state.outages.lock();
        outages.key_failed(agent, key, now_ms);
        if outage == Outage::OfUpstream {
            outages.upstream_failed(base_url, now_ms);
        }
        self.state.has_outages.store(true, Ordering::Relaxed);
    }

    /// An attempt was answered.
    pub(crate) fn attempt_answered(&self, agent: AgentId, key: KeyId, base_url: &str) {
        if self.state.has_outages.load(Ordering::Relaxed) {
            let mut outages = self.state.outages.lock();
            outages.key_served(agent, key);
            outages.upstream_answered(base_url);
            self.state
                .has_outages
                .store(!outages.is_empty(), Ordering::Relaxed);
        }
    }

    /// What this agent's request asks last; almost always nothing.
    pub(crate) fn shaky(&self, agent: AgentId) -> Option<Shaky> {
        if !self.state.has_outages.load(Ordering::Relaxed) {
            return None;
        }
        let mut outages = self.state.outages.lock();
        let shaky = outages.shaky(agent, self.plane.now().as_millis());
        self.state
            .has_outages
            .store(!outages.is_empty(), Ordering::Relaxed);
        (shaky != Shaky::default()).then_some(shaky)
    }

    /// A random number, for spreading retries.
    pub(crate) fn jitter(&self) -> u32 {
        getrandom::u32().unwrap_or_default()
    }
}

/// How far a failed attempt's trouble reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// The key found no capacity, or got an answer that was none.
    OfKey,
    /// The upstream gave no connection, whatever was asked of it.
    OfUpstream,
}
