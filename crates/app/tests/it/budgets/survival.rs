//! What survives a restart and an outage of the store: spending does, reservations and slots do not.

use super::scene::{Scene, agent, amounts, pool};
use portunus_app::budgets::{self, Target};
use portunus_core::budget::{Quantity, Why, Window};
use portunus_core::time::{Clock, Timestamp};
use portunus_store::Store;
use portunus_store::memory::Outage;
use std::time::Duration;

const REQUESTS: Quantity = Quantity::Requests(Window::Day);

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_forgets_half_a_second_of_spending_at_most() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    scene.set(agent("mayor"), REQUESTS, 2).await;
    scene
        .set(Target::EveryAgent, Quantity::Tokens(Window::Total), 100)
        .await;
    for _ in 0..2 {
        let mut request = scene.reserve(mayor, amounts(30, 1)).unwrap();
        request.settle(amounts(30, 1));
    }
    pause(500).await;
    // No flush: the second plane sees what a killed one left behind.
    let reborn = scene.stage.restarted().await;
    let refused = scene.reserve_on(&reborn, mayor, amounts(1, 1)).unwrap_err();
    assert_eq!(
        (refused.shortage.why, refused.shortage.spent),
        (Why::Spent, 2)
    );
    let whole = budgets::list(&reborn, budgets::Whose::All).await.unwrap();
    assert_eq!(whole[0].level.spent, 60);
    assert_eq!(whole[0].fullest.as_deref(), Some("mayor"));
}

#[tokio::test]
async fn what_was_spent_before_a_start_counts_until_its_budget_goes() {
    let mut scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let default = scene.set(Target::EveryAgent, REQUESTS, 2).await;
    for _ in 0..2 {
        let mut request = scene.reserve(mayor, amounts(1, 1)).unwrap();
        request.settle(amounts(1, 1));
    }
    scene.plane().flush().await.unwrap();
    scene.stage.plane = scene.stage.restarted().await;
    // The agent has not asked yet; neither another budget nor a look at it forgets what it spent.
    scene
        .set(Target::EveryAgent, Quantity::Tokens(Window::Day), 100)
        .await;
    let view = budgets::show(scene.plane(), default.id).unwrap();
    assert_eq!(
        (view.level.spent, view.fullest.as_deref()),
        (2, Some("mayor"))
    );
    assert!(scene.reserve(mayor, amounts(1, 1)).is_err());
    let removed = budgets::remove(scene.plane(), scene.stage.operator, default.id).await;
    removed.unwrap();
    scene.set(Target::EveryAgent, REQUESTS, 2).await;
    assert!(scene.reserve(mayor, amounts(1, 1)).is_ok());
}

#[tokio::test]
async fn no_reservation_and_no_slot_outlives_a_restart() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let slots = scene.set(pool(), Quantity::Concurrency, 1).await;
    let requests = scene.set(agent("mayor"), REQUESTS, 1).await;
    let mut running = scene.reserve(mayor, amounts(1, 1)).unwrap();
    running.dispatched();
    scene.plane().flush().await.unwrap();
    let reborn = scene.stage.restarted().await;
    for budget in [slots, requests] {
        let level = budgets::show(&reborn, budget.id).unwrap().level;
        assert_eq!((level.spent, level.reserved), (0, 0));
    }
    assert!(scene.reserve_on(&reborn, mayor, amounts(1, 1)).is_ok());
}

#[tokio::test]
async fn a_window_that_is_over_is_not_restored_and_one_that_is_not_over_yet_is() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let budget = scene.set(agent("mayor"), REQUESTS, 1).await;
    let mut request = scene.reserve(mayor, amounts(1, 1)).unwrap();
    request.settle(amounts(1, 1));
    scene.plane().flush().await.unwrap();
    let spent = async || {
        let reborn = scene.stage.restarted().await;
        budgets::show(&reborn, budget.id).unwrap().level.spent
    };
    let today = scene.stage.clock.now();
    scene.stage.clock.advance(Duration::from_secs(86_399));
    assert_eq!(spent().await, 1);
    scene.stage.clock.advance(Duration::from_secs(1));
    assert_eq!(spent().await, 0);
    // The clock was set back over the restart: the window is not opened a second time.
    scene
        .stage
        .clock
        .set(Timestamp::from_millis(today.as_millis() - 3_600_000));
    assert_eq!(spent().await, 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_spending_is_counted_and_saved_later() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    let budget = scene.set(agent("mayor"), REQUESTS, 2).await;
    scene.stage.store.outage(Outage::Begins);
    for _ in 0..2 {
        let mut request = scene.reserve(mayor, amounts(1, 1)).unwrap();
        request.settle(amounts(1, 1));
        pause(3_000).await;
    }
    assert!(scene.reserve(mayor, amounts(1, 1)).is_err());
    assert!(scene.plane().flush().await.is_err());
    scene.stage.store.outage(Outage::Ends);
    pause(10_000).await;
    let saved = scene.stage.store.snapshot().await.unwrap().spending;
    assert_eq!(saved.len(), 1);
    assert_eq!(saved[0].saved.spent, 2);
    assert_eq!(scene.used(&budget), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_saved_while_nothing_is_spent() {
    let scene = Scene::new().await;
    let mayor = scene.add_agent("mayor").await;
    scene.set(agent("mayor"), REQUESTS, 2).await;
    drop(scene.reserve(mayor, amounts(1, 1)).unwrap());
    pause(10_000).await;
    assert_eq!(scene.stage.store.snapshot().await.unwrap().spending, []);
}
