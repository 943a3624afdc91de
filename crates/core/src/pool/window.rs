//! What answers showed of a key's windows: how much is left, so that a key is left before it fails.

use super::answer::{Family, WindowId, WindowReading, WindowScope};
use super::ask::LeaseId;
use crate::time::Timestamp;

/// How many windows one key remembers.
const MOST_WINDOWS: usize = 64;

/// How long a reading without a reset is believed, in milliseconds.
const UNDATED_MS: u64 = 60_000;

/// What a lease in flight is taken to cost of a window whose unit is not requests.
const UNKNOWN_COST: f64 = 0.02;

/// The window kind whose unit is one request.
const REQUESTS: &str = "requests";

/// One window as the newest lease showed it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: WindowId,
    pub(super) utilization: Option<f64>,
    pub(super) remaining: Option<u64>,
    pub(super) reset: Option<Timestamp>,
    /// Until when the reading is worth something.
    believed_until: Timestamp,
    /// The lease that showed it; a reading by an older lease is older news.
    shown_by: LeaseId,
    /// Leases that began since.
    begun_since: u32,
}

impl Seen {
    /// Units of one request that are left, as far as that can be told.
    fn requests_left(&self) -> Option<u64> {
        let remaining = self.remaining?;
        if &*self.id.kind == REQUESTS {
            return Some(remaining.saturating_sub(u64::from(self.begun_since)));
        }
        Some(remaining)
    }

    fn is_spent(&self) -> bool {
        self.requests_left() == Some(0) || self.utilization.is_some_and(|u| u >= 1.0)
    }

    /// Fraction left, with leases that began since the reading counted.
    fn headroom(&self) -> f64 {
        let left = 1.0 - self.utilization.unwrap_or(0.0);
        let cost = match self.remaining {
            Some(remaining) if &*self.id.kind == REQUESTS && remaining > 0 => {
                left / f64::from(u32::try_from(remaining).unwrap_or(u32::MAX))
            }
            _ => UNKNOWN_COST,
        };
        left - cost * f64::from(self.begun_since)
    }
}

/// All windows of one key that an answer has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows(Vec<Seen>);

impl Windows {
    /// Takes over what the answer to `lease` shows.
    ///
    /// `unanswered` are the leases of this key that no answer has come for: those that began later than `lease`
    /// are not in its readings yet.
    pub(super) fn note(
        &mut self,
        lease: LeaseId,
        readings: &[WindowReading],
        unanswered: &[(LeaseId, Family)],
        now: Timestamp,
    ) {
        // The windows of an answer mostly bind the same requests, which are counted once.
        let mut counted: Option<(&WindowScope, usize)> = None;
        for reading in readings {
            let scope = &reading.id.scope;
            let (_, later) = match counted {
                Some(known) if *known.0 == *scope => known,
                _ => *counted.insert((scope, begun_later(unanswered, lease, scope))),
            };
            let known = self.0.iter().position(|s| s.id == reading.id);
            if let Some(seen) = known.and_then(|at| self.0.get_mut(at)) {
                if lease >= seen.shown_by || seen.believed_until <= now {
                    *seen = Seen::new(lease, reading, later, now);
                }
                continue;
            }
            if reading.utilization.is_none() && reading.remaining.is_none() {
                continue;
            }
            if self.0.len() >= MOST_WINDOWS {
                self.make_room(now);
            }
            self.0.push(Seen::new(lease, reading, later, now));
        }
    }

    fn make_room(&mut self, now: Timestamp) {
        self.0.retain(|s| s.believed_until > now);
        let oldest = (0..self.0.len()).min_by_key(|i| self.0.get(*i).map(|s| s.shown_by));
        if let Some(oldest) = oldest.filter(|_| self.0.len() >= MOST_WINDOWS) {
            self.0.swap_remove(oldest);
        }
    }

    /// Counts a lease of `family` that begins now.
    pub(super) fn lease_began(&mut self, family: &Family) {
        for seen in self.0.iter_mut().filter(|s| s.id.scope.binds(family)) {
            seen.begun_since = seen.begun_since.saturating_add(1);
        }
    }

    /// Whether some window looks empty, so that a new reading may open the key.
    pub(super) fn is_any_spent(&self, now: Timestamp) -> bool {
        self.believed(now).any(Seen::is_spent)
    }

    /// Until when the key counts as spent for `family`, though nothing was rejected.
    pub(super) fn spent_until(&self, family: &Family, now: Timestamp) -> Option<Timestamp> {
        self.binding(family, now)
            .filter(|s| s.is_spent())
            .map(|s| s.believed_until)
            .max()
    }

    /// Headroom for `family` in steps of ten percent, 0 to 10; `in_flight` counts where no window is known.
    pub(super) fn headroom_step(&self, family: &Family, in_flight: u32, now: Timestamp) -> u8 {
        let unknown = 1.0 - UNKNOWN_COST * f64::from(in_flight);
        let least = self
            .binding(family, now)
            .map(Seen::headroom)
            .fold(unknown, f64::min);
        step(least)
    }

    fn binding<'a>(
        &'a self,
        family: &'a Family,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Seen> + 'a {
        self.0
            .iter()
            .filter(move |s| s.believed_until > now && s.id.scope.binds(family))
    }

    /// What is still believed.
    pub(super) fn believed(&self, now: Timestamp) -> impl Iterator<Item = &Seen> {
        self.0.iter().filter(move |s| s.believed_until > now)
    }

    /// The next moment at which a spent window is full again.
    pub(super) fn next_refill(&self, now: Timestamp) -> Option<Timestamp> {
        self.believed(now)
            .filter(|s| s.is_spent())
            .map(|s| s.believed_until)
            .min()
    }

    /// The next moment at which a reading is not believed any more.
    pub(super) fn next_forgotten(&self, now: Timestamp) -> Option<Timestamp> {
        self.believed(now).map(|seen| seen.believed_until).min()
    }

    /// The clock was set back: a reading without a reset is believed no longer for that.
    pub(super) fn shift_back(&mut self, by_ms: u64) {
        for seen in self.0.iter_mut().filter(|s| s.reset.is_none()) {
            seen.believed_until = seen.believed_until.minus_ms(by_ms);
        }
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Seen {
    fn new(lease: LeaseId, reading: &WindowReading, later: usize, now: Timestamp) -> Self {
        Self {
            id: reading.id.clone(),
            utilization: reading.utilization.filter(|u| u.is_finite()),
            remaining: reading.remaining,
            reset: reading.reset,
            believed_until: reading.reset.unwrap_or(now.plus_ms(UNDATED_MS)),
            shown_by: lease,
            begun_since: u32::try_from(later).unwrap_or(u32::MAX),
        }
    }
}

/// How many of `unanswered` began later than `lease` and are bound by `scope`.
fn begun_later(unanswered: &[(LeaseId, Family)], lease: LeaseId, scope: &WindowScope) -> usize {
    let later = unanswered.iter().filter(|(id, _)| *id > lease);
    later.filter(|(_, family)| scope.binds(family)).count()
}

/// Ten-percent steps without a lossy conversion: how many of 0.1, 0.2, .. 1.0 lie at or below `fraction`.
fn step(fraction: f64) -> u8 {
    (1..=10u8)
        .filter(|tenth| fraction * 10.0 >= f64::from(*tenth) - 1e-9)
        .fold(0, u8::max)
}
