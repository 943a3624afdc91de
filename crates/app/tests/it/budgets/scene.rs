//! A plane with agents and budgets, and requests that reserve there.

use crate::plane::Stage;
use portunus_app::budgets::{
    self, Amounts, BudgetView, Demand, NewBudget, OverBudget, Reservation, Target, Whose,
};
use portunus_app::{Plane, agents, pool_settings};
use portunus_core::budget::{Budget, Quantity};
use portunus_core::ids::{AgentId, PoolId};
use portunus_core::usage::Money;
use portunus_store::{AuditFilter, Page, Store};
use std::sync::Arc;

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) pool: PoolId,
}

pub(crate) fn amounts(tokens: u64, nanos: u64) -> Amounts {
    Amounts {
        tokens,
        money: Some(Money::from_nanos(nanos)),
    }
}

pub(crate) fn agent(name: &str) -> Target {
    Target::Agent(name.to_owned())
}

pub(crate) fn pool() -> Target {
    Target::Pool("anthropic".to_owned())
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let stage = Stage::new().await;
        let pool = pool_settings::show(&stage.plane, "anthropic").unwrap().id;
        Self { stage, pool }
    }

    pub(crate) fn plane(&self) -> &Arc<Plane> {
        &self.stage.plane
    }

    pub(crate) async fn add_agent(&self, name: &str) -> AgentId {
        self.stage.agent(name).await;
        agents::show(self.plane(), name).await.unwrap().id
    }

    pub(crate) async fn set(&self, target: Target, quantity: Quantity, limit: u64) -> Budget {
        let new = NewBudget {
            target,
            quantity,
            limit,
            action: None,
            warn_at: None,
        };
        let set = budgets::set(self.plane(), self.stage.operator, new).await;
        set.unwrap().budget
    }

    pub(crate) fn reserve(
        &self,
        agent: AgentId,
        amounts: Amounts,
    ) -> Result<Reservation, Box<OverBudget>> {
        self.reserve_on(self.plane(), agent, amounts)
    }

    pub(crate) fn reserve_on(
        &self,
        plane: &Plane,
        agent: AgentId,
        amounts: Amounts,
    ) -> Result<Reservation, Box<OverBudget>> {
        plane.budgets().reserve(&Demand {
            agent,
            pool: self.pool,
            amounts,
        })
    }

    pub(crate) async fn list(&self, whose: Whose) -> Vec<BudgetView> {
        budgets::list(self.plane(), whose).await.unwrap()
    }

    /// What is spent and reserved of the budget.
    pub(crate) fn used(&self, budget: &Budget) -> (u64, u64) {
        let view = budgets::show(self.plane(), budget.id).unwrap();
        (view.level.spent, view.level.reserved)
    }

    /// Recorded actions about budgets, oldest first.
    pub(crate) async fn recorded(&self) -> Vec<String> {
        self.plane().flush().await.unwrap();
        let filter = AuditFilter {
            action_prefix: Some("budget.".to_owned()),
            subjects: Vec::new(),
        };
        let log = self.stage.store.audit(filter, Page::first(100)).await;
        let actions = log.unwrap().items.into_iter().map(|record| record.action);
        actions.rev().collect()
    }
}
