//! Limits of a key, as its headers tell them.

use crate::post;
use portunus_core::time::Clock;
use portunus_testkit::{FakeProvider, Limit, LimitStyle, TestClock};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_limited_key_recovers_when_it_said_it_would_and_its_twin_never_stops() {
    let clock = TestClock::default();
    let provider = FakeProvider::start_with_clock(Arc::new(clock.clone())).unwrap();
    let limit = Limit::new(1, Duration::from_secs(5), LimitStyle::AnthropicUnified);
    provider.key("a").limit(limit);
    provider.key("b").known();
    let body = json!({"model": "claude-sonnet-4-5", "messages": []});
    let mut statuses = Vec::new();
    for key in ["a", "a", "b"] {
        let answer = post(&provider, "/v1/messages", key, &body).await.unwrap();
        statuses.push(answer.status().as_u16());
        if answer.status() == 429 {
            let reset = clock.now().plus_ms(5000).as_millis() / 1000;
            let headers = answer.headers();
            assert_eq!(headers["anthropic-ratelimit-unified-5h-status"], "rejected");
            assert_eq!(
                headers["anthropic-ratelimit-unified-5h-reset"],
                reset.to_string().as_str()
            );
        }
    }
    clock.advance(Duration::from_secs(5));
    let answer = post(&provider, "/v1/messages", "a", &body).await.unwrap();
    statuses.push(answer.status().as_u16());
    assert_eq!(statuses, [200, 429, 200, 200]);
}

#[tokio::test]
async fn a_limit_of_one_model_family_leaves_the_others_alone() {
    let provider = FakeProvider::start().unwrap();
    let limit = Limit::new(0, Duration::from_secs(60), LimitStyle::AnthropicApiKey);
    provider.key("a").limit(limit.for_models("opus"));
    let mut statuses = Vec::new();
    for model in ["claude-opus-4-5", "claude-haiku-4-5"] {
        let body = json!({"model": model, "messages": []});
        let answer = post(&provider, "/v1/messages", "a", &body).await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [429, 200]);
}
