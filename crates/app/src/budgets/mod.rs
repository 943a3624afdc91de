//! Budgets at work: what a request reserves before it is sent, and settles after.
//!
//! How an account counts is decided by [`portunus_core::budget`]; here are the locks around it, one per agent and
//! pool, the names, the events and the writing behind. The model door calls [`Budgets::reserve`] and
//! [`Reservation`]; operators' changes are the use cases [`set()`], [`change()`], [`remove()`] and [`list()`].

mod accounts;
mod keeper;
mod list;
mod over_budget;
mod remove;
mod reservation;
mod set;
mod unopened;

pub use list::{BudgetView, Whose, list, show, view};
pub use over_budget::OverBudget;
pub use portunus_core::budget::{Amounts, HIGHEST_LIMIT};
pub use remove::{RemoveBudgetError, remove};
pub use reservation::Reservation;
pub use set::{
    BudgetChange, ChangeBudgetError, NewBudget, SetBudget, SetBudgetError, Setting, Target, change,
    set,
};

use crate::directory::Directory;
use crate::pools::{Pools, Recorder};
use accounts::{Accounts, SharedAccount};
use arc_swap::ArcSwap;
use keeper::Keeper;
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::budget::{
    Account, Budget, BudgetScope, Crossed, Crossing, Moment, Quantity, Shortage, Subject,
};
use portunus_core::ids::{AgentId, BudgetId, PoolId};
use portunus_core::time::Clock;
use portunus_store::{Snapshot, Spending, Store, StoreError};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use unopened::Unopened;

/// What one request is about to need.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// Who asks.
    pub agent: AgentId,
    /// Which pool serves it; a fallback that serves in its place is charged to nobody else.
    pub pool: PoolId,
    /// The most that it is expected to use. Money is `None` when the model has no price.
    pub amounts: Amounts,
}

/// Every budget, and what is counted against it. Reading takes no lock; reserving takes the agent's and the pool's.
pub struct Budgets(Arc<Inner>);

/// What accounts and reservations lead back to.
struct Inner {
    /// Whether there is any budget at all: without one a request pays for this look and nothing else.
    any: AtomicBool,
    /// The budgets that bind every agent.
    defaults: ArcSwap<Vec<Budget>>,
    agents: Accounts,
    unopened: Unopened,
    pools: ArcSwap<HashMap<PoolId, Arc<SharedAccount>>>,
    book: Mutex<Book>,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    recorder: Recorder,
    names: Arc<Directory>,
    pool_names: Arc<Pools>,
}

/// All budgets as operators set them; per scope and quantity there is one.
#[derive(Default)]
struct Book {
    by_id: HashMap<BudgetId, Budget>,
    by_place: HashMap<(BudgetScope, Quantity), BudgetId>,
}

impl Book {
    fn at(&self, scope: BudgetScope, quantity: Quantity) -> Option<Budget> {
        let id = self.by_place.get(&(scope, quantity))?;
        self.by_id.get(id).copied()
    }

    /// The budget that binds an agent: its own one, or else the default.
    fn of_agent(&self, agent: AgentId, quantity: Quantity) -> Option<Budget> {
        let own = self.at(BudgetScope::Agent(agent), quantity);
        own.or_else(|| self.at(BudgetScope::EveryAgent, quantity))
    }

    fn of(&self, scope: BudgetScope) -> impl Iterator<Item = Budget> {
        self.by_id
            .values()
            .copied()
            .filter(move |b| b.scope == scope)
    }
}

impl Budgets {
    /// All budgets as stored, with what was spent of them in windows that are not over.
    pub(crate) fn open(
        clock: Arc<dyn Clock>,
        names: Arc<Directory>,
        pools: Arc<Pools>,
        snapshot: &Snapshot,
    ) -> Self {
        let budgets = Self(Arc::new(Inner {
            any: AtomicBool::new(false),
            defaults: ArcSwap::default(),
            agents: Accounts::new(),
            unopened: Unopened::default(),
            pools: ArcSwap::default(),
            book: Mutex::default(),
            keeper: Keeper::default(),
            clock,
            recorder: pools.recorder().clone(),
            names,
            pool_names: pools,
        }));
        for budget in &snapshot.budgets {
            budgets.put(*budget);
        }
        budgets.0.restore(&snapshot.spending);
        budgets
    }

    /// Saves what is spent, for as long as the future is polled.
    pub(crate) fn keep_saving(&self, store: Arc<dyn Store>) -> impl Future<Output = ()> + use<> {
        let inner = Arc::clone(&self.0);
        async move { inner.keeper.keep_saving(&*store).await }
    }

    /// Saves what is spent now.
    pub(crate) async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.0.keeper.flush(store).await
    }

    /// Whether there is any budget; without one a request need not say what it will use.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.any.load(Ordering::Acquire)
    }

    /// Reserves what a request needs in every budget that binds its agent and its pool, or in none.
    ///
    /// # Errors
    /// [`OverBudget`] when a budget that stops has no room for it.
    pub fn reserve(&self, demand: &Demand) -> Result<Reservation, Box<OverBudget>> {
        if !self.any() {
            return Ok(Reservation::unbound());
        }
        let agent = self.0.account_of(Subject::Agent(demand.agent));
        let pool = self.0.account_of(Subject::Pool(demand.pool));
        if agent.is_none() && pool.is_none() {
            return Ok(Reservation::unbound());
        }
        Reservation::make(&self.0, demand, agent, pool)
    }

    /// The budget of this scope and quantity.
    fn at(&self, scope: BudgetScope, quantity: Quantity) -> Option<Budget> {
        self.0.book.lock().at(scope, quantity)
    }

    /// The budget of this id.
    fn by_id(&self, id: BudgetId) -> Option<Budget> {
        self.0.book.lock().by_id.get(&id).copied()
    }

    /// What a scope names, for the record: `agent` or `pool`, and the name.
    fn bound_by(&self, scope: BudgetScope) -> Option<(&'static str, String)> {
        let subject = match scope {
            BudgetScope::EveryAgent => return None,
            BudgetScope::Agent(id) => Subject::Agent(id),
            BudgetScope::Pool(id) => Subject::Pool(id),
        };
        Some((subject.kind(), self.0.name_of(subject)))
    }

    /// Takes over a budget that is stored: a new one, or a change of one.
    pub(crate) fn put(&self, budget: Budget) {
        let inner = &self.0;
        let mut book = inner.book.lock();
        inner.open_all();
        book.by_place
            .insert((budget.scope, budget.quantity), budget.id);
        book.by_id.insert(budget.id, budget);
        inner.rebind(&book, budget.scope, budget.quantity);
        inner.any.store(true, Ordering::Release);
    }

    /// Takes a budget out; what was counted for it is forgotten where no other budget takes its place.
    pub(crate) fn forget(&self, id: BudgetId) {
        let inner = &self.0;
        let mut book = inner.book.lock();
        inner.open_all();
        let Some(budget) = book.by_id.remove(&id) else {
            return;
        };
        book.by_place.remove(&(budget.scope, budget.quantity));
        inner.rebind(&book, budget.scope, budget.quantity);
        inner.any.store(!book.by_id.is_empty(), Ordering::Release);
    }

    /// Forgets an agent that is deleted, its own budgets included.
    pub(crate) fn forget_agent(&self, agent: AgentId) {
        let mut book = self.0.book.lock();
        let own: Vec<Budget> = book.of(BudgetScope::Agent(agent)).collect();
        for budget in own {
            book.by_id.remove(&budget.id);
            book.by_place.remove(&(budget.scope, budget.quantity));
        }
        self.0.agents.remove(agent);
        self.0.any.store(!book.by_id.is_empty(), Ordering::Release);
    }
}

impl Inner {
    /// The account of an agent or a pool, if any budget binds it.
    fn account_of(&self, subject: Subject) -> Option<Arc<SharedAccount>> {
        let agent = match subject {
            Subject::Pool(pool) => return self.pools.load().get(&pool).cloned(),
            Subject::Agent(agent) => agent,
        };
        if let Some(known) = self.agents.find(agent) {
            return Some(known);
        }
        if self.defaults.load().is_empty() {
            return None;
        }
        let open = || self.account_by_defaults(agent);
        Some(self.agents.find_or_open(agent, open))
    }

    fn account_by_defaults(&self, agent: AgentId) -> SharedAccount {
        let now = self.clock.now();
        let mut account = Account::bound_by(&self.defaults.load(), now);
        self.unopened.restore(agent, &mut account, now);
        SharedAccount::new(Subject::Agent(agent), account)
    }

    /// Takes over what was spent before the start; the budgets are there already.
    fn restore(&self, spending: &[Spending]) {
        let now = self.clock.now();
        self.unopened.keep(spending, now);
        // Agents with budgets of their own have accounts already.
        self.agents.each(|agent, shared| {
            let mut account = shared.account.lock();
            self.unopened.restore(agent, &mut account, now);
        });
        let pools = self.pools.load();
        for row in spending.iter().filter(|row| !row.saved.is_over(now)) {
            if let Subject::Pool(id) = row.subject
                && let Some(pool) = pools.get(&id)
            {
                pool.account.lock().restore(row.saved, now);
            }
        }
    }

    /// Opens the accounts of all agents that spent something before the start: from then on what accounts say is all.
    fn open_all(&self) {
        if !self.defaults.load().is_empty() {
            for agent in self.unopened.agents() {
                self.agents
                    .find_or_open(agent, || self.account_by_defaults(agent));
            }
        }
        self.unopened.clear();
    }

    /// Lets every account that a change of the book concerns obey it.
    fn rebind(&self, book: &Book, scope: BudgetScope, quantity: Quantity) {
        let now = self.clock.now();
        match scope {
            BudgetScope::EveryAgent => {
                // Published before the walk: an account that is opened meanwhile is either seen by it or obeys already.
                let defaults = book.of(BudgetScope::EveryAgent).collect();
                self.defaults.store(Arc::new(defaults));
                self.agents.retain(|agent, account| {
                    account.obey(quantity, book.of_agent(agent, quantity), now)
                });
            }
            BudgetScope::Agent(agent) => {
                let open = || self.account_by_defaults(agent);
                let account = self.agents.find_or_open(agent, open);
                if !account.obey(quantity, book.of_agent(agent, quantity), now) {
                    self.agents.remove(agent);
                }
            }
            BudgetScope::Pool(pool) => {
                let mut pools = HashMap::clone(&self.pools.load());
                let account = pools.entry(pool).or_insert_with(|| {
                    Arc::new(SharedAccount::new(Subject::Pool(pool), Account::new(now)))
                });
                if !account.obey(quantity, book.at(scope, quantity), now) {
                    pools.remove(&pool);
                }
                self.pools.store(Arc::new(pools));
            }
        }
    }

    /// The name of an agent or a pool; its id when it has none any more.
    fn name_of(&self, subject: Subject) -> String {
        match subject {
            Subject::Agent(id) => {
                let name = self.names.name_of(Principal::Agent(id));
                name.map_or_else(|| id.to_string(), |name| name.to_string())
            }
            Subject::Pool(id) => {
                let pool = self.pool_names.by_id(id);
                pool.map_or_else(|| id.to_string(), |pool| pool.settings().name.to_string())
            }
        }
    }

    fn over_budget(&self, shortage: Shortage, subject: Subject) -> Box<OverBudget> {
        let subject = self.name_of(subject);
        Box::new(OverBudget { shortage, subject })
    }

    /// Tells operators of thresholds that were reached.
    fn tell(&self, crossings: &[Crossing], subject: Subject) {
        for crossing in crossings {
            self.tell_one(crossing, subject);
        }
    }

    fn tell_one(&self, crossing: &Crossing, subject: Subject) {
        let action = match crossing.crossed {
            Crossed::Warning => "budget.warned",
            Crossed::Limit => "budget.exceeded",
        };
        let budget = crossing.budget;
        let (measure, name) = (budget.quantity.measure(), self.name_of(subject));
        let limit = budget.quantity.limit(budget.limit);
        let used = measure.amount(crossing.used);
        tracing::warn!(action, budget = %budget.id, name, limit, used, "a budget runs out");
        let mut details = vec![
            ("scope", budget.scope.kind().to_owned()),
            (subject.kind(), name),
            ("limit", limit),
            ("used", used),
            ("action", budget.action.as_str().to_owned()),
        ];
        if let Some(at) = crossing.resets_at {
            details.push(("resets_at", Moment(at).to_string()));
        }
        self.recorder.record_event(AuditEvent {
            at: self.clock.now(),
            actor: Actor::Plane,
            action,
            subject: budget.id.to_string(),
            details,
            receipt: None,
        });
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Budgets(..)")
    }
}
