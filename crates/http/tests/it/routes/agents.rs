//! `/api/v1/agents`: names, display names, what an agent holds, archive and restoration.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};

async fn patch(api: &Api, token: &str, body: Value) -> crate::api::Answer {
    api.call_as(token, Method::PATCH, "/api/v1/agents/mayor", Some(body))
        .await
}

#[tokio::test]
async fn a_name_follows_from_the_display_name_when_none_is_given() {
    let api = Api::new().await;
    let create = |body| api.post("/api/v1/agents", body);
    for name in ["zoes-2nd", "zoes-2nd-2"] {
        let created = create(json!({"display_name": "Zo\u{eb}'s 2nd"}))
            .await
            .is(201)
            .json();
        assert_eq!(created["agent"]["name"], name);
        assert_eq!(created["agent"]["display_name"], "Zo\u{eb}'s 2nd");
    }
    let taken = create(json!({"name": "zoes-2nd"})).await.is(409);
    assert_eq!(taken.code(), "name_taken");
    let taken = create(json!({"name": "zoes-2nd"})).await.json();
    assert!(
        taken["fix"].as_str().unwrap().contains("zoes-2nd-3"),
        "{taken}"
    );
    for (wrong, fix) in [
        (json!({}), "display_name"),
        (json!({"display_name": "\u{591c}\u{8b66}"}), "as well"),
        (json!({"display_name": "a\u{202e}b"}), "Night Watch"),
        (json!({"name": "Night Watch"}), "night-watch"),
        (json!({"name": "x", "display_name": ""}), "Night Watch"),
    ] {
        let refused = create(wrong.clone()).await.is(400);
        assert_eq!(refused.code(), "invalid_body", "{wrong}");
        assert!(
            refused.json()["fix"].as_str().unwrap().contains(fix),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_change_is_seen_everywhere_and_nobody_gives_or_takes_what_they_do_not_hold() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    let boss = api.operator.clone();
    let body = json!({"display_name": "Lord Mayor", "scopes": ["self.*"]});
    let changed = patch(&api, &boss, body).await.is(200).json();
    assert_eq!(changed["display_name"], "Lord Mayor");
    let me = api
        .call_as(&token, Method::GET, "/api/v1/whoami", None)
        .await
        .is(200)
        .json();
    assert_eq!(
        (&me["display_name"], &me["scopes"]),
        (&json!("Lord Mayor"), &json!(["self.*"]))
    );
    let tokens = api.get("/api/v1/tokens?agent=mayor").await.is(200).json();
    assert_eq!(
        tokens["items"][0]["principal"]["display_name"],
        "Lord Mayor"
    );
    let cleared = patch(&api, &boss, json!({"display_name": null}))
        .await
        .is(200)
        .json();
    assert!(cleared.get("display_name").is_none());
    assert_eq!(cleared["scopes"], json!(["self.*"]));

    let body = json!({"name": "clerk", "scopes": ["agents.update", "self.*"]});
    let clerk = api.post("/api/v1/agents", body).await.is(201).json();
    let clerk = clerk["token"].as_str().unwrap();
    patch(&api, clerk, json!({"display_name": "X"}))
        .await
        .is(200);
    let given = patch(&api, clerk, json!({"scopes": ["llm.*"]}))
        .await
        .is(403);
    assert_eq!(given.code(), "insufficient_scope");
    patch(&api, &boss, json!({"scopes": ["llm.*"]}))
        .await
        .is(200);
    let taken = patch(&api, clerk, json!({"scopes": ["self.*"]}))
        .await
        .is(403);
    assert_eq!(taken.code(), "insufficient_scope");
    let unknown = patch(&api, &boss, json!({"scopes": ["keys.fly"]}))
        .await
        .is(400);
    assert_eq!(unknown.code(), "invalid_body");
}

#[tokio::test]
async fn an_archived_agent_is_listed_apart_and_comes_back_with_a_new_token() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    api.agent("scout").await;
    let archived = api
        .post("/api/v1/agents/mayor/archive", json!({}))
        .await
        .is(200)
        .json();
    assert_eq!(archived["revoked"].as_array().unwrap().len(), 1);
    let names = async |query: &str| {
        let list = api
            .get(&format!("/api/v1/agents{query}"))
            .await
            .is(200)
            .json();
        let items = list["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|agent| agent["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["scout"]);
    assert_eq!(names("?state=archived").await, ["mayor"]);
    api.get("/api/v1/agents?state=dead").await.is(400);
    let refused = api
        .call_as(&token, Method::GET, "/api/v1/whoami", None)
        .await
        .is(401);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("archived")
    );
    for (path, code) in [
        ("/api/v1/agents/mayor/archive", "agent_archived"),
        ("/api/v1/agents/mayor/tokens/rotate", "agent_archived"),
        ("/api/v1/agents/scout/restore", "not_archived"),
    ] {
        assert_eq!(
            api.post(path, json!({})).await.is(409).code(),
            code,
            "{path}"
        );
    }
    let body = json!({"expires_in_ms": 60_000});
    let restored = api
        .post("/api/v1/agents/mayor/restore", body)
        .await
        .is(201)
        .json();
    assert_eq!(restored["agent"]["id"], archived["agent"]["id"]);
    assert!(restored["expires_at"].is_string());
    let token = restored["token"].as_str().unwrap();
    api.call_as(token, Method::GET, "/api/v1/whoami", None)
        .await
        .is(200);
    assert_eq!(names("").await, ["mayor", "scout"]);
}
