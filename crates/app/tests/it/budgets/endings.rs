//! However a request ends, what it held is free again, and what it used is charged.

use super::scene::{Scene, agent, amounts, pool};
use portunus_app::budgets::Amounts;
use portunus_core::budget::{Quantity, Why, Window};
use std::panic::{AssertUnwindSafe, catch_unwind};

const AT_ONCE: Quantity = Quantity::Concurrency;
const REQUESTS: Quantity = Quantity::Requests(Window::Day);
const TOKENS: Quantity = Quantity::Tokens(Window::Day);

#[tokio::test]
async fn what_was_never_sent_is_given_back_with_its_request() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let requests = scene.set(agent("mayor"), REQUESTS, 1).await;
    let slots = scene.set(pool(), AT_ONCE, 1).await;
    let reservation = scene.reserve(mayor, amounts(10, 10)).unwrap();
    assert!(scene.reserve(mayor, amounts(1, 1)).is_err());
    drop(reservation);
    assert_eq!(
        (scene.used(&requests), scene.used(&slots)),
        ((0, 0), (0, 0))
    );
    assert!(scene.reserve(mayor, amounts(1, 1)).is_ok());
}

#[tokio::test]
async fn what_was_sent_and_lost_is_charged_as_it_was_reserved_and_its_slot_is_free() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let tokens = scene.set(agent("mayor"), TOKENS, 100).await;
    let slots = scene.set(pool(), AT_ONCE, 1).await;
    let mut reservation = scene.reserve(mayor, amounts(10, 10)).unwrap();
    reservation.dispatched();
    drop(reservation);
    assert_eq!((scene.used(&tokens), scene.used(&slots)), ((10, 0), (0, 0)));
}

#[tokio::test]
async fn a_panic_frees_the_slot() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let slots = scene.set(agent("mayor"), AT_ONCE, 1).await;
    let reservation = scene.reserve(mayor, amounts(1, 1)).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _held = reservation;
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    assert_eq!(scene.used(&slots), (0, 0));
    assert!(scene.reserve(mayor, amounts(1, 1)).is_ok());
}

#[tokio::test]
async fn only_the_first_end_counts() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let tokens = scene.set(agent("mayor"), TOKENS, 100).await;
    let mut reservation = scene.reserve(mayor, amounts(50, 50)).unwrap();
    reservation.settle(amounts(7, 7));
    reservation.settle(amounts(9, 9));
    reservation.release();
    drop(reservation);
    assert_eq!(scene.used(&tokens), (7, 0));
}

#[tokio::test]
async fn a_refusal_names_the_budget_and_everything_about_it() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let budget = scene.set(agent("mayor"), REQUESTS, 1).await;
    let mut only = scene.reserve(mayor, amounts(1, 1)).unwrap();
    only.settle(amounts(1, 1));
    let refused = scene.reserve(mayor, amounts(1, 1)).unwrap_err();
    let shortage = refused.shortage;
    assert_eq!((shortage.budget, shortage.why), (budget, Why::Spent));
    assert_eq!(
        (shortage.spent, shortage.reserved, shortage.needed),
        (1, 0, Some(1))
    );
    assert_eq!(refused.budget(), "1 request a day of mayor");
    assert_eq!(
        refused.to_string(),
        "This agent's budget of 1 request a day is spent (1 of 1). It resets at 2026-11-02T00:00:00Z; an operator \
         can raise it: portunus budgets set --agent mayor --requests LIMIT --per day"
    );
    // In a pool's budget there is room for what the agent's own refused: nothing was taken there.
    let pools = scene.set(pool(), REQUESTS, 5).await;
    scene.reserve(mayor, amounts(1, 1)).unwrap_err();
    assert_eq!(scene.used(&pools), (0, 0));
}

#[tokio::test]
async fn what_a_pool_refuses_is_not_taken_from_the_agent() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let own = scene.set(agent("mayor"), TOKENS, 100).await;
    scene.set(pool(), Quantity::Money(Window::Month), 10).await;
    let refused = scene.reserve(mayor, amounts(10, 11)).unwrap_err();
    assert_eq!(
        (refused.shortage.why, refused.subject.as_str()),
        (Why::NeverFits, "anthropic")
    );
    let unpriced = Amounts {
        tokens: 10,
        money: None,
    };
    let refused = scene.reserve(mayor, unpriced).unwrap_err();
    assert_eq!(refused.shortage.why, Why::Unpriced);
    assert_eq!(scene.used(&own), (0, 0));
}

#[tokio::test]
async fn without_a_budget_nobody_is_asked() {
    let scene = Scene::new().await;
    let (mayor, clerk) = (
        scene.add_agent("mayor").await,
        scene.add_agent("clerk").await,
    );
    assert!(!scene.plane().budgets().any());
    let free = format!("{:?}", scene.reserve(mayor, amounts(1, 1)).unwrap());
    assert!(free.contains("bound: false"), "{free}");
    scene.set(agent("mayor"), REQUESTS, 1).await;
    let free = format!("{:?}", scene.reserve(clerk, amounts(1, 1)).unwrap());
    assert!(free.contains("bound: false"), "{free}");
}
