//! Operators' changes: whom a budget binds, what setting one again does, and what is recorded.

use super::scene::{Scene, agent, amounts, pool};
use portunus_app::agents;
use portunus_app::budgets::{
    self, BudgetChange, ChangeBudgetError, HIGHEST_LIMIT, NewBudget, RemoveBudgetError,
    SetBudgetError, Setting, Target, Whose,
};
use portunus_core::budget::{Action, Quantity, WarnAt, Window};
use portunus_core::ids::BudgetId;

const REQUESTS: Quantity = Quantity::Requests(Window::Day);

fn wish(target: Target, limit: u64) -> NewBudget {
    NewBudget {
        target,
        quantity: REQUESTS,
        limit,
        action: None,
        warn_at: None,
    }
}

#[tokio::test]
async fn setting_a_budget_again_changes_it_and_keeps_what_was_counted() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let careful = NewBudget {
        action: Some(Action::Warn),
        warn_at: WarnAt::from_percent(50),
        ..wish(agent("mayor"), 10)
    };
    let by = scene.stage.operator;
    let first = budgets::set(scene.plane(), by, careful).await.unwrap();
    assert_eq!(first.setting, Setting::New);
    let mut request = scene.reserve(mayor, amounts(1, 1)).unwrap();
    request.settle(amounts(1, 1));
    let again = budgets::set(scene.plane(), by, wish(agent("mayor"), 20))
        .await
        .unwrap();
    assert_eq!(again.setting, Setting::Changed);
    let budget = again.budget;
    assert_eq!((budget.id, budget.limit), (first.budget.id, 20));
    assert_eq!(
        (budget.action, budget.warn_at.percent()),
        (Action::Warn, 50)
    );
    assert_eq!(scene.used(&budget), (1, 0));
    // Saying the same again is no event.
    budgets::set(scene.plane(), by, wish(agent("mayor"), 20))
        .await
        .unwrap();
    assert_eq!(scene.recorded().await, ["budget.set", "budget.changed"]);
}

#[tokio::test]
async fn a_default_binds_each_agent_by_itself_and_an_own_budget_takes_its_place() {
    let scene = Scene::new().await;
    let (mayor, clerk) = (
        scene.add_agent("mayor").await,
        scene.add_agent("clerk").await,
    );
    scene.set(Target::EveryAgent, REQUESTS, 1).await;
    let spend = |agent| {
        let reserved = scene.reserve(agent, amounts(1, 1));
        reserved
            .map(|mut request| request.settle(amounts(1, 1)))
            .is_ok()
    };
    assert!(spend(mayor) && spend(clerk));
    assert!(!spend(mayor) && !spend(clerk));
    // What the default counted goes on counting.
    let own = scene.set(agent("mayor"), REQUESTS, 2).await;
    assert!(spend(mayor) && !spend(mayor) && !spend(clerk));
    assert_eq!(scene.used(&own), (2, 0));
    budgets::remove(scene.plane(), scene.stage.operator, own.id)
        .await
        .unwrap();
    assert!(!spend(mayor));
    // An agent that comes later is bound too.
    let late = scene.add_agent("late").await;
    assert!(spend(late) && !spend(late));
}

#[tokio::test]
async fn a_list_shows_who_used_most_and_what_binds_one_agent() {
    let scene = Scene::new().await;
    let (mayor, clerk) = (
        scene.add_agent("mayor").await,
        scene.add_agent("clerk").await,
    );
    scene.set(pool(), Quantity::Concurrency, 9).await;
    scene.set(agent("clerk"), REQUESTS, 5).await;
    scene.set(Target::EveryAgent, REQUESTS, 5).await;
    scene
        .set(Target::EveryAgent, Quantity::Tokens(Window::Total), 500)
        .await;
    let nobody = scene.list(Whose::All).await;
    assert_eq!(nobody[0].fullest, None);
    let _open = scene.reserve(mayor, amounts(10, 0)).unwrap();
    let mut done = scene.reserve(clerk, amounts(10, 0)).unwrap();
    done.settle(amounts(30, 0));
    let told = |views: Vec<budgets::BudgetView>| {
        let line = |view: budgets::BudgetView| {
            let (quantity, level) = (view.budget.quantity, view.level);
            let whom = view.subject.unwrap_or_else(|| "*".to_owned());
            let fullest = view.fullest.unwrap_or_default();
            format!(
                "{whom} {quantity} {}+{} {fullest}",
                level.spent, level.reserved
            )
        };
        views.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        told(scene.list(Whose::All).await),
        [
            "* requests a day 0+1 mayor",
            "* tokens in total 30+0 clerk",
            "clerk requests a day 1+0 ",
            "anthropic concurrency 0+1 ",
        ]
    );
    assert_eq!(
        told(scene.list(Whose::Agent("clerk".into())).await),
        ["* tokens in total 30+0 clerk", "clerk requests a day 1+0 "]
    );
    let of_pool = scene.list(Whose::Pool("anthropic".into())).await;
    assert_eq!(told(of_pool), ["anthropic concurrency 0+1 "]);
}

#[tokio::test]
async fn a_deleted_agent_takes_its_budgets_and_its_meters_along() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    scene.set(agent("mayor"), REQUESTS, 1).await;
    scene
        .set(Target::EveryAgent, Quantity::Tokens(Window::Total), 5)
        .await;
    let mut running = scene.reserve(mayor, amounts(5, 0)).unwrap();
    let by = scene.stage.operator;
    agents::delete(scene.plane(), by, "mayor".into())
        .await
        .unwrap();
    running.settle(amounts(5, 0));
    let left = scene.list(Whose::All).await;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].level.spent, left[0].fullest.as_deref()), (0, None));
    // The name is free, and whoever gets it begins anew.
    let heir = scene.add_agent("mayor").await;
    assert!(scene.reserve(heir, amounts(5, 0)).is_ok());
    assert!(scene.reserve(heir, amounts(5, 0)).is_ok());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let scene = Scene::new().await;
    let by = scene.stage.operator;
    let set = |target, limit| budgets::set(scene.plane(), by, wish(target, limit));
    let refused = set(agent("nobody"), 1).await.unwrap_err();
    assert_eq!(refused, SetBudgetError::NoSuchAgent);
    let refused = set(Target::Pool("none".into()), 1).await.unwrap_err();
    assert_eq!(refused, SetBudgetError::NoSuchPool);
    let refused = set(Target::EveryAgent, HIGHEST_LIMIT + 1)
        .await
        .unwrap_err();
    assert_eq!(refused, SetBudgetError::TooHigh);
    let unknown = BudgetId::from_bytes([9; 16]);
    let refused = budgets::change(scene.plane(), by, unknown, BudgetChange::default()).await;
    assert_eq!(refused.unwrap_err(), ChangeBudgetError::NotFound);
    let refused = budgets::remove(scene.plane(), by, unknown).await;
    assert_eq!(refused.unwrap_err(), RemoveBudgetError::NotFound);
    assert_eq!(scene.recorded().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_lowered_budget_stops_at_once_and_running_requests_end() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let budget = scene.set(agent("mayor"), REQUESTS, 10).await;
    let mut running: Vec<_> = (0..3)
        .map(|_| scene.reserve(mayor, amounts(1, 1)).unwrap())
        .collect();
    let change = BudgetChange {
        limit: Some(2),
        ..BudgetChange::default()
    };
    let by = scene.stage.operator;
    budgets::change(scene.plane(), by, budget.id, change)
        .await
        .unwrap();
    assert!(scene.reserve(mayor, amounts(1, 1)).is_err());
    for request in &mut running {
        request.settle(amounts(1, 1));
    }
    assert_eq!(scene.used(&budget), (3, 0));
    let view = budgets::show(scene.plane(), budget.id).unwrap();
    assert_eq!(view.level.remaining(), 0);
    assert!(scene.reserve(mayor, amounts(1, 1)).is_err());
}

#[tokio::test]
async fn a_warning_and_the_end_of_a_budget_are_recorded_once() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    scene.set(agent("mayor"), REQUESTS, 5).await;
    for _ in 0..9 {
        if let Ok(mut request) = scene.reserve(mayor, amounts(1, 1)) {
            request.settle(amounts(1, 1));
        }
    }
    let recorded = scene.recorded().await;
    assert_eq!(recorded, ["budget.set", "budget.warned", "budget.exceeded"]);
}
