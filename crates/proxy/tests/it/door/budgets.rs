//! Budgets at the door: what is over budget is told in the client's own protocol, and what a request held is free
//! again and charged as it was used, however the request ended.

use super::plant::{Plant, impatient};
use super::{chat, message, response};
use http_body_util::BodyExt;
use portunus_app::budgets::{self, Amounts, Demand, NewBudget, Target};
use portunus_core::budget::{Budget, Quantity, Window};
use portunus_testkit::{Answer, Gate};
use serde_json::json;

const REQUESTS: Quantity = Quantity::Requests(Window::Total);
const TOKENS: Quantity = Quantity::Tokens(Window::Total);
const AT_ONCE: Quantity = Quantity::Concurrency;

pub(super) async fn set(plant: &Plant, target: Target, quantity: Quantity, limit: u64) -> Budget {
    let new = NewBudget {
        target,
        quantity,
        limit,
        action: None,
        warn_at: None,
    };
    let set = budgets::set(&plant.plane, plant.operator, new).await;
    set.unwrap().budget
}

/// What is spent and reserved of it.
fn used(plant: &Plant, budget: &Budget) -> (u64, u64) {
    let level = budgets::show(&plant.plane, budget.id).unwrap().level;
    (level.spent, level.reserved)
}

/// Waits until nothing is reserved, and gives what is spent.
pub(super) async fn settled(plant: &Plant, budget: &Budget) -> u64 {
    plant.until(|plant| used(plant, budget).1 == 0).await;
    used(plant, budget).0
}

#[tokio::test]
async fn over_budget_is_told_in_the_protocols_own_shape_with_what_to_do() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    set(&plant, Target::Agent("mayor".into()), REQUESTS, 3).await;
    for (path, body) in [
        ("/v1/messages", message(false)),
        ("/v1/chat/completions", chat(false)),
        ("/v1/responses", response(false)),
    ] {
        assert_eq!(plant.call(&token, path, &body).await.status, 200, "{path}");
    }
    for stream in [false, true] {
        for (path, body, kind) in [
            ("/v1/messages", message(stream), "billing_error"),
            ("/v1/chat/completions", chat(stream), "insufficient_quota"),
            ("/v1/responses", response(stream), "insufficient_quota"),
        ] {
            let refused = plant.call(&token, path, &body).await;
            assert_eq!(refused.status, 429, "{path}: {}", refused.text);
            assert_eq!(refused.header("x-should-retry"), "false", "{path}");
            let error = &refused.json()["error"];
            assert_eq!(error["type"], kind, "{path}");
            let message = error["message"].as_str().unwrap();
            for part in [
                "This agent's budget of 3 requests in total is spent (3 of 3)",
                "portunus budgets set --agent mayor --requests LIMIT --total",
            ] {
                assert!(message.contains(part), "{path}: {message}");
            }
        }
    }
    assert_eq!(plant.provider.seen().len(), 3);
}

#[tokio::test]
async fn a_request_that_fits_no_budget_is_a_bad_request() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let budget = set(&plant, Target::EveryAgent, TOKENS, 50).await;
    let refused = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-should-retry")),
        (400, "false")
    );
    assert!(
        refused.text.contains("smaller max_tokens"),
        "{}",
        refused.text
    );
    assert!(plant.provider.seen().is_empty());
    let mut small = message(false);
    small["max_tokens"] = json!(5);
    assert_eq!(plant.call(&token, "/v1/messages", &small).await.status, 200);
    assert!(used(&plant, &budget).0 > 0);
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_by_a_budget_of_money() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let money = Quantity::Money(Window::Month);
    let budget = set(
        &plant,
        Target::Pool("anthropic".into()),
        money,
        5_000_000_000,
    )
    .await;
    let mut odd = message(false);
    odd["model"] = json!("nobody-knows-1");
    let refused = plant.call(&token, "/v1/messages", &odd).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-should-retry")),
        (400, "false")
    );
    assert!(refused.text.contains("has no price"), "{}", refused.text);
    let served = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(served.status, 200);
    assert!(used(&plant, &budget).0 > 0);
    // The other pool has no budget.
    assert_eq!(
        plant
            .call(&token, "/v1/chat/completions", &chat(false))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn answers_and_streams_are_settled_with_what_they_really_used() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let tokens = set(&plant, Target::EveryAgent, TOKENS, 1_000_000).await;
    let mut before = 0;
    for (path, body) in [
        ("/v1/messages", message(false)),
        ("/v1/messages", message(true)),
        ("/v1/chat/completions", chat(false)),
        ("/v1/chat/completions", chat(true)),
        ("/v1/responses", response(false)),
        ("/v1/responses", response(true)),
    ] {
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 200);
        let spent = settled(&plant, &tokens).await;
        // A few words in, a few out: not what was reserved, which is 64 or 4096 out.
        let used = spent - before;
        assert!((2..60).contains(&used), "{path} used {used}");
        before = spent;
    }
}

#[tokio::test]
async fn several_attempts_are_one_request() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant.provider.anyone().script([Answer::rate_limited()]);
    let budget = set(&plant, Target::EveryAgent, REQUESTS, 1).await;
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        200
    );
    assert_eq!(plant.provider.seen().len(), 2);
    assert_eq!(settled(&plant, &budget).await, 1);
}

#[tokio::test]
async fn what_was_never_sent_is_not_counted() {
    let plant = Plant::with_keys(0).await;
    let token = plant.agent("mayor").await;
    let budget = set(&plant, Target::EveryAgent, REQUESTS, 1).await;
    for _ in 0..3 {
        let refused = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(refused.status, 503);
    }
    assert_eq!(settled(&plant, &budget).await, 0);
}

#[tokio::test]
async fn no_slot_outlives_a_client_that_leaves() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let slots = set(&plant, Target::Agent("mayor".into()), AT_ONCE, 1).await;
    let tokens = set(&plant, Target::Agent("mayor".into()), TOKENS, 1_000_000).await;
    let held = Answer::ok().held_after(5, &Gate::closed());
    plant.provider.anyone().script([held, Answer::never()]);
    let mut stream = plant
        .send(&token, "/v1/messages", &message(true), &[])
        .await;
    stream.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(used(&plant, &slots), (0, 1));
    let refused = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused.text.contains("at once is in use (1 of 1)"),
        "{}",
        refused.text
    );
    drop(stream);
    settled(&plant, &slots).await;
    // What had passed until then is charged, and not what was reserved.
    let spent = settled(&plant, &tokens).await;
    assert!((1..64).contains(&spent), "{spent}");

    let body = message(false);
    let waiting = plant.send(&token, "/v1/messages", &body, &[]);
    plant
        .hangs_up(waiting, |plant| plant.provider.seen().len() == 2)
        .await;
    settled(&plant, &slots).await;
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn no_slot_outlives_an_upstream_that_never_answers() {
    let plant = Plant::with(1, impatient()).await;
    let token = plant.agent("mayor").await;
    let slots = set(&plant, Target::Pool("anthropic".into()), AT_ONCE, 1).await;
    plant.provider.anyone().script([
        Answer::never(),
        Answer::never(),
        Answer::never(),
        Answer::never(),
    ]);
    let refused = plant.call(&token, "/v1/messages", &message(false)).await;
    assert!(refused.status.is_server_error(), "{}", refused.text);
    settled(&plant, &slots).await;
}

#[tokio::test]
async fn no_slot_outlives_a_client_that_leaves_the_queue() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let slots = set(&plant, Target::EveryAgent, AT_ONCE, 1).await;
    let limited = Answer::rate_limited().header("retry-after", "30");
    plant.provider.anyone().script([limited]);
    let body = message(true);
    let waiting = plant.send(&token, "/v1/messages", &body, &[]);
    plant.hangs_up(waiting, |plant| plant.waiting() == 1).await;
    settled(&plant, &slots).await;
}

#[tokio::test]
async fn no_slot_outlives_a_task_that_panics() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let slots = set(&plant, Target::EveryAgent, AT_ONCE, 1).await;
    let agent = portunus_app::agents::show(&plant.plane, "mayor")
        .await
        .unwrap()
        .id;
    let pool = portunus_app::pool_settings::show(&plant.plane, "anthropic")
        .unwrap()
        .id;
    let demand = Demand {
        agent,
        pool,
        amounts: Amounts::default(),
    };
    let mut held = plant.plane.budgets().reserve(&demand).unwrap();
    held.dispatched();
    let refused = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(refused.status, 429);
    let panics = tokio::spawn(async move {
        let _held = held;
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panics.await.unwrap_err().is_panic());
    settled(&plant, &slots).await;
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        200
    );
}
