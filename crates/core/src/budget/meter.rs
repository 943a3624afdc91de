//! One meter of an account: what is spent and reserved of one quantity, against the budget that binds there.

use super::calendar::{Calendar, Turns};
use super::quantity::{Amounts, Measure, Quantity};
use super::{Action, Budget};
use crate::time::Timestamp;

/// Counts one quantity.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    pub(super) budget: Budget,
    /// From which amount on operators are warned.
    warn_level: u64,
    /// The number that the account gave when it began to count this; older reservations are not in it.
    pub(super) born: u32,
    /// In which frame of its window it counts.
    turn: u32,
    pub(super) spent: u64,
    pub(super) reserved: u64,
    /// Whether `spent` is another one than the last that was handed out to be saved.
    unsaved: bool,
    /// Whether a request was refused since the last crossing was asked for.
    refused: bool,
    told: Told,
}

/// What operators have been told in this frame.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    warned: bool,
    exceeded: bool,
    /// The day of it, for what has no window of its own.
    on: u32,
}

/// A threshold that was reached for the first time in its window. Of what runs at once that is once a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Whose threshold.
    pub budget: Budget,
    /// Which one.
    pub crossed: Crossed,
    /// How much is used.
    pub used: u64,
    /// When the window ends.
    pub resets_at: Option<Timestamp>,
}

/// Which threshold was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossed {
    /// The share at which operators want to be warned.
    Warning,
    /// The limit: it is used up, or a request was refused.
    Limit,
}

/// How a budget stands for one agent or pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The budget that binds.
    pub budget: Budget,
    /// What settled requests used in this window.
    pub spent: u64,
    /// What running requests have reserved.
    pub reserved: u64,
    /// When the window ends.
    pub resets_at: Option<Timestamp>,
}

impl Level {
    /// Of a budget that nobody has used anything of.
    #[must_use]
    pub fn untouched(budget: Budget, now: Timestamp) -> Self {
        Self {
            budget,
            spent: 0,
            reserved: 0,
            resets_at: Calendar::at(now).resets_at(budget.quantity.window()),
        }
    }

    /// What can still be reserved.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        let used = self.spent.saturating_add(self.reserved);
        self.budget.limit.saturating_sub(used)
    }
}

/// What is spent of a quantity, as it survives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Of what.
    pub quantity: Quantity,
    /// When the window began in which it was spent; the epoch for what is counted in total.
    pub starts: Timestamp,
    /// How much.
    pub spent: u64,
}

impl Meter {
    pub(super) fn new(budget: Budget, born: u32, turns: Turns) -> Self {
        Self {
            turn: turns.of(budget.quantity.window()),
            warn_level: budget.warn_at.of(budget.limit),
            budget,
            born,
            spent: 0,
            reserved: 0,
            unsaved: false,
            refused: false,
            told: Told::default(),
        }
    }

    /// Begins anew if its window did.
    pub(super) fn turn_to(&mut self, turns: Turns) {
        let turn = turns.of(self.budget.quantity.window());
        if self.turn != turn {
            *self = Self {
                turn,
                ..Self::new(self.budget, self.born, turns)
            };
        }
    }

    /// What can still be reserved.
    const fn room(&self) -> u64 {
        let used = self.spent.saturating_add(self.reserved);
        self.budget.limit.saturating_sub(used)
    }

    pub(super) const fn reserve(&mut self, amount: u64) {
        self.reserved = self.reserved.saturating_add(amount);
    }

    pub(super) const fn release(&mut self, amount: u64) {
        self.reserved = self.reserved.saturating_sub(amount);
    }

    pub(super) const fn spend(&mut self, amount: u64) {
        if amount > 0 {
            self.spent = self.spent.saturating_add(amount);
            self.unsaved = true;
        }
    }

    /// Counts under another budget from now on; nothing is forgotten, and what it no longer exceeds is news again.
    pub(super) fn obey(&mut self, budget: Budget) {
        self.budget = budget;
        self.warn_level = budget.warn_at.of(budget.limit);
        let level = self.level();
        self.told.warned &= level >= self.warn_level;
        self.told.exceeded &= level >= budget.limit;
    }

    /// Takes over what was spent in this window before a restart, and what must have been told of it.
    pub(super) fn restore(&mut self, spent: u64) {
        self.spent = spent;
        self.told.warned = spent >= self.warn_level;
        self.told.exceeded = spent >= self.budget.limit;
    }

    const fn level(&self) -> u64 {
        match self.budget.quantity {
            Quantity::Concurrency => self.reserved,
            _ => self.spent,
        }
    }

    /// Whether a request may reserve as much as it needs.
    pub(super) fn fits(&self, amounts: &Amounts) -> bool {
        match (self.budget.action, amounts.of(self.budget.quantity)) {
            (Action::Warn, _) => true,
            (Action::Stop, Some(needed)) => needed <= self.room(),
            (Action::Stop, None) => false,
        }
    }

    /// A request was refused for want of room: as much news as a limit that is reached.
    pub(super) const fn refuse(&mut self) {
        self.refused = true;
    }

    /// The threshold that was reached and not told yet, the higher one if both were.
    pub(super) fn crossing(&mut self, calendar: &Calendar) -> Option<Crossing> {
        let (level, limit) = (self.level(), self.budget.limit);
        let refused = std::mem::take(&mut self.refused);
        if level < self.warn_level && !refused {
            return None;
        }
        self.renew_told(calendar);
        // All slots in use is how a budget of concurrency should be used; a request beyond them is news.
        let full = self.budget.quantity.measure() == Measure::Concurrency && level == limit;
        if refused || (level >= limit && !full) {
            return self.tell(Crossed::Limit, calendar);
        }
        self.tell(Crossed::Warning, calendar)
    }

    /// What has no window may be told again the next day.
    const fn renew_told(&mut self, calendar: &Calendar) {
        let today = calendar.turns().of(Some(super::Window::Day));
        if self.budget.quantity.window().is_none() && self.told.on != today {
            self.told = Told {
                warned: false,
                exceeded: false,
                on: today,
            };
        }
    }

    fn tell(&mut self, crossed: Crossed, calendar: &Calendar) -> Option<Crossing> {
        let told = match crossed {
            Crossed::Warning => self.told.warned || self.told.exceeded,
            Crossed::Limit => self.told.exceeded,
        };
        match crossed {
            Crossed::Warning => self.told.warned = true,
            Crossed::Limit => self.told.exceeded = true,
        }
        (!told).then(|| Crossing {
            budget: self.budget,
            crossed,
            used: self.level(),
            resets_at: calendar.resets_at(self.budget.quantity.window()),
        })
    }

    pub(super) fn stands(&self, calendar: &Calendar) -> Level {
        Level {
            budget: self.budget,
            spent: self.spent,
            reserved: self.reserved,
            resets_at: calendar.resets_at(self.budget.quantity.window()),
        }
    }

    /// Hands out what is to be saved, once.
    pub(super) fn take_unsaved(&mut self, calendar: &Calendar) -> Option<Saved> {
        let window = self.budget.quantity.window()?;
        std::mem::take(&mut self.unsaved).then(|| Saved {
            quantity: self.budget.quantity,
            starts: calendar.frame(window).starts,
            spent: self.spent,
        })
    }
}
