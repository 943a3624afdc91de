//! `/api/v1/boards`, `/api/v1/messages` and what is written to agents.

use crate::api::{Answer, Api};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn write(api: &Api, token: &str, path: &str, text: &str) -> Value {
    let body = Some(json!({"text": text}));
    let path = format!("/api/v1/{path}/messages");
    let answer = api.call_as(token, Method::POST, &path, body).await;
    answer.is(201).json()
}

async fn look(api: &Api, token: &str, path: &str) -> Answer {
    api.call_as(token, Method::GET, &format!("/api/v1/{path}"), None)
        .await
}

async fn board(api: &Api, body: Value) -> Value {
    api.post("/api/v1/boards", body).await.is(201).json()
}

fn each(list: &Value, pointer: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    let text = |item: &Value| {
        let found = item.pointer(pointer).unwrap();
        found
            .as_str()
            .map_or_else(|| found.to_string(), str::to_owned)
    };
    items.iter().map(text).collect()
}

#[tokio::test]
async fn boards_are_found_by_tag_and_tags_alike() {
    let api = Api::new().await;
    let town = board(
        &api,
        json!({"name": "town", "tags": ["team"], "is_chat": true}),
    )
    .await;
    assert_eq!(town["tags"], json!(["chat", "team"]));
    assert_eq!(
        (&town["is_chat"], &town["last_number"]),
        (&json!(true), &json!(0))
    );
    board(
        &api,
        json!({"name": "diary", "description": "what happened"}),
    )
    .await;
    for query in [
        "tag=chat",
        "tags=chat",
        "tag=chat&tags=team",
        "tags=team,chat",
    ] {
        let list = api
            .get(&format!("/api/v1/boards?{query}"))
            .await
            .is(200)
            .json();
        assert_eq!(each(&list, "/name"), ["town"], "{query}");
    }
    let all = api.get("/api/v1/boards").await.is(200).json();
    assert_eq!(each(&all, "/name"), ["diary", "town"]);
    let agent = api.agent("mayor").await;
    let seen = look(&api, &agent, "boards/town").await.is(200).json();
    assert_eq!(seen, town);
    let taken = api.post("/api/v1/boards", json!({"name": "town"})).await;
    assert_eq!(taken.is(409).code(), "name_taken");
    for (body, code) in [
        (json!({"name": "Town"}), "invalid_body"),
        (json!({"name": "a", "tags": ["A"]}), "invalid_body"),
        (
            json!({"name": "a", "tags": ["chat"], "is_chat": false}),
            "invalid_body",
        ),
        (
            json!({"name": "a", "description": "x".repeat(1_001)}),
            "invalid_body",
        ),
        (json!({"name": "a", "chat": true}), "unknown_field"),
    ] {
        let refused = api.post("/api/v1/boards", body.clone()).await.is(400);
        assert_eq!(refused.code(), code, "{body}");
    }
    let strange = api.get("/api/v1/boards?tag=Chat").await.is(400);
    assert_eq!(strange.code(), "invalid_parameter");
}

#[tokio::test]
async fn a_board_is_changed_and_deleted_with_a_record() {
    let api = Api::new().await;
    board(&api, json!({"name": "town", "tags": ["team"]})).await;
    let path = "/api/v1/boards/town";
    let change = |body: Value| api.call(Method::PATCH, path, Some(body));
    let chat = change(json!({"is_chat": true})).await.is(200).json();
    assert_eq!(chat["tags"], json!(["chat", "team"]));
    let plain = change(json!({"is_chat": false, "description": "d"}))
        .await
        .is(200)
        .json();
    assert_eq!(
        (&plain["tags"], &plain["description"]),
        (&json!(["team"]), &json!("d"))
    );
    assert_eq!(change(json!({})).await.is(400).code(), "invalid_body");
    let mayor = api.agent("mayor").await;
    let written = write(&api, &mayor, "boards/town", "@mayor note").await;
    api.call(Method::DELETE, path, None).await.is(200);
    assert_eq!(api.get(path).await.is(404).code(), "not_found");
    let id = written["message"]["id"].as_str().unwrap();
    let shown = look(&api, &mayor, &format!("messages/{id}"))
        .await
        .is(200)
        .json();
    assert_eq!(shown["delivery"]["state"], "failed");
    assert_eq!(shown["delivery"]["reason"], "board_deleted");
    let log = api.get("/api/v1/audit?action=board.").await.is(200).json();
    let actions = each(&log, "/action");
    assert_eq!(
        actions,
        [
            "board.deleted",
            "board.changed",
            "board.changed",
            "board.created"
        ]
    );
}

#[tokio::test]
async fn a_message_says_whom_it_reaches_and_whom_not() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    board(&api, json!({"name": "diary"})).await;
    let body = json!({
        "text": "@clerk and @ghost: see `@mayor`", "data": {"n": [1, 2]}, "tags": ["note", "a"],
    });
    let path = "/api/v1/boards/diary/messages";
    let written = api
        .call_as(&mayor, Method::POST, path, Some(body))
        .await
        .is(201)
        .json();
    let message = &written["message"];
    assert_eq!(written["recipients"], 1);
    assert_eq!(message["number"], 1);
    assert_eq!(message["board"]["name"], "diary");
    assert_eq!(message["mentions"], json!(["clerk"]));
    assert_eq!(message["unresolved"], json!(["ghost"]));
    assert_eq!(message["data"], json!({"n": [1, 2]}));
    assert_eq!(message["tags"], json!(["a", "note"]));
    assert_eq!(message["sender"]["name"], "mayor");
    let nobody = write(&api, &mayor, "boards/diary", "to whom it may concern").await;
    assert_eq!(nobody["recipients"], 0);
    let missing = api
        .call_as(
            &mayor,
            Method::POST,
            "/api/v1/agents/ghost/messages",
            Some(json!({"text": "hi"})),
        )
        .await;
    assert_eq!(missing.is(404).code(), "not_found");
    let by_me = look(&api, &clerk, "boards/diary/messages?mentions=me")
        .await
        .is(200)
        .json();
    assert_eq!(each(&by_me, "/number"), ["1"]);
    let by_tag = look(&api, &clerk, "boards/diary/messages?tags=note")
        .await
        .is(200)
        .json();
    assert_eq!(each(&by_tag, "/number"), ["1"]);
    let operator = api
        .get("/api/v1/boards/diary/messages?mentions=me")
        .await
        .is(400);
    assert_eq!(operator.code(), "invalid_parameter");
}

#[tokio::test]
async fn a_reader_who_follows_a_board_misses_nothing() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    board(&api, json!({"name": "diary"})).await;
    for number in 1..=7 {
        api.clock.advance(Duration::from_secs(60));
        write(&api, &mayor, "boards/diary", &format!("number {number}")).await;
    }
    let newest = api
        .get("/api/v1/boards/diary/messages?limit=3")
        .await
        .is(200)
        .json();
    assert_eq!(each(&newest, "/number"), ["7", "6", "5"]);
    let mut path = "/api/v1/boards/diary/messages?after=2&limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = api.get(&path).await.is(200).json();
        seen.extend(each(&page, "/number"));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/boards/diary/messages?after=2&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["3", "4", "5", "6", "7"]);
    let since = "/api/v1/boards/diary/messages?since=2026-11-01T00:06:00Z";
    let late = api.get(since).await.is(200).json();
    assert_eq!(each(&late, "/number"), ["7", "6"]);
    for (query, code) in [
        ("cursor=agents.a", "bad_cursor"),
        ("since=soon", "invalid_parameter"),
        ("after=-1", "invalid_parameter"),
        ("mentions=clerk", "invalid_parameter"),
    ] {
        let refused = api
            .get(&format!("/api/v1/boards/diary/messages?{query}"))
            .await
            .is(400);
        assert_eq!(refused.code(), code, "{query}");
    }
    let sender = api
        .get("/api/v1/boards/diary/messages?sender=ghost")
        .await
        .is(404);
    assert_eq!(sender.code(), "not_found");
}

#[tokio::test]
async fn the_sender_sees_what_became_of_a_message_and_others_do_not() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let scout = api.agent("scout").await;
    let written = write(&api, &mayor, "agents/clerk", "for your eyes").await;
    let id = written["message"]["id"].as_str().unwrap();
    let path = format!("messages/{id}");
    let counts = |answer: &Answer| answer.json()["deliveries"].clone();
    let queued = json!({"queued": 1, "delivered": 0, "read": 0, "failed": 0});
    assert_eq!(counts(&look(&api, &mayor, &path).await.is(200)), queued);
    assert_eq!(
        counts(&look(&api, &api.operator, &path).await.is(200)),
        queued
    );
    let own = look(&api, &clerk, &path).await.is(200).json();
    assert_eq!(own["delivery"]["state"], "queued");
    assert!(own.get("deliveries").is_none());
    for path in [
        path.clone(),
        format!("{path}/deliveries"),
        "messages/nothing".into(),
    ] {
        assert_eq!(
            look(&api, &scout, &path).await.is(404).code(),
            "not_found",
            "{path}"
        );
    }
    let list = format!("{path}/deliveries");
    assert_eq!(look(&api, &clerk, &list).await.is(404).code(), "not_found");
    look(&api, &clerk, "inbox").await.is(200);
    let list = look(&api, &mayor, &list).await.is(200).json();
    assert_eq!(list["items"][0]["agent"]["name"], "clerk");
    assert_eq!(list["items"][0]["delivery"]["state"], "delivered");
    assert_eq!(list["items"][0]["delivery"]["attempts"], 1);
}

#[tokio::test]
async fn data_comes_back_as_it_was_but_for_digits_that_no_double_has() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let nested = (0..99).fold(json!(1), |inner, _| json!([inner]));
    let data = json!({"n": u64::MAX, "less": i64::MIN, "half": 0.5, "in": nested});
    let body = Some(json!({"text": "a", "data": data}));
    api.call_as(&mayor, Method::POST, "/api/v1/agents/clerk/messages", body)
        .await
        .is(201);
    let inbox = api
        .call_as(&clerk, Method::GET, "/api/v1/inbox", None)
        .await;
    assert_eq!(inbox.is(200).json()["items"][0]["message"]["data"], data);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_takes_no_number() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    board(&api, json!({"name": "diary"})).await;
    let crowd: String = (0..65).map(|n| format!("@a{n} ")).collect();
    for (body, code) in [
        (json!({"text": " "}), "invalid_body"),
        (json!({}), "invalid_body"),
        (json!({"text": "a\u{0}b"}), "invalid_body"),
        (json!({"text": "x".repeat(65_537)}), "invalid_body"),
        (
            json!({"text": "a", "data": "x".repeat(65_536)}),
            "invalid_body",
        ),
        (json!({"text": "a", "tags": ["No"]}), "invalid_body"),
        (json!({"text": "a", "expires_in_ms": 999}), "invalid_body"),
        (
            json!({"text": "a", "expires_in_ms": 31 * 86_400_000_u64}),
            "invalid_body",
        ),
        (json!({"text": crowd}), "invalid_body"),
        (json!({"text": "a", "sender": "clerk"}), "unknown_field"),
    ] {
        let path = "/api/v1/boards/diary/messages";
        let refused = api.call_as(&mayor, Method::POST, path, Some(body)).await;
        assert_eq!(refused.is(400).code(), code);
    }
    for depth in [101, 126, 127, 500] {
        let nested = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let body = Some(json!({"text": "a", "data": nested}));
        let path = "/api/v1/boards/diary/messages";
        api.call_as(&mayor, Method::POST, path, body).await.is(400);
    }
    let whole = "x".repeat(65_536);
    let written = write(&api, &mayor, "boards/diary", &whole).await;
    assert_eq!(written["message"]["number"], 1);
    assert_eq!(written["message"]["text"], whole);
}

#[tokio::test]
async fn p1_whoever_writes_without_end_fills_its_own_room() {
    let api = Api::new().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    board(&api, json!({"name": "town"})).await;
    api.plane.messages().bound_outboxes(1 << 20);
    let path = "/api/v1/boards/town/messages";
    let body = json!({"text": "x".repeat(65_000), "data": "y".repeat(65_000)});
    for _ in 0..8 {
        let more = api.call_as(&mayor, Method::POST, path, Some(body.clone()));
        more.await.is(201);
        api.clock.advance(Duration::from_secs(10));
    }
    let more = api.call_as(&mayor, Method::POST, path, Some(body.clone()));
    let full = more.await.is(429);
    assert_eq!(full.code(), "outbox_full");
    assert!(full.text.contains("the 1 MiB that"), "{}", full.text);
    // The first is forgotten 30 days after it was written, within a minute.
    let wait = 30 * 86_400 + 60 - 80;
    assert_eq!(full.header("retry-after"), wait.to_string());
    // What is short has room, and so has everybody else.
    write(&api, &mayor, "agents/clerk", "short").await;
    let other = api.call_as(&clerk, Method::POST, path, Some(body));
    assert_eq!(other.await.is(201).json()["message"]["number"], 9);
    let number = look(&api, &clerk, "boards/town").await.is(200).json();
    assert_eq!(number["last_number"], 9);
}
