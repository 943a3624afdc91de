//! Cases about budgets and what is spent of them.

use super::sample::{at, budget, event};
use super::{agents, pools};
use crate::{Spending, Store, StoreError};
use portunus_core::budget::{
    Action, Budget, BudgetScope, Quantity, Saved, Subject, WarnAt, Window,
};
use portunus_core::ids::{AgentId, BudgetId, PoolId};

const DAY: Quantity = Quantity::Tokens(Window::Day);
const AT_ONCE: Quantity = Quantity::Concurrency;

async fn set(store: &dyn Store, budget: &Budget) -> Result<(), StoreError> {
    store.set_budget(budget, &event("budget.set", "it")).await
}

async fn stored(store: &dyn Store) -> (Vec<Budget>, Vec<Spending>) {
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.budgets.sort_by_key(|budget| budget.id);
    snapshot
        .spending
        .sort_by_key(|row| (row.subject, row.saved.quantity));
    (snapshot.budgets, snapshot.spending)
}

fn spent(subject: Subject, quantity: Quantity, starts: u64, spent: u64) -> Spending {
    Spending {
        subject,
        saved: Saved {
            quantity,
            starts: at(starts),
            spent,
        },
    }
}

pub(super) async fn a_budget_is_set_and_changed(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    let main = pools::create(store, 1, "main").await.id;
    let own = budget(1, BudgetScope::Agent(mayor), DAY);
    let default = budget(2, BudgetScope::EveryAgent, AT_ONCE);
    let whole = budget(3, BudgetScope::Pool(main), Quantity::Money(Window::Total));
    for budget in [&own, &default, &whole] {
        set(store, budget).await.unwrap();
    }
    assert_eq!(stored(store).await.0, [own, default, whole]);
    let changed = Budget {
        limit: 0,
        action: Action::Warn,
        warn_at: WarnAt::from_percent(1).unwrap(),
        created_at: at(999),
        ..own
    };
    set(store, &changed).await.unwrap();
    let kept = Budget {
        created_at: own.created_at,
        ..changed
    };
    assert_eq!(stored(store).await.0, [kept, default, whole]);
    let removed = event("budget.removed", "it");
    store.remove_budget(default.id, &removed).await.unwrap();
    assert_eq!(stored(store).await.0, [kept, whole]);
    let again = store.remove_budget(default.id, &removed).await;
    assert_eq!(again, Err(StoreError::NotFound));
}

pub(super) async fn there_is_one_budget_per_scope_and_quantity(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    let own = budget(1, BudgetScope::Agent(mayor), DAY);
    set(store, &own).await.unwrap();
    let twin = Budget {
        id: BudgetId::from_bytes([9; 16]),
        ..own
    };
    assert_eq!(set(store, &twin).await, Err(StoreError::NameTaken));
    for other in [
        budget(2, BudgetScope::EveryAgent, DAY),
        budget(3, own.scope, Quantity::Tokens(Window::Month)),
        budget(4, own.scope, Quantity::Requests(Window::Day)),
    ] {
        set(store, &other).await.unwrap();
    }
    let moved = Budget {
        quantity: AT_ONCE,
        ..own
    };
    let refused = set(store, &moved).await;
    assert!(matches!(refused, Err(StoreError::Inconsistent(_))));
    assert_eq!(stored(store).await.0.len(), 4);
}

pub(super) async fn a_budget_needs_whom_it_binds(store: &dyn Store) {
    let nobody = AgentId::from_bytes([9; 16]);
    let nothing = PoolId::from_bytes([9; 16]);
    for scope in [BudgetScope::Agent(nobody), BudgetScope::Pool(nothing)] {
        let refused = set(store, &budget(1, scope, DAY)).await;
        assert_eq!(refused, Err(StoreError::NotFound));
    }
    let mayor = agents::create(store, 1, "mayor").await.id;
    set(store, &budget(1, BudgetScope::Agent(mayor), DAY))
        .await
        .unwrap();
    set(store, &budget(2, BudgetScope::EveryAgent, DAY))
        .await
        .unwrap();
    let row = spent(Subject::Agent(mayor), DAY, 10, 5);
    store.save_spending(&[row]).await.unwrap();
    let gone = event("agent.deleted", "mayor");
    store.delete_agent(mayor, at(50), &gone).await.unwrap();
    let (budgets, spending) = stored(store).await;
    assert_eq!((budgets.len(), spending), (1, vec![]));
    store.save_spending(&[row]).await.unwrap();
    assert_eq!(stored(store).await.1, []);
}

pub(super) async fn spending_is_kept_for_as_long_as_a_budget_counts_it(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    let main = pools::create(store, 1, "main").await.id;
    let (of_mayor, of_main) = (Subject::Agent(mayor), Subject::Pool(main));
    let own = budget(1, BudgetScope::Agent(mayor), DAY);
    let default = budget(2, BudgetScope::EveryAgent, DAY);
    let whole = budget(3, BudgetScope::Pool(main), DAY);
    for budget in [&own, &default, &whole] {
        set(store, budget).await.unwrap();
    }
    let rows = [
        spent(of_mayor, DAY, 10, 5),
        spent(of_main, DAY, 10, 6),
        // Nothing counts these.
        spent(of_mayor, Quantity::Tokens(Window::Month), 10, 7),
        spent(Subject::Pool(PoolId::from_bytes([9; 16])), DAY, 10, 8),
    ];
    store.save_spending(&rows).await.unwrap();
    assert_eq!(stored(store).await.1, rows[..2]);
    let later = spent(of_mayor, DAY, 20, 1);
    store.save_spending(&[later]).await.unwrap();
    assert_eq!(stored(store).await.1, [later, rows[1]]);
    let removed = event("budget.removed", "it");
    // The default counts on where the agent's own budget ends.
    store.remove_budget(own.id, &removed).await.unwrap();
    assert_eq!(stored(store).await.1, [later, rows[1]]);
    store.remove_budget(default.id, &removed).await.unwrap();
    assert_eq!(stored(store).await.1, [rows[1]]);
    store.remove_budget(whole.id, &removed).await.unwrap();
    assert_eq!(stored(store).await.1, []);
}

pub(super) async fn absurd_spending_does_not_wrap(store: &dyn Store) {
    set(store, &budget(1, BudgetScope::EveryAgent, DAY))
        .await
        .unwrap();
    let mayor = agents::create(store, 1, "mayor").await.id;
    let most = spent(Subject::Agent(mayor), DAY, 10, u64::MAX);
    store.save_spending(&[most]).await.unwrap();
    let (_, spending) = stored(store).await;
    assert!(spending[0].saved.spent >= u64::MAX / 2, "{spending:?}");
}
