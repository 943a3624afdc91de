//! A snapshot of the pool for people and programs that look at it.

use super::answer::WindowId;
use super::key::KeyState;
use super::rest::{Rest, RestReason};
use super::state::PoolState;
use crate::ids::KeyId;
use crate::provider_key::{KeySwitch, Quarantine};
use crate::time::Timestamp;

/// How a key stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Serves.
    Ready,
    /// A window looks empty though nothing was rejected: used last.
    Spent,
    /// Comes back from a rest: fewer requests at once than it may have later.
    Ramping,
    /// Rests for some model families and serves the others.
    PartlyResting,
    /// Rests for everything.
    Resting,
    /// Set aside until a person acts.
    Quarantined,
    /// Switched off.
    Disabled,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 7] = [
        Self::Ready,
        Self::Spent,
        Self::Ramping,
        Self::PartlyResting,
        Self::Resting,
        Self::Quarantined,
        Self::Disabled,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Spent => "spent",
            Self::Ramping => "ramping",
            Self::PartlyResting => "partly_resting",
            Self::Resting => "resting",
            Self::Quarantined => "quarantined",
            Self::Disabled => "disabled",
        }
    }
}

/// One standing rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestView {
    /// The window that rests.
    pub window: WindowId,
    /// When it ends.
    pub until: Timestamp,
    /// When the rejection arrived.
    pub since: Timestamp,
    /// Why.
    pub reason: RestReason,
}

/// One window as the newest answer showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowView {
    /// The window.
    pub window: WindowId,
    /// Fraction spent.
    pub utilization: Option<f64>,
    /// Units left.
    pub remaining: Option<u64>,
    /// When it is full again.
    pub reset: Option<Timestamp>,
}

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyStatus {
    /// The key.
    pub key: KeyId,
    /// How it stands.
    pub standing: Standing,
    /// Lower is used first.
    pub priority: u32,
    /// Switched on or off.
    pub switch: KeySwitch,
    /// Why it is set aside.
    pub quarantine: Option<Quarantine>,
    /// Its rests.
    pub rests: Vec<RestView>,
    /// Its windows.
    pub windows: Vec<WindowView>,
    /// Leases that have not ended.
    pub in_flight: u32,
    /// How many may run at once on the way back from a rest; `None` when nothing limits.
    pub permits: Option<u32>,
    /// When a lease last began.
    pub last_used: Option<Timestamp>,
}

/// The pool.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolStatus {
    /// Its keys, in the order in which they were put.
    pub keys: Vec<KeyStatus>,
    /// How many requests wait.
    pub waiting: usize,
    /// How many places are kept for requests that left.
    pub kept_places: usize,
    /// Since when the longest waiter waits.
    pub oldest_wait: Option<Timestamp>,
}

impl PoolState {
    /// A snapshot at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> PoolStatus {
        PoolStatus {
            keys: self.ring.iter().map(|key| key.status(now)).collect(),
            waiting: self.queue.len(),
            kept_places: self.queue.kept(),
            oldest_wait: self.queue.oldest(),
        }
    }
}

impl KeyState {
    fn status(&self, now: Timestamp) -> KeyStatus {
        let rests: Vec<RestView> = self
            .rests
            .standing(now)
            .map(|(window, rest)| view(window, rest))
            .collect();
        let windows = self
            .windows
            .believed(now)
            .map(|seen| WindowView {
                window: seen.id.clone(),
                utilization: seen.utilization,
                remaining: seen.remaining,
                reset: seen.reset,
            })
            .collect();
        KeyStatus {
            key: self.id,
            standing: self.standing(now),
            priority: self.priority,
            switch: self.switch,
            quarantine: self.quarantine,
            rests,
            windows,
            in_flight: self.in_flight,
            permits: self.ramps.narrowest(),
            last_used: self.last_used,
        }
    }

    fn standing(&self, now: Timestamp) -> Standing {
        if self.switch == KeySwitch::Disabled {
            Standing::Disabled
        } else if self.quarantine.is_some() {
            Standing::Quarantined
        } else if self.rests.until_for_all(now).is_some() {
            Standing::Resting
        } else if self.rests.next_end(now).is_some() {
            Standing::PartlyResting
        } else if self.ramps.narrowest().is_some() {
            Standing::Ramping
        } else if self.windows.next_refill(now).is_some() {
            Standing::Spent
        } else {
            Standing::Ready
        }
    }
}

fn view(window: &WindowId, rest: Rest) -> RestView {
    RestView {
        window: window.clone(),
        until: rest.until,
        since: rest.since,
        reason: rest.reason,
    }
}
