//! What the record says of a pool: its events as audit entries and as facts that survive a restart.

use super::handle::Replaced;
use super::record::{Fact, Recorder};
use super::roster::Roster;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::ids::KeyId;
use portunus_core::pool::{Onset, PoolEvent, WindowId, WindowScope};
use portunus_core::provider_key::Pool;
use portunus_core::time::Timestamp;
use portunus_store::StoredRest;

/// What an event is told with: the pool and its keys as they are configured now.
pub(super) struct Journal<'a> {
    pub(super) pool: &'a Pool,
    pub(super) roster: &'a Roster,
    pub(super) recorder: &'a Recorder,
    pub(super) now: Timestamp,
}

impl Journal<'_> {
    /// Records one event of the pool's state.
    pub(super) fn tell(&self, event: PoolEvent) {
        match event {
            PoolEvent::KeyLimited {
                key,
                window,
                rest,
                onset,
            } => {
                if onset == Onset::Began {
                    let mut details = self.key_details(key);
                    details.push(("window", window_name(&window)));
                    details.push(("until_ms", rest.until.as_millis().to_string()));
                    details.push(("reason", rest.reason.as_str().to_owned()));
                    self.event("key.limited", key.to_string(), details);
                }
                self.recorder.record(Fact::Rest(StoredRest {
                    key,
                    window,
                    until: rest.until,
                    since: rest.since,
                    reason: rest.reason,
                }));
            }
            PoolEvent::KeyHealed { key, window } => {
                let mut details = self.key_details(key);
                details.push(("window", window_name(&window)));
                self.event("key.healed", key.to_string(), details);
                self.recorder.record(Fact::Healed(key, window));
            }
            PoolEvent::RestForgotten { key, window } => {
                self.recorder.record(Fact::Healed(key, window));
            }
            PoolEvent::KeyQuarantined { key, reason } => {
                let mut details = self.key_details(key);
                details.push(("reason", reason.as_str().to_owned()));
                self.event("key.quarantined", key.to_string(), details);
                self.recorder.record(Fact::Quarantined(key, reason));
            }
            PoolEvent::PoolWaiting => self.pool_event("pool.waiting"),
            PoolEvent::PoolResumed => self.pool_event("pool.resumed"),
            PoolEvent::PoolExhausted => self.pool_event("pool.exhausted"),
        }
    }

    /// Records that the fallback began or ceased to serve for this pool.
    pub(super) fn tell_fallback(&self, action: &'static str, fallback: Option<&Pool>) {
        let name = fallback.map(|pool| ("fallback", pool.name.to_string()));
        let details = name.into_iter().collect();
        self.event(action, self.pool.name.to_string(), details);
    }

    /// Records that an attempt gave way to another one.
    pub(super) fn tell_replaced(&self, replaced: &Replaced<'_>) {
        let key = replaced.key;
        let mut details = self.key_details(key);
        details.push(("class", replaced.class.as_str().to_owned()));
        details.push(("agent", replaced.agent.to_owned()));
        details.push(("request", replaced.request.to_string()));
        self.event("attempt.replaced", key.to_string(), details);
    }

    fn pool_event(&self, action: &'static str) {
        self.event(action, self.pool.name.to_string(), Vec::new());
    }

    fn event(&self, action: &'static str, subject: String, details: Vec<(&'static str, String)>) {
        self.recorder.record_event(AuditEvent {
            at: self.now,
            actor: Actor::Plane,
            action,
            subject,
            details,
            receipt: None,
        });
    }

    fn key_details(&self, key: KeyId) -> Vec<(&'static str, String)> {
        let mut details = vec![("pool", self.pool.name.to_string())];
        if let Some(record) = self.roster.get(&key) {
            details.push(("label", record.key.label.to_string()));
        }
        details
    }
}

/// A window in words: its kind, and its family where it binds one.
fn window_name(window: &WindowId) -> String {
    match &window.scope {
        WindowScope::Key => window.kind.to_string(),
        WindowScope::Family(family) => format!("{} of {family}", window.kind),
    }
}
