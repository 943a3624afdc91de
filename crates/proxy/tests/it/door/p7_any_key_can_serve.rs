//! P7: while some key in reach can serve, the client sees success; while none can, it waits and then sees it.

use super::plant::Plant;
use super::{chat, message, response};
use portunus_testkit::Answer;
use serde_json::json;
use std::time::{Duration, Instant};

fn limited_for(seconds: u64) -> Answer {
    Answer::rate_limited().header("retry-after", &seconds.to_string())
}

#[tokio::test]
async fn a_limited_key_is_replaced_and_the_client_notices_nothing() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        ("/v1/messages", message(true)),
        ("/v1/messages", message(false)),
        ("/v1/chat/completions", chat(true)),
        ("/v1/responses", response(true)),
    ] {
        plant.provider.key("sk-1").script([limited_for(60)]);
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(answer.complete);
    }
    let refused = plant
        .provider
        .seen()
        .iter()
        .filter(|seen| seen.status == Some(429))
        .count();
    assert!(refused >= 1);
    assert!(
        plant
            .actions()
            .await
            .contains(&"attempt.replaced".to_owned())
    );
    plant.all_leases_back().await;
}

#[tokio::test]
async fn all_limited_the_client_waits_for_the_earliest_reset_and_gets_its_answer() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for body in [message(true), message(false)] {
        plant.provider.key("sk-1").script([limited_for(1)]);
        plant.provider.key("sk-2").script([limited_for(30)]);
        // Both keys must learn of their limits, whichever is asked first.
        let began = Instant::now();
        let answer = plant.call(&token, "/v1/messages", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer.complete && !answer.text.contains("error"),
            "{}",
            answer.text
        );
        let waited = began.elapsed();
        assert!(
            waited >= Duration::from_millis(900) && waited < Duration::from_secs(25),
            "{waited:?}"
        );
        plant.provider.key("sk-2").healthy();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let operator = plant.operator;
        portunus_app::keys::clear(&plant.plane, operator, "anthropic:k2".to_owned())
            .await
            .unwrap();
    }
    let actions = plant.actions().await;
    for action in ["key.limited", "pool.waiting", "pool.resumed"] {
        assert!(
            actions.iter().any(|known| known == action),
            "{action}: {actions:?}"
        );
    }
}

#[tokio::test]
async fn a_waiting_stream_is_kept_alive_in_its_protocol() {
    let all = [
        ("/v1/messages", message(true), "event: ping"),
        ("/v1/chat/completions", chat(true), ": "),
        ("/v1/responses", response(true), ": "),
    ];
    let kept_alive = all.map(async |(path, body, sign)| {
        let plant = Plant::with_keys(1).await;
        let token = plant.agent("mayor").await;
        plant.provider.key("sk-1").script([limited_for(4)]);
        let answer = plant.call(&token, path, &body).await;
        assert!(answer.text.starts_with(sign), "{path}: {}", answer.text);
        assert!(answer.complete, "{path}");
    });
    futures_util::future::join_all(kept_alive).await;
}

#[tokio::test]
async fn a_key_added_while_others_wait_serves_them() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant.provider.key("sk-1").script([limited_for(600)]);
    let body = message(false);
    let (answer, ()) = tokio::join!(plant.call(&token, "/v1/messages", &body), async {
        plant.until(|plant| plant.waiting() == 1).await;
        plant.add_key("anthropic", 9).await;
    });
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        plant.provider.seen().last().unwrap().key.as_deref(),
        Some("sk-9")
    );
}

#[tokio::test]
async fn however_many_keys_are_limited_a_request_ends_at_its_deadline_and_not_before_it_tried_them()
{
    const KEYS: usize = 40;
    let plant = Plant::with_keys(KEYS).await;
    let token = plant.agent("mayor").await;
    plant.set_pool("anthropic", Some(500)).await;
    for number in 1..KEYS {
        let secret = format!("sk-{number}");
        plant.provider.key(&secret).always(limited_for(1));
    }
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 200, "one key serves: {}", answer.text);
    plant
        .provider
        .key(&format!("sk-{KEYS}"))
        .always(limited_for(1));
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert!(!answer.header("retry-after").is_empty());
    // A stream that waits has begun by then.
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(answer.text.contains("rate_limit_error"), "{}", answer.text);
    plant.all_leases_back().await;
}

#[tokio::test]
async fn past_max_wait_the_client_learns_the_true_reset() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant.set_pool("anthropic", Some(200)).await;
    let began = Instant::now();
    plant.provider.key("sk-1").script([limited_for(120)]);
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    let least = 119_u64.saturating_sub(began.elapsed().as_secs());
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert_eq!(answer.header("x-should-retry"), "false");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((least..=121).contains(&seconds), "{seconds}");
    assert_eq!(answer.json()["error"]["type"], "rate_limit_error");
    assert_eq!(plant.provider.seen().len(), 1);
    assert!(plant.actions().await.contains(&"pool.exhausted".to_owned()));
}

#[tokio::test]
async fn a_stream_past_max_wait_ends_in_the_protocols_error_event_and_a_cut() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant.set_pool("anthropic", Some(4_000)).await;
    plant.provider.key("sk-1").script([limited_for(120)]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("event: error") && answer.text.contains("rate_limit_error"));
    assert!(!answer.complete);
}

#[tokio::test]
async fn an_overload_after_the_handshake_is_replaced_and_the_client_sees_one_beginning() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for (path, body, beginning) in [
        ("/v1/messages", message(true), "event: message_start"),
        ("/v1/responses", response(true), "event: response.created"),
    ] {
        plant
            .provider
            .anyone()
            .script([Answer::ok().errors_after(1)]);
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(
            answer.complete && !answer.text.contains("overloaded"),
            "{}",
            answer.text
        );
        assert_eq!(answer.text.matches(beginning).count(), 1, "{}", answer.text);
    }
}

#[tokio::test]
async fn overload_is_tried_three_times_and_a_repeating_client_gets_one_try() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Answer::overloaded(), Answer::overloaded_in_stream()]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(
        answer.complete && answer.text.contains("message_stop"),
        "{}",
        answer.text
    );
    let before = plant.provider.seen().len();
    plant.provider.anyone().always(Answer::overloaded());
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 529, "{}", answer.text);
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    assert_eq!(plant.provider.seen().len() - before, 3);
    plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(
        plant.provider.seen().len() - before,
        4,
        "no retry of ours on top of the client's"
    );
}

#[tokio::test]
async fn a_repeating_client_is_served_by_the_key_that_did_not_just_fail() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant.provider.key("sk-1").always(Answer::overloaded());
    for _ in 0..6 {
        let headers = [("x-stainless-retry-count", "1")];
        let sent = plant
            .send(&token, "/v1/messages", &message(false), &headers)
            .await;
        assert_eq!(sent.status(), 200);
    }
    let failed = plant
        .provider
        .seen()
        .iter()
        .filter(|seen| seen.status != Some(200))
        .count();
    assert_eq!(failed, 1, "the sick key is asked once and remembered");
    plant.provider.key("sk-2").always(Answer::overloaded());
    let before = plant.provider.seen().len();
    for _ in 0..3 {
        let headers = [("x-stainless-retry-count", "1")];
        let sent = plant
            .send(&token, "/v1/messages", &message(false), &headers)
            .await;
        assert_eq!(sent.status(), 529);
    }
    assert_eq!(
        plant.provider.seen().len() - before,
        3,
        "no retry of ours on top of the client's"
    );
}

#[tokio::test]
async fn a_dead_key_is_set_aside_and_its_401_reaches_nobody() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant.provider.key("sk-1").always(Answer::dead_key());
    for _ in 0..4 {
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let asked = plant.provider.seen();
    assert_eq!(
        asked.iter().filter(|seen| seen.status == Some(401)).count(),
        1
    );
    assert!(
        plant
            .actions()
            .await
            .contains(&"key.quarantined".to_owned())
    );
    plant.provider.key("sk-2").always(Answer::dead_key());
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.header("x-should-retry"), "false");
}

#[tokio::test]
async fn accounts_without_money_are_replaced_and_then_told_at_once() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    let no_money = json!({"error": {"type": "insufficient_quota", "code": "insufficient_quota",
        "message": "You exceeded your current quota, please check your plan and billing details."}});
    plant
        .provider
        .key("sk-1")
        .always(Answer::status(429).json(&no_money));
    for _ in 0..3 {
        assert_eq!(
            plant
                .call(&token, "/v1/chat/completions", &chat(false))
                .await
                .status,
            200
        );
    }
    plant
        .provider
        .key("sk-2")
        .always(Answer::status(429).json(&no_money));
    let answer = plant
        .call(&token, "/v1/chat/completions", &chat(false))
        .await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "insufficient_quota");
    assert_eq!(answer.header("x-should-retry"), "false");
    assert_eq!(
        plant
            .provider
            .seen()
            .iter()
            .filter(|seen| seen.status == Some(429))
            .count(),
        2
    );
}

#[tokio::test]
async fn an_entitlement_is_sought_on_other_keys_and_then_told_as_400() {
    let plant = Plant::with_keys(3).await;
    let token = plant.agent("mayor").await;
    let refusal = json!({"type": "error", "error": {"type": "rate_limit_error",
        "message": "Extra usage is required for long context requests."}});
    plant.provider.anyone().script([
        Answer::status(429).json(&refusal),
        Answer::status(429).json(&refusal),
    ]);
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        200
    );
    plant
        .provider
        .anyone()
        .always(Answer::status(429).json(&refusal));
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("Extra usage is required"));
    assert_eq!(plant.provider.seen().len(), 6);
}

#[tokio::test]
async fn thirteen_agents_over_one_limited_pool_all_get_their_answers() {
    let plant = Plant::with_keys(2).await;
    for key in ["sk-1", "sk-2"] {
        let per = Duration::from_secs(1);
        let style = portunus_testkit::LimitStyle::AnthropicApiKey;
        plant
            .provider
            .key(key)
            .limit(portunus_testkit::Limit::new(8, per, style));
    }
    let mut tokens = Vec::new();
    for number in 0..13 {
        tokens.push(plant.agent(&format!("agent-{number}")).await);
    }
    let calls = tokens.iter().flat_map(|token| (0..3).map(move |_| token));
    let body = message(true);
    let answers =
        futures_util::future::join_all(calls.map(|token| plant.call(token, "/v1/messages", &body)));
    for answer in answers.await {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer.complete && answer.text.contains("message_stop"),
            "{}",
            answer.text
        );
    }
    plant.all_leases_back().await;
}
