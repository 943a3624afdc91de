//! Lists budgets with how they stand now. There are few, so a list has no pages.

use super::Budgets;
use crate::listing::ListError;
use crate::nobody;
use crate::plane::Plane;
use portunus_core::budget::{Budget, BudgetScope, Level, Subject};
use portunus_core::ids::{AgentId, BudgetId};

/// Whose budgets are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    #[default]
    All,
    /// Those that bind this agent, by its name or id; the defaults as they stand for it.
    Agent(String),
    /// Those of this pool, by its name or id.
    Pool(String),
}

/// One budget and how it stands.
#[derive(Clone, Debug)]
pub struct BudgetView {
    /// The budget.
    pub budget: Budget,
    /// The name of the agent or pool that it binds; `None` for every agent.
    pub subject: Option<String>,
    /// How it stands. A budget of every agent: for the one that used most of it, or was asked for.
    pub level: Level,
    /// Whose standing that is, for a budget of every agent; `None` when nobody used anything.
    pub fullest: Option<String>,
    /// The agent whose standing that is, or which the budget binds.
    pub agent: Option<AgentId>,
}

/// Budgets with how they stand: of every agent first, then by name of agent and of pool, and by what they count.
///
/// # Errors
///
/// The agent or the pool does not exist, or the database does not answer.
pub async fn list(plane: &Plane, whose: Whose) -> Result<Vec<BudgetView>, ListError> {
    let budgets = plane.budgets();
    let all = budgets.all().into_iter();
    let mut views: Vec<BudgetView> = match whose {
        Whose::All => all.map(|budget| budgets.view(budget)).collect(),
        Whose::Agent(name) => {
            let agent = nobody::agent(plane, &name).await?.id;
            all.filter(|budget| budgets.binds(budget, agent))
                .map(|budget| budgets.view_for(budget, agent))
                .collect()
        }
        Whose::Pool(name) => {
            let pool = nobody::pool(plane, &name)?.id;
            all.filter(|budget| budget.scope == BudgetScope::Pool(pool))
                .map(|budget| budgets.view(budget))
                .collect()
        }
    };
    let kind = |budget: &Budget| match budget.scope {
        BudgetScope::EveryAgent => 0,
        BudgetScope::Agent(_) => 1,
        BudgetScope::Pool(_) => 2,
    };
    views.sort_by_cached_key(|view| {
        let budget = &view.budget;
        (kind(budget), view.subject.clone(), budget.quantity)
    });
    Ok(views)
}

/// The budget `id` with how it stands.
#[must_use]
pub fn show(plane: &Plane, id: BudgetId) -> Option<BudgetView> {
    let budget = plane.budgets().by_id(id)?;
    Some(plane.budgets().view(budget))
}

/// How a budget stands or would stand, also one that is not in force yet.
#[must_use]
pub fn view(plane: &Plane, budget: Budget) -> BudgetView {
    plane.budgets().view(budget)
}

impl Budgets {
    fn all(&self) -> Vec<Budget> {
        self.0.book.lock().by_id.values().copied().collect()
    }

    /// Whether it is the budget that counts for this agent.
    fn binds(&self, budget: &Budget, agent: AgentId) -> bool {
        let binding = self.0.book.lock().of_agent(agent, budget.quantity);
        binding.is_some_and(|binding| binding.id == budget.id)
    }

    fn view(&self, budget: Budget) -> BudgetView {
        let subject = match budget.scope {
            BudgetScope::EveryAgent => return self.view_of_fullest(budget),
            BudgetScope::Agent(id) => Subject::Agent(id),
            BudgetScope::Pool(id) => Subject::Pool(id),
        };
        BudgetView {
            budget,
            subject: Some(self.0.name_of(subject)),
            level: self.level(budget, subject),
            fullest: None,
            agent: match subject {
                Subject::Agent(id) => Some(id),
                Subject::Pool(_) => None,
            },
        }
    }

    fn view_for(&self, budget: Budget, agent: AgentId) -> BudgetView {
        let subject = Subject::Agent(agent);
        let name = Some(self.0.name_of(subject));
        let is_default = budget.scope == BudgetScope::EveryAgent;
        BudgetView {
            budget,
            level: self.level(budget, subject),
            subject: name.clone().filter(|_| !is_default),
            fullest: name.filter(|_| is_default),
            agent: Some(agent),
        }
    }

    fn level(&self, budget: Budget, subject: Subject) -> Level {
        let now = self.0.clock.now();
        let account = match subject {
            Subject::Agent(_) => self.0.account_of(subject),
            Subject::Pool(id) => self.0.pools.load().get(&id).cloned(),
        };
        let levels = account.map(|account| account.account.lock().levels(now));
        let mut levels = levels.into_iter().flatten();
        levels
            .find(|level| level.budget.quantity == budget.quantity)
            .map_or_else(
                || Level::untouched(budget, now),
                |level| Level { budget, ..level },
            )
    }

    fn view_of_fullest(&self, budget: Budget) -> BudgetView {
        let now = self.0.clock.now();
        let used = |level: &Level| level.spent.saturating_add(level.reserved);
        self.0.open_all();
        let mut fullest: Option<(AgentId, Level)> = None;
        self.0.agents.each(|agent, account| {
            let levels = account.account.lock().levels(now);
            let own = levels
                .into_iter()
                .find(|level| level.budget.id == budget.id);
            if let Some(level) = own.filter(|level| used(level) > 0)
                && fullest.is_none_or(|(_, most)| used(&most) < used(&level))
            {
                fullest = Some((agent, level));
            }
        });
        BudgetView {
            budget,
            subject: None,
            level: fullest.map_or_else(
                || Level::untouched(budget, now),
                |(_, level)| Level { budget, ..level },
            ),
            fullest: fullest.map(|(agent, _)| self.0.name_of(Subject::Agent(agent))),
            agent: fullest.map(|(agent, _)| agent),
        }
    }
}
