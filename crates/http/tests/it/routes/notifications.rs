//! `/api/v1/notifications`: sent by agents, read by operators.

use crate::api::{Answer, Api};
use http::Method;
use portunus_app::notifications::{NotificationEvent, NotificationTerms};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::time::Duration;

const PATH: &str = "/api/v1/notifications";

async fn notify(api: &Api, token: &str, body: Value) -> Answer {
    api.call_as(token, Method::POST, PATH, Some(body)).await
}

async fn sent(api: &Api, token: &str, title: &str) -> String {
    let sent = notify(api, token, json!({ "title": title })).await.is(201);
    sent.json()["id"].as_str().unwrap().to_owned()
}

async fn mark(api: &Api, token: &str, path: &str, body: Option<Value>) -> Answer {
    let path = format!("{PATH}/{path}");
    api.call_as(token, Method::POST, &path, body).await
}

fn titles(list: &Answer) -> Vec<String> {
    let list = list.json();
    let items = list["items"].as_array().unwrap().iter();
    let title = |item: &Value| item["title"].as_str().unwrap().to_owned();
    items.map(title).collect()
}

async fn look(api: &Api, query: &str) -> Vec<String> {
    titles(&api.get(&format!("{PATH}?{query}")).await.is(200))
}

/// Another operator's token.
async fn operator(api: &Api, name: &str, role: &str) -> String {
    let body = json!({ "name": name, "role": role });
    let created = api.post("/api/v1/operators", body).await.is(201).json();
    created["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn p6_who_notifies_is_whoever_the_token_proves() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    api.agent("clerk").await;
    let body = json!({
        "title": "look", "body": "here\nand there", "priority": "urgent", "link": "https://ci.example/7",
    });
    let shown = notify(&api, &mayor, body).await.is(201).json();
    assert_eq!(shown["agent"]["name"], "mayor");
    assert_eq!(
        (&shown["number"], &shown["priority"]),
        (&json!(1), &json!("urgent"))
    );
    assert!(shown.get("read").is_none(), "agents have read nothing");
    for field in ["agent", "source", "sender", "from"] {
        let forged = json!({"title": "look", field: "clerk"});
        let refused = notify(&api, &mayor, forged).await.is(400);
        assert_eq!(refused.code(), "unknown_field", "{field}");
    }
    let operator = api.post(PATH, json!({"title": "look"})).await.is(403);
    assert_eq!(operator.code(), "not_an_agent");
    let seen = api.get(PATH).await.is(200).json();
    assert_eq!(seen["items"][0]["body"], "here\nand there");
    assert_eq!(seen["items"][0]["link"], "https://ci.example/7");
    assert_eq!(seen["items"][0]["read"], false);
    let other = api.call_as(&mayor, Method::GET, PATH, None).await.is(403);
    assert_eq!(other.code(), "insufficient_scope");
}

#[tokio::test]
async fn what_is_no_notification_is_refused_and_costs_nothing() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    for _ in 0..3 {
        for (body, code) in [
            (json!({}), "invalid_body"),
            (json!({"title": " "}), "invalid_body"),
            (json!({"title": "a\nb"}), "invalid_body"),
            (json!({"title": "a\u{1b}[2J"}), "invalid_body"),
            (json!({"title": "x".repeat(201)}), "invalid_body"),
            (json!({"title": "a", "body": ""}), "invalid_body"),
            (json!({"title": "a", "body": "b\u{0}"}), "invalid_body"),
            (
                json!({"title": "a", "body": "x".repeat(16_385)}),
                "invalid_body",
            ),
            (json!({"title": "a", "priority": "soon"}), "invalid_body"),
            (
                json!({"title": "a", "link": "javascript:alert(1)"}),
                "invalid_body",
            ),
            (
                json!({"title": "a", "link": "https://a@b.example/"}),
                "invalid_body",
            ),
            (
                json!({"title": "a", "link": "ftp://a.example/"}),
                "invalid_body",
            ),
        ] {
            let refused = notify(&api, &mayor, body.clone()).await.is(400);
            assert_eq!(refused.code(), code, "{body}");
        }
    }
    sent(&api, &mayor, "good").await;
    assert_eq!(look(&api, "").await, ["good"]);
}

#[tokio::test]
async fn one_agent_cannot_flood_operators_and_the_others_are_heard() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    api.plane.notifications().set_terms(NotificationTerms {
        per_hour: NonZeroU32::new(60).unwrap(),
        burst: NonZeroU32::new(3).unwrap(),
        ..NotificationTerms::default()
    });
    for _ in 0..3 {
        sent(&api, &mayor, "look").await;
    }
    let body = || json!({"title": "look"});
    let flood = notify(&api, &mayor, body()).await.is(429);
    assert_eq!(flood.code(), "rate_limited");
    assert_eq!(flood.header("retry-after"), "60");
    sent(&api, &clerk, "help").await;
    api.clock.advance(Duration::from_secs(60));
    sent(&api, &mayor, "look again").await;
    notify(&api, &mayor, body()).await.is(429);
    assert_eq!(look(&api, "limit=2").await, ["look again", "help"]);
}

#[tokio::test]
async fn each_operator_reads_for_itself() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let (ann, bob) = (
        operator(&api, "ann", "viewer").await,
        operator(&api, "bob", "viewer").await,
    );
    let first = sent(&api, &mayor, "one").await;
    let second = sent(&api, &mayor, "two").await;
    sent(&api, &mayor, "three").await;
    let unread = async |token: &str| {
        let path = format!("{PATH}?read=false");
        let list = api.call_as(token, Method::GET, &path, None).await;
        titles(&list.is(200))
    };
    let marked = mark(&api, &ann, &format!("{first}/read"), None).await;
    assert_eq!(marked.is(200).json()["read"], true);
    assert_eq!(unread(&ann).await, ["three", "two"]);
    let body = Some(json!({ "last": second }));
    let marked = mark(&api, &ann, "read", body).await.is(200).json();
    assert_eq!(marked, json!({"marked": 1, "until": 2}));
    assert_eq!(unread(&ann).await, ["three"]);
    assert_eq!(unread(&bob).await, ["three", "two", "one"]);
    let all = mark(&api, &bob, "read", None).await.is(200).json();
    assert_eq!(all, json!({"marked": 3, "until": 3}));
    let shown = api
        .call_as(&bob, Method::GET, &format!("{PATH}/{first}"), None)
        .await;
    assert_eq!(shown.is(200).json()["read"], true);
    let again = mark(&api, &bob, "read", None).await.is(200).json();
    assert_eq!(again["marked"], 0);
    for path in ["ntf_0000000000000000000000/read", "nothing/read"] {
        let refused = mark(&api, &ann, path, None).await.is(404);
        assert_eq!(refused.code(), "not_found");
    }
    let body = json!({"name": "reader", "scopes": ["notifications.*"]});
    let reader = api.post("/api/v1/agents", body).await.is(201).json();
    let reader = reader["token"].as_str().unwrap();
    for path in ["read".to_owned(), format!("{first}/read")] {
        let refused = mark(&api, reader, &path, None).await.is(403);
        assert_eq!(refused.code(), "operators_only");
    }
    let path = format!("{PATH}?read=false");
    let refused = api.call_as(reader, Method::GET, &path, None).await.is(400);
    assert_eq!(refused.code(), "invalid_parameter");
    let all = api.call_as(reader, Method::GET, PATH, None).await.is(200);
    assert!(all.json()["items"][0].get("read").is_none());
}

#[tokio::test]
async fn notifications_are_narrowed_and_followed() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    for (token, title, priority) in [
        (&mayor, "one", "low"),
        (&clerk, "two", "urgent"),
        (&mayor, "three", "high"),
    ] {
        let body = json!({"title": title, "priority": priority});
        notify(&api, token, body).await.is(201);
        api.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(look(&api, "min_priority=high").await, ["three", "two"]);
    assert_eq!(look(&api, "agent=mayor").await, ["three", "one"]);
    assert_eq!(
        look(&api, "since=2026-11-01T00:01:00Z").await,
        ["three", "two"]
    );
    assert_eq!(look(&api, "after=1").await, ["two", "three"]);
    assert_eq!(look(&api, "after=3").await, [] as [&str; 0]);
    let page = api.get(&format!("{PATH}?limit=2")).await.is(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(
        look(&api, &format!("limit=2&cursor={cursor}")).await,
        ["one"]
    );
    for (query, status, code) in [
        ("cursor=agents.a", 400, "bad_cursor"),
        ("min_priority=soon", 400, "invalid_parameter"),
        ("after=9223372036854775808", 400, "invalid_parameter"),
        ("unread=true", 400, "unknown_parameter"),
        ("agent=ghost", 404, "not_found"),
    ] {
        let refused = api.get(&format!("{PATH}?{query}")).await.is(status);
        assert_eq!(refused.code(), code, "{query}");
    }
    // Whoever notified and is gone has its name on what it sent.
    api.call(Method::DELETE, "/api/v1/agents/clerk", None)
        .await
        .is(200);
    let seen = api
        .get(&format!("{PATH}?min_priority=urgent"))
        .await
        .is(200);
    assert_eq!(seen.json()["items"][0]["agent"]["name"], "clerk");
}

#[tokio::test]
async fn whoever_listens_hears_what_is_sent_and_what_is_read() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let mut events = api.plane.notifications().subscribe();
    let id = sent(&api, &mayor, "look").await;
    mark(&api, &api.operator, &format!("{id}/read"), None)
        .await
        .is(200);
    mark(&api, &api.operator, "read", None).await.is(200);
    let Ok(NotificationEvent::Sent(notification)) = events.try_recv() else {
        panic!("nothing was heard of it")
    };
    assert_eq!(notification.id.to_string(), id);
    let Ok(NotificationEvent::Read { notification, .. }) = events.try_recv() else {
        panic!("nothing was heard of reading it")
    };
    assert_eq!(notification.to_string(), id);
    let Ok(NotificationEvent::AllRead { until, .. }) = events.try_recv() else {
        panic!("nothing was heard of reading all")
    };
    assert_eq!(until, 1);
}
