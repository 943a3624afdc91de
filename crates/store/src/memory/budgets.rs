//! Budgets of the model, and what is spent of them.

use super::State;
use crate::{Result, Spending, StoreError};
use portunus_core::audit::AuditEvent;
use portunus_core::budget::{Budget, BudgetScope, Subject};
use portunus_core::ids::BudgetId;

impl State {
    pub(super) fn set_budget(&mut self, budget: &Budget, event: &AuditEvent) -> Result<()> {
        let there = match budget.scope {
            BudgetScope::EveryAgent => true,
            BudgetScope::Agent(id) => self.agents.contains_key(&id),
            BudgetScope::Pool(id) => self.pools.contains_key(&id),
        };
        if !there {
            return Err(StoreError::NotFound);
        }
        let place = |budget: &Budget| (budget.scope, budget.quantity);
        let known = self.budgets.get(&budget.id);
        if known.is_some_and(|known| place(known) != place(budget)) {
            return Err(StoreError::Inconsistent("a budget keeps its scope"));
        }
        let mut others = self.budgets.values().filter(|other| other.id != budget.id);
        if others.any(|other| place(other) == place(budget)) {
            return Err(StoreError::NameTaken);
        }
        let created_at = known.map_or(budget.created_at, |known| known.created_at);
        let budget = Budget {
            created_at,
            ..*budget
        };
        self.budgets.insert(budget.id, budget);
        self.record(event);
        Ok(())
    }

    pub(super) fn remove_budget(&mut self, id: BudgetId, event: &AuditEvent) -> Result<()> {
        self.budgets.remove(&id).ok_or(StoreError::NotFound)?;
        self.drop_uncounted();
        self.record(event);
        Ok(())
    }

    pub(super) fn save_spending(&mut self, spending: &[Spending]) {
        for row in spending {
            let place = (row.subject, row.saved.quantity);
            self.spending.insert(place, *row);
        }
        self.drop_uncounted();
    }

    /// Forgets the budgets of agents that are gone, and spending that no budget counts.
    pub(super) fn drop_uncounted(&mut self) {
        let agents = &self.agents;
        self.budgets.retain(|_, budget| match budget.scope {
            BudgetScope::Agent(id) => agents.contains_key(&id),
            BudgetScope::EveryAgent | BudgetScope::Pool(_) => true,
        });
        let budgets = &self.budgets;
        self.spending.retain(|(subject, quantity), _| {
            let lives = match subject {
                Subject::Agent(id) => agents.contains_key(id),
                Subject::Pool(_) => true,
            };
            let counts =
                |budget: &Budget| budget.scope.binds(*subject) && budget.quantity == *quantity;
            lives && budgets.values().any(counts)
        });
    }
}
