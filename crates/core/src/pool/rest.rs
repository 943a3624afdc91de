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

impl Rest {
    /// The rest as it stands at `now` where the clock was set back since it began.
    ///
    /// A moment that the provider named stays what it is; a pause of our own stays as long as it was meant to be.
    pub(super) fn on_a_clock_at(self, now: Timestamp) -> Self {
        match self.reason {
            RestReason::Rejected => self,
            RestReason::Unstated | RestReason::Money => self.shifted_back(now.ms_until(self.since)),
        }
    }

    const fn shifted_back(self, by_ms: u64) -> Self {
        Self {
            until: self.until.minus_ms(by_ms),
            since: self.since.minus_ms(by_ms),
            ..self
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    window: WindowId,
    rest: Rest,
    /// The first lease that begins after the rejection arrived: earlier ones cannot heal it.
    mark: LeaseId,
    /// The lease whose answer ended the rest before its time: what older ones knew of it is over.
    healed_by: Option<LeaseId>,
}

impl Entry {
    fn stands(&self, now: Timestamp) -> bool {
        self.healed_by.is_none() && self.rest.until > now
    }
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
            .filter(|e| e.stands(now) && binds(&e.window.scope))
            .map(|e| e.rest.until)
            .max()
    }

    /// Whether the account was out of money when it was last tried.
    pub(super) fn has_no_money(&self, now: Timestamp) -> bool {
        self.standing(now)
            .any(|(_, rest)| rest.reason == RestReason::Money)
    }

    /// Until when the account counts as out of money.
    pub(super) fn money_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.standing(now)
            .filter(|(_, rest)| rest.reason == RestReason::Money)
            .map(|(_, rest)| rest.until)
            .last()
    }

    /// The rest that keeps requests of `family` away the longest.
    pub(super) fn binding(&self, family: &Family, now: Timestamp) -> Option<(&WindowId, Rest)> {
        self.standing(now)
            .filter(|(window, _)| window.scope.binds(family))
            .max_by_key(|(_, rest)| rest.until)
    }

    /// The next moment at which some rest ends.
    pub(super) fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.standing(now).map(|(_, rest)| rest.until).min()
    }

    /// Every rest that still stands.
    pub(super) fn standing(&self, now: Timestamp) -> impl Iterator<Item = (&WindowId, Rest)> {
        self.0
            .iter()
            .filter(move |e| e.stands(now))
            .map(|e| (&e.window, e.rest))
    }

    /// The rest of one window, if it stands or has stood.
    pub(super) fn last(&self, window: &WindowId) -> Option<(Rest, LeaseId)> {
        self.entry(window).map(|e| (e.rest, e.mark))
    }

    /// Whether a rejection that `lease` brings of `window` until `until` (or until an unknown moment) is old news:
    /// a younger lease has heard that the window is well, and the rejection says no more than was known before.
    pub(super) fn is_outdated(
        &self,
        window: &WindowId,
        lease: LeaseId,
        until: Option<Timestamp>,
    ) -> bool {
        self.entry(window).is_some_and(|e| {
            e.healed_by.is_some_and(|by| lease < by)
                && until.is_none_or(|until| until <= e.rest.until)
        })
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
            let stood = entry.stands(now);
            entry.healed_by = None;
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
            healed_by: None,
        });
        Change::Began
    }

    /// Forgets what has ended; if nothing has, forgets the rest that would end first.
    fn make_room(&mut self, now: Timestamp, forgotten: &mut Vec<WindowId>) {
        let standing = self.standing(now).map(|(_, rest)| rest.until);
        let first = standing
            .min()
            .filter(|_| self.0.iter().all(|e| e.stands(now)));
        let limit = first.unwrap_or(now);
        let (gone, kept) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|e| !e.stands(limit));
        self.0 = kept;
        forgotten.extend(Vec::into_iter(gone).map(|e: Entry| e.window));
    }

    /// Ends every rest that `heals` names and whose rejection arrived before `lease` began.
    ///
    /// It is remembered for as long as attempts are out that are older; `oldest` is the oldest of all.
    pub(super) fn heal(
        &mut self,
        lease: LeaseId,
        oldest: LeaseId,
        now: Timestamp,
        heals: impl Fn(&WindowId, RestReason) -> bool,
    ) -> Vec<WindowId> {
        let mut healed = Vec::new();
        self.0.retain_mut(|e| {
            if lease >= e.mark && heals(&e.window, e.rest.reason) {
                if e.stands(now) {
                    healed.push(e.window.clone());
                }
                e.healed_by = e.healed_by.max(Some(lease));
            }
            e.healed_by.is_none_or(|by| oldest < by)
        });
        healed
    }

    /// The clock was set back: pauses of our own keep their length, and what was over by `latest` stays over.
    pub(super) fn shift_back(&mut self, by_ms: u64, latest: Timestamp) {
        let dated = |e: &Entry| e.rest.reason == RestReason::Rejected && e.rest.until > latest;
        for entry in self.0.iter_mut().filter(|e| !dated(e)) {
            entry.rest = entry.rest.shifted_back(by_ms);
        }
    }

    /// Ends all rests, at an operator's word.
    pub(super) fn clear(&mut self, now: Timestamp) -> Vec<WindowId> {
        let healed = self.standing(now).map(|(w, _)| w.clone()).collect();
        self.0.clear();
        healed
    }
}
