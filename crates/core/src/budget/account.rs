//! The account of one agent or one pool: all meters of it, and the reservations that running requests hold there.
//!
//! A request belongs to the windows in which it was admitted. What it reserved is charged there; what it used beyond
//! that, if its window is over by the time it settles, is charged to the present one. So every token is counted, none
//! twice, and no window is charged for more than was reserved in it but by the error of an estimate.

use super::calendar::{Calendar, Frame, Turns};
use super::meter::{Crossing, Level, Meter, Saved};
use super::quantity::{Amounts, Quantity};
use super::shortage::Shortage;
use super::{Budget, Window};
use crate::time::Timestamp;

/// Counts for one agent or one pool.
#[derive(Clone, Debug)]
pub struct Account {
    calendar: Calendar,
    meters: Vec<Meter>,
    /// How many meters were ever begun here.
    begun: u32,
}

/// What one request has reserved in one account, until it is settled or released.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is reserved must be settled or released"]
pub struct Hold {
    amounts: Amounts,
    turns: Turns,
    /// The quantities that were reserved, a bit for each.
    slots: u16,
    /// Meters that were begun later hold nothing of it.
    begun: u32,
}

impl Hold {
    fn is_in(&self, meter: &Meter) -> bool {
        self.slots & meter.budget.quantity.bit() != 0 && meter.born <= self.begun
    }

    /// Whether the meter still counts in the frame in which this was reserved.
    fn is_current(&self, meter: &Meter, now: Turns) -> bool {
        let window = meter.budget.quantity.window();
        self.turns.of(window) == now.of(window)
    }
}

impl Account {
    /// An account without budgets.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            calendar: Calendar::at(now),
            meters: Vec::new(),
            begun: 0,
        }
    }

    /// An account with these budgets and no room for more: a large fleet has many of them.
    #[must_use]
    pub fn bound_by(budgets: &[Budget], now: Timestamp) -> Self {
        let mut account = Self::new(now);
        account.meters.reserve_exact(budgets.len());
        for budget in budgets {
            account.bind(*budget, now);
        }
        account
    }

    /// Binds the account by a budget, instead of the one of the same quantity if there is any: then what was
    /// counted stays counted. A budget that is lower than what is spent stops new requests; running ones end.
    pub fn bind(&mut self, budget: Budget, now: Timestamp) {
        self.turn_to(now);
        let known = |meter: &&mut Meter| meter.budget.quantity == budget.quantity;
        if let Some(meter) = self.meters.iter_mut().find(known) {
            meter.obey(budget);
            return;
        }
        self.begun = self.begun.wrapping_add(1);
        let meter = Meter::new(budget, self.begun, self.calendar.turns());
        self.meters.push(meter);
    }

    /// Binds it by no budget of this quantity any more, and forgets what was counted.
    pub fn unbind(&mut self, quantity: Quantity) {
        self.meters
            .retain(|meter| meter.budget.quantity != quantity);
    }

    /// Whether no budget binds it.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.meters.is_empty()
    }

    /// Takes over what was saved before a restart; spending of a window that is over is left out.
    pub fn restore(&mut self, saved: Saved, now: Timestamp) {
        self.turn_to(now);
        let Some(window) = saved.quantity.window() else {
            return;
        };
        self.calendar.remember(window, saved.starts);
        let current = self.calendar.frame(window).starts == saved.starts || window == Window::Total;
        let known = |meter: &&mut Meter| meter.budget.quantity == saved.quantity;
        if let Some(meter) = self.meters.iter_mut().find(known).filter(|_| current) {
            meter.restore(saved.spent);
        }
    }

    /// Whether a request may reserve `amounts` in every meter. Nothing is reserved yet.
    ///
    /// # Errors
    /// The [`Shortage`] that lasts longest; it may be one of the next [`Self::crossings`].
    pub fn check(&mut self, amounts: &Amounts, now: Timestamp) -> Result<(), Box<Shortage>> {
        self.turn_to(now);
        if self.meters.iter().all(|meter| meter.fits(amounts)) {
            return Ok(());
        }
        let calendar = &self.calendar;
        let short = self.meters.iter_mut().filter(|meter| !meter.fits(amounts));
        let told = short.map(|meter| (Shortage::of(meter.stands(calendar), amounts), meter));
        let worst = told.max_by_key(|(shortage, _)| shortage.lasts());
        worst.map_or(Ok(()), |(shortage, meter)| {
            meter.refuse();
            Err(Box::new(shortage))
        })
    }

    /// Reserves what [`Self::check`] has just allowed.
    pub fn take(&mut self, amounts: Amounts) -> Hold {
        let mut slots = 0;
        for meter in &mut self.meters {
            let quantity = meter.budget.quantity;
            slots |= quantity.bit();
            meter.reserve(amounts.of(quantity).unwrap_or(0));
        }
        Hold {
            amounts,
            turns: self.calendar.turns(),
            slots,
            begun: self.begun,
        }
    }

    /// Charges what the request used instead of what it reserved, and frees its slot. Money that is not known is
    /// charged as it was reserved.
    pub fn settle(&mut self, hold: Hold, used: Amounts, now: Timestamp) {
        self.turn_to(now);
        let turns = self.calendar.turns();
        let used = Amounts {
            money: used.money.or(hold.amounts.money),
            ..used
        };
        for meter in self.meters.iter_mut().filter(|meter| hold.is_in(meter)) {
            let quantity = meter.budget.quantity;
            let reserved = hold.amounts.of(quantity).unwrap_or(0);
            let used = used.of(quantity).unwrap_or(0);
            if !hold.is_current(meter, turns) {
                meter.spend(used.saturating_sub(reserved));
                continue;
            }
            meter.release(reserved);
            if quantity != Quantity::Concurrency {
                meter.spend(used);
            }
        }
    }

    /// Gives back all that was reserved: the request was never sent.
    pub fn release(&mut self, hold: Hold) {
        let turns = self.calendar.turns();
        for meter in self.meters.iter_mut().filter(|meter| hold.is_in(meter)) {
            if hold.is_current(meter, turns) {
                meter.release(hold.amounts.of(meter.budget.quantity).unwrap_or(0));
            }
        }
    }

    /// Charges exactly what was reserved: the request was sent, and nobody knows what it used.
    pub fn settle_as_reserved(&mut self, hold: Hold, now: Timestamp) {
        let amounts = hold.amounts;
        self.settle(hold, amounts, now);
    }

    /// Thresholds that were reached since this was last asked.
    pub fn crossings(&mut self) -> Vec<Crossing> {
        let calendar = &self.calendar;
        self.meters
            .iter_mut()
            .filter_map(|meter| meter.crossing(calendar))
            .collect()
    }

    /// How its budgets stand at `now`.
    pub fn levels(&mut self, now: Timestamp) -> Vec<Level> {
        self.turn_to(now);
        let stands = |meter: &Meter| meter.stands(&self.calendar);
        self.meters.iter().map(stands).collect()
    }

    /// What was spent since this was last asked, to be saved.
    pub fn take_unsaved(&mut self) -> Vec<Saved> {
        let calendar = &self.calendar;
        self.meters
            .iter_mut()
            .filter_map(|meter| meter.take_unsaved(calendar))
            .collect()
    }

    fn turn_to(&mut self, now: Timestamp) {
        if self.calendar.turn_to(now) {
            let turns = self.calendar.turns();
            for meter in &mut self.meters {
                meter.turn_to(turns);
            }
        }
    }
}

impl Saved {
    /// Whether it says nothing at `now` any more, because its window is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let ends = |window| Frame::of(window, self.starts).ends;
        self.quantity
            .window()
            .is_none_or(|window| ends(window) <= now)
    }
}
