//! An account and a clock to try rules on.

use portunus_core::budget::{
    Account, Action, Amounts, Budget, BudgetScope, Hold, Level, Quantity, Shortage, WarnAt,
};
use portunus_core::ids::{AgentId, BudgetId};
use portunus_core::time::Timestamp;
use portunus_core::usage::Money;

/// A moment from RFC 3339.
pub(crate) fn moment(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(u64::try_from(moment.as_millisecond()).unwrap())
}

/// A budget of one agent that stops.
pub(crate) fn budget(quantity: Quantity, limit: u64) -> Budget {
    Budget {
        id: BudgetId::from_bytes([2; 16]),
        scope: BudgetScope::Agent(AgentId::from_bytes([1; 16])),
        quantity,
        limit,
        action: Action::Stop,
        warn_at: WarnAt::default(),
        created_at: Timestamp::EPOCH,
    }
}

pub(crate) fn amounts(tokens: u64, nanos: u64) -> Amounts {
    Amounts {
        tokens,
        money: Some(Money::from_nanos(nanos)),
    }
}

/// An account with budgets, and the time there.
pub(crate) struct Scene {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
}

impl Scene {
    pub(crate) fn at(now: &str, budgets: &[Budget]) -> Self {
        let now = moment(now);
        let mut account = Account::new(now);
        for budget in budgets {
            account.bind(*budget, now);
        }
        Self { account, now }
    }

    pub(crate) fn set_clock(&mut self, now: &str) {
        self.now = moment(now);
    }

    pub(crate) fn reserve(&mut self, amounts: Amounts) -> Result<Hold, Shortage> {
        let checked = self.account.check(&amounts, self.now);
        checked.map_err(|shortage| *shortage)?;
        Ok(self.account.take(amounts))
    }

    pub(crate) fn settle(&mut self, hold: Hold, used: Amounts) {
        self.account.settle(hold, used, self.now);
    }

    pub(crate) fn level(&mut self, quantity: Quantity) -> Level {
        let levels = self.account.levels(self.now);
        let own = levels
            .into_iter()
            .find(|level| level.budget.quantity == quantity);
        own.unwrap()
    }

    /// What is spent and reserved of it.
    pub(crate) fn used(&mut self, quantity: Quantity) -> (u64, u64) {
        let level = self.level(quantity);
        (level.spent, level.reserved)
    }
}
