//! `/api/v1/inbox`: taking, waiting, acknowledging.

use super::messages::write;
use crate::api::{Answer, Api};
use http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn take(api: &Api, token: &str, query: &str) -> Answer {
    let path = format!("/api/v1/inbox?{query}");
    api.call_as(token, Method::GET, &path, None).await
}

async fn acknowledge(api: &Api, token: &str, ids: &[&str]) -> Answer {
    let body = Some(json!({ "messages": ids }));
    api.call_as(token, Method::POST, "/api/v1/inbox/ack", body)
        .await
}

fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let items = list["items"].as_array().unwrap().iter();
    let id = |item: &Value| item["message"]["id"].as_str().unwrap().to_owned();
    items.map(id).collect()
}

fn id(written: &Value) -> &str {
    written["message"]["id"].as_str().unwrap()
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_what_is_does_not() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let first = write(&api, &mayor, "agents/clerk", "one").await;
    let second = write(&api, &mayor, "agents/clerk", "two").await;
    assert_eq!(
        ids(&take(&api, &clerk, "limit=1").await.is(200)),
        [id(&first)]
    );
    let taken = take(&api, &clerk, "visibility_ms=5000").await.is(200);
    assert_eq!(ids(&taken), [id(&second)]);
    let delivery = &taken.json()["items"][0]["delivery"];
    assert_eq!(
        *delivery,
        json!({"state": "delivered", "attempts": 1, "at": "2026-11-01T00:00:00.000Z",
            "visible_at": "2026-11-01T00:00:05.000Z"})
    );
    let done = acknowledge(&api, &clerk, &[id(&first)])
        .await
        .is(200)
        .json();
    assert_eq!(done, json!({"read": [id(&first)], "already_read": []}));
    let again = acknowledge(&api, &clerk, &[id(&first)])
        .await
        .is(200)
        .json();
    assert_eq!(again, json!({"read": [], "already_read": [id(&first)]}));
    api.clock.advance(Duration::from_secs(61));
    assert_eq!(ids(&take(&api, &clerk, "").await.is(200)), [id(&second)]);
}

#[tokio::test]
async fn what_cannot_be_acknowledged_is_named_and_nothing_is() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let first = write(&api, &mayor, "agents/clerk", "one").await;
    take(&api, &clerk, "").await.is(200);
    let second = write(&api, &mayor, "agents/clerk", "two").await;
    let early = acknowledge(&api, &clerk, &[id(&first), id(&second)])
        .await
        .is(409);
    assert_eq!(early.code(), "not_delivered");
    assert!(
        early.json()["detail"]
            .as_str()
            .unwrap()
            .contains(id(&second))
    );
    let foreign = acknowledge(&api, &mayor, &[id(&first)]).await.is(404);
    assert_eq!(foreign.code(), "not_found");
    for body in [json!([]), json!(["nothing"]), json!(vec![id(&first); 101])] {
        let body = Some(json!({ "messages": body }));
        let refused = api
            .call_as(&clerk, Method::POST, "/api/v1/inbox/ack", body)
            .await;
        assert_eq!(refused.is(400).code(), "invalid_body");
    }
    api.clock.advance(Duration::from_secs(8 * 86_400));
    let late = acknowledge(&api, &clerk, &[id(&first)]).await.is(409);
    assert_eq!(late.code(), "delivery_failed");
    let path = format!("/api/v1/messages/{}", id(&first));
    let shown = api
        .call_as(&clerk, Method::GET, &path, None)
        .await
        .is(200)
        .json();
    assert_eq!(shown["delivery"]["reason"], "expired");
}

#[tokio::test]
async fn operators_have_no_inbox() {
    let api = Api::new().await;
    let refused = api.get("/api/v1/inbox").await.is(403);
    assert_eq!(refused.code(), "not_an_agent");
    let id = "msg_0000000000000000000000";
    let refused = acknowledge(&api, &api.operator, &[id]).await.is(403);
    assert_eq!(refused.code(), "not_an_agent");
}

#[tokio::test]
async fn a_wish_out_of_bounds_is_refused() {
    let api = Api::new().await;
    let clerk = api.agent("clerk").await;
    for query in [
        "limit=0",
        "limit=101",
        "wait_ms=60001",
        "visibility_ms=999",
        "visibility_ms=43200001",
        "wait_ms=soon",
    ] {
        let refused = take(&api, &clerk, query).await.is(400);
        assert_eq!(refused.code(), "invalid_parameter", "{query}");
    }
}

#[tokio::test]
async fn a_reader_who_waits_is_woken_by_a_message() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let chat = json!({"name": "town", "is_chat": true});
    api.post("/api/v1/boards", chat).await.is(201);
    for path in ["agents/clerk", "boards/town"] {
        let begun = Instant::now();
        let later = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            write(&api, &mayor, path, "wake up").await
        };
        let (taken, written) = tokio::join!(take(&api, &clerk, "wait_ms=30000"), later);
        assert_eq!(ids(&taken.is(200)), [id(&written)]);
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(100) && waited < Duration::from_secs(25));
    }
    assert_eq!(api.plane.messages().waiting(), 0);
    let begun = Instant::now();
    assert!(ids(&take(&api, &clerk, "wait_ms=150").await.is(200)).is_empty());
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn p5_a_wait_ends_with_its_credential() {
    let api = Api::new().await;
    let clerk = api.agent("clerk").await;
    let begun = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let path = "/api/v1/agents/clerk";
        api.call(Method::DELETE, path, None).await.is(200);
    };
    let (ended, ()) = tokio::join!(take(&api, &clerk, "wait_ms=30000"), later);
    assert_eq!(ended.is(401).code(), "invalid_token");
    assert!(begun.elapsed() < Duration::from_secs(25));
    assert_eq!(api.plane.messages().waiting(), 0);
}

#[tokio::test]
async fn p5_nothing_is_handed_out_by_what_an_agent_held_when_it_began_to_wait() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let hold = async |scopes: Value| {
        let (path, body) = ("/api/v1/agents/clerk", json!({ "scopes": scopes }));
        api.call(Method::PATCH, path, Some(body)).await.is(200);
    };
    let later = async {
        while api.plane.messages().waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        hold(json!(["self.*"])).await;
        write(&api, &mayor, "agents/clerk", "not for you now").await
    };
    let (refused, written) = tokio::join!(take(&api, &clerk, "wait_ms=30000"), later);
    assert_eq!(refused.is(403).code(), "insufficient_scope");
    // Nor was it taken.
    hold(json!(["inbox.*"])).await;
    let taken = take(&api, &clerk, "").await.is(200);
    assert_eq!(ids(&taken), [id(&written)]);
    assert_eq!(taken.json()["items"][0]["delivery"]["attempts"], 1);
}

#[tokio::test]
async fn a_wait_ends_with_the_plane_and_is_bounded_for_each_agent() {
    let api = Api::new().await;
    let clerk = api.agent("clerk").await;
    let wait = || take(&api, &clerk, "wait_ms=30000");
    let later = async {
        while api.plane.messages().waiting() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let fifth = wait().await.is(429);
        assert_eq!(fifth.code(), "rate_limited");
        assert_eq!(fifth.header("retry-after"), "5");
        api.plane.begin_drain();
    };
    let (one, two, three, four, ()) = tokio::join!(wait(), wait(), wait(), wait(), later);
    for ended in [one, two, three, four] {
        assert_eq!(ended.is(503).code(), "draining");
    }
}

#[tokio::test]
async fn p6_an_inbox_is_the_credentials_own() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    write(&api, &mayor, "agents/clerk", "for the clerk").await;
    for query in ["agent=clerk", "recipient=clerk"] {
        let refused = take(&api, &mayor, query).await.is(400);
        assert_eq!(refused.code(), "unknown_parameter");
    }
    assert!(ids(&take(&api, &mayor, "").await.is(200)).is_empty());
    assert_eq!(ids(&take(&api, &clerk, "").await.is(200)).len(), 1);
}

#[tokio::test]
async fn the_sender_sees_that_an_inbox_is_full() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    api.plane.messages().bound_inboxes(1);
    let first = write(&api, &mayor, "agents/clerk", "one").await;
    assert_eq!(
        (&first["recipients"], &first["inbox_full"]),
        (&json!(1), &json!([]))
    );
    let second = write(&api, &mayor, "agents/clerk", "two").await;
    assert_eq!(
        (&second["recipients"], &second["inbox_full"]),
        (&json!(0), &json!(["clerk"]))
    );
    let path = format!("/api/v1/messages/{}/deliveries", id(&second));
    let told = api.call_as(&mayor, Method::GET, &path, None).await;
    let delivery = &told.is(200).json()["items"][0]["delivery"];
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("failed"), &json!("inbox_full"))
    );
    assert_eq!(ids(&take(&api, &clerk, "").await.is(200)), [id(&first)]);
    acknowledge(&api, &clerk, &[id(&first)]).await.is(200);
    let third = write(&api, &mayor, "agents/clerk", "three").await;
    assert_eq!(third["recipients"], 1);
}

#[tokio::test]
async fn who_writes_waits_for_nobody_who_reads() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    // Readers that wait and then never acknowledge, and nobody who listens to what happens.
    let slow = api.plane.messages().subscribe();
    let wait = || take(&api, &clerk, "wait_ms=30000&limit=1");
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begun = Instant::now();
        for number in 0..100 {
            write(&api, &mayor, "agents/clerk", &format!("{number}")).await;
        }
        begun.elapsed()
    };
    let (one, two, wrote) = tokio::join!(wait(), wait(), later);
    assert_eq!(ids(&one.is(200)).len() + ids(&two.is(200)).len(), 2);
    assert!(wrote < Duration::from_secs(25), "{wrote:?}");
    drop(slow);
}

#[tokio::test]
async fn the_sender_sees_why_a_message_failed_that_nobody_acknowledged() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let written = write(&api, &mayor, "agents/clerk", "one").await;
    for attempt in 1..=10 {
        let taken = take(&api, &clerk, "visibility_ms=1000").await.is(200);
        assert_eq!(taken.json()["items"][0]["delivery"]["attempts"], attempt);
        api.clock.advance(Duration::from_secs(1));
    }
    assert!(ids(&take(&api, &clerk, "").await.is(200)).is_empty());
    let path = format!("/api/v1/messages/{}/deliveries", id(&written));
    let told = api.call_as(&mayor, Method::GET, &path, None).await;
    let delivery = &told.is(200).json()["items"][0]["delivery"];
    assert_eq!(delivery["state"], "failed");
    assert_eq!(delivery["reason"], "not_acknowledged");
    assert_eq!(delivery["attempts"], 10);
}

#[tokio::test]
async fn readers_who_acknowledge_get_each_message_once() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let mut written = Vec::new();
    for number in 0..60 {
        let message = write(&api, &mayor, "agents/clerk", &format!("{number}")).await;
        written.push(id(&message).to_owned());
    }
    let reader = || async {
        let mut got = Vec::new();
        loop {
            let taken = ids(&take(&api, &clerk, "limit=7").await.is(200));
            if taken.is_empty() {
                return got;
            }
            let named: Vec<&str> = taken.iter().map(String::as_str).collect();
            // A reply may be lost, so a reader says it twice.
            for _ in 0..2 {
                acknowledge(&api, &clerk, &named).await.is(200);
            }
            got.extend(taken);
        }
    };
    let (one, two, three) = tokio::join!(reader(), reader(), reader());
    let mut got = [one, two, three].concat();
    got.sort();
    written.sort();
    assert_eq!(got, written);
    api.clock.advance(Duration::from_secs(3_600));
    assert!(ids(&take(&api, &clerk, "").await.is(200)).is_empty());
}
