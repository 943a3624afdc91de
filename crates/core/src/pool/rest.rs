//! Rests: until when a key may not serve, window by window, and what ends one early.
//!
//! A deadline only ever grows while it stands. It ends early when the provider says `allowed` to a lease that
//! began after the rejection arrived; older leases know nothing of the rejection.

use super::answer::{Family, WindowId, WindowScope};
use super::ask::LeaseId;
use crate::time::Timestamp;

/// How many rests one key remembers; model names come from clients, so the number must have an end.
const MOST_RESTS: usize = 128;

/// Why a window rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestReason {
    /// The provider rejected because of this window and said until when.
    Rejected,
    /// The provider rejected and did not say until when (or said a moment that had passed).
    Unstated,
    /// The account has no money left.
    Money,
}

impl RestReason {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Unstated => "unstated",
            Self::Money => "money",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rejected, Self::Unstated, Self::Money]
            .into_iter()
            .find(|r| r.as_str() == name)
    }
}

/// One window's rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When it ends.
    pub until: Timestamp,
    /// When the rejection arrived.
    pub since: Timestamp,
    /// Why.
    pub reason: RestReason,
}

#[derive(Clone, Debug)]
struct Entry {
    window: WindowId,
    rest: Rest,
    /// The first lease that begins after the rejection arrived: earlier ones cannot heal it.
    mark: LeaseId,
}

/// What setting a rest changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The window did not rest before.
    Began,
    /// It rests longer than before.
    Extended,
    /// It rests at least as long already.
    Nothing,
}

/// All rests of one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Rests(Vec<Entry>);

impl WindowScope {
    /// Whether the window binds a request of `family`.
    #[must_use]
    pub fn binds(&self, family: &Family) -> bool {
        match self {
            Self::Key => true,
            Self::Family(own) => own == family,
        }
    }
}

impl Rests {
    /// The latest deadline that binds a request of `family`, if one lies ahead.
    pub(super) fn until(&self, family: &Family, now: Timestamp) -> Option<Timestamp> {
        self.latest(now, |scope| scope.binds(family))
    }

    /// The latest deadline that binds whatever the key does.
    pub(super) fn until_for_all(&self, now: Timestamp) -> Option<Timestamp> {
        self.latest(now, |scope| *scope == WindowScope::Key)
    }

    fn latest(&self, now: Timestamp, binds: impl Fn(&WindowScope) -> bool) -> Option<Timestamp> {
        self.0
            .iter()
            .filter(|e| e.rest.until > now && binds(&e.window.scope))
            .map(|e| e.rest.until)
            .max()
    }

    /// Whether the account was out of money when it was last tried.
    pub(super) fn has_no_money(&self, now: Timestamp) -> bool {
        self.standing(now)
            .any(|(_, rest)| rest.reason == RestReason::Money)
    }

    /// The next moment at which some rest ends.
    pub(super) fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.standing(now).map(|(_, rest)| rest.until).min()
    }

    /// Every rest that still stands.
    pub(super) fn standing(&self, now: Timestamp) -> impl Iterator<Item = (&WindowId, Rest)> {
        self.0
            .iter()
            .filter(move |e| e.rest.until > now)
            .map(|e| (&e.window, e.rest))
    }

    /// The rest of one window, if it stands or has stood.
    pub(super) fn last(&self, window: &WindowId) -> Option<(Rest, LeaseId)> {
        self.entry(window).map(|e| (e.rest, e.mark))
    }

    fn entry(&self, window: &WindowId) -> Option<&Entry> {
        self.0.iter().find(|e| e.window == *window)
    }

    /// Rests `window` at least until `rest.until`; `mark` is the next lease to begin.
    ///
    /// Windows that are forgotten to make room for it are added to `forgotten`.
    pub(super) fn set(
        &mut self,
        window: &WindowId,
        rest: Rest,
        mark: LeaseId,
        forgotten: &mut Vec<WindowId>,
    ) -> Change {
        let now = rest.since;
        if let Some(entry) = self.0.iter_mut().find(|e| e.window == *window) {
            let stood = entry.rest.until > now;
            entry.mark = mark.max(entry.mark);
            if stood && entry.rest.until >= rest.until {
                return Change::Nothing;
            }
            let since = if stood { entry.rest.since } else { rest.since };
            entry.rest = Rest { since, ..rest };
            return if stood {
                Change::Extended
            } else {
                Change::Began
            };
        }
        if self.0.len() >= MOST_RESTS {
            self.make_room(now, forgotten);
        }
        self.0.push(Entry {
            window: window.clone(),
            rest,
            mark,
        });
        Change::Began
    }

    /// Forgets what has ended; if nothing has, forgets the rest that would end first.
    fn make_room(&mut self, now: Timestamp, forgotten: &mut Vec<WindowId>) {
        let first = self.0.iter().map(|e| e.rest.until).min();
        let limit = first.map_or(now, |first| first.max(now));
        let (gone, kept) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|e| e.rest.until <= limit);
        self.0 = kept;
        forgotten.extend(Vec::into_iter(gone).map(|e: Entry| e.window));
    }

    /// Ends every rest that `heals` names and whose rejection arrived before `lease` began.
    pub(super) fn heal(
        &mut self,
        lease: LeaseId,
        now: Timestamp,
        heals: impl Fn(&WindowId, RestReason) -> bool,
    ) -> Vec<WindowId> {
        let mut healed = Vec::new();
        self.0.retain(|e| {
            let ends = lease >= e.mark && heals(&e.window, e.rest.reason);
            if ends && e.rest.until > now {
                healed.push(e.window.clone());
            }
            !ends
        });
        healed
    }

    /// Ends all rests, at an operator's word.
    pub(super) fn clear(&mut self, now: Timestamp) -> Vec<WindowId> {
        let healed = self.standing(now).map(|(w, _)| w.clone()).collect();
        self.0.clear();
        healed
    }
}
