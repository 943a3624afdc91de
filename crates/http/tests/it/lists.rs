//! Lists in pages: every item once, in order, and cursors that are not ours refused.

use crate::api::Api;
use http::Method;
use portunus_core::time::Clock;
use portunus_testkit::decision::served;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn walk(api: &Api, path: &str, name: &str) -> Vec<String> {
    walk_from(api, &format!("{path}?limit=3"), name).await
}

async fn walk_from(api: &Api, path: &str, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{path}{cursor}")).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|item| text(&item[name])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test]
async fn pages_hold_every_item_once() {
    let api = Api::new().await;
    for number in 0..10 {
        api.agent(&format!("agent-{number}")).await;
    }
    let agents = walk(&api, "/api/v1/agents", "name").await;
    let expected: Vec<_> = (0..10).map(|number| format!("agent-{number}")).collect();
    assert_eq!(agents, expected);
    let tokens = walk(&api, "/api/v1/tokens", "kid").await;
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 11);
    let audit = walk(&api, "/api/v1/audit", "seq").await;
    let expected: Vec<_> = (1..=15).rev().map(|seq: u32| seq.to_string()).collect();
    assert_eq!(audit, expected, "newest first, without gaps");
    for label in ["a", "b", "c", "d"] {
        api.key(label).await;
    }
    assert_eq!(
        walk(&api, "/api/v1/keys", "label").await,
        ["a", "b", "c", "d"]
    );
}

#[tokio::test]
async fn a_strange_cursor_or_limit_is_refused() {
    let api = Api::new().await;
    for path in ["agents", "tokens", "keys", "audit", "decisions"] {
        let strange = api.get(&format!("/api/v1/{path}?cursor=strange")).await;
        assert_eq!(strange.is(400).code(), "bad_cursor", "{path}");
        for limit in ["0", "1001", "-1", "many", ""] {
            let refused = api.get(&format!("/api/v1/{path}?limit={limit}")).await;
            assert_eq!(
                refused.is(400).code(),
                "invalid_parameter",
                "{path} {limit}"
            );
        }
    }
    api.get("/api/v1/agents?limit=1000").await.is(200);
    let twice = api.get("/api/v1/agents?limit=1&limit=2").await.is(400);
    assert_eq!(twice.code(), "invalid_parameter");
    assert_eq!(twice.json()["detail"], "the parameter limit is given twice");
}

#[tokio::test]
async fn lists_are_narrowed_to_what_exists() {
    let api = Api::new().await;
    api.agent("mayor").await;
    let tokens = api.get("/api/v1/tokens?agent=mayor").await.is(200).json();
    assert_eq!(tokens["items"].as_array().unwrap().len(), 1);
    assert_eq!(tokens["items"][0]["principal"]["name"], "mayor");
    for path in [
        "tokens?agent=nobody",
        "keys?pool=nothing",
        "keys/status?pool=nothing",
        "budgets?agent=nobody",
        "budgets?pool=nothing",
        "decisions?agent=nobody",
        "decisions?key=nothing",
        "decisions?pool=nothing&after=0",
        "usage?agent=agt_0000000000000000000000",
        "usage?pool=nothing",
    ] {
        let refused = api.get(&format!("/api/v1/{path}")).await.is(404);
        assert_eq!(refused.code(), "not_found", "{path}");
    }
    let created = api.get("/api/v1/audit?action=agent.").await.is(200).json();
    assert_eq!(created["items"].as_array().unwrap().len(), 1);
}

/// A plane with an agent, a key and a board.
async fn with_one_of_each() -> Api {
    let api = Api::new().await;
    api.agent("mayor").await;
    api.key("team-a").await;
    api.post("/api/v1/boards", json!({"name": "diary"}))
        .await
        .is(201);
    api
}

#[tokio::test]
async fn a_name_that_is_close_to_one_is_told_with_it() {
    let api = with_one_of_each().await;
    for (path, detail, meant) in [
        (
            "tokens?agent=mayr",
            "no agent has this name or id: \"mayr\"",
            "mayor",
        ),
        (
            "budgets?agent=mayro",
            "no agent has this name or id: \"mayro\"",
            "mayor",
        ),
        (
            "decisions?agent=major",
            "no agent has this name or id: \"major\"",
            "mayor",
        ),
        (
            "usage?agent=Mayor",
            "no agent has this name or id: \"Mayor\"",
            "mayor",
        ),
        (
            "usage?pool=antropic",
            "no pool has this name or id: \"antropic\"",
            "anthropic",
        ),
        (
            "keys?pool=anthropics",
            "no pool has this name or id: \"anthropics\"",
            "anthropic",
        ),
        (
            "decisions?key=team-b",
            "no key has this id, label or pool:label: \"team-b\"",
            "anthropic:team-a",
        ),
        (
            "decisions?key=antropic:team-a",
            "no key has this id, label or pool:label: \"antropic:team-a\"",
            "anthropic:team-a",
        ),
        (
            "boards/dairy/messages",
            "no board has this name or id: \"dairy\"",
            "diary",
        ),
        (
            "boards/diary/messages?sender=major",
            "no agent has this name or id: \"major\"",
            "mayor",
        ),
        (
            "notifications?agent=mayr",
            "no agent has this name or id: \"mayr\"",
            "mayor",
        ),
    ] {
        let refused = api.get(&format!("/api/v1/{path}")).await.is(404).json();
        assert_eq!(refused["detail"], detail, "{path}");
        let fix = refused["fix"].as_str().unwrap();
        let suggested = format!("did you mean \"{meant}\"? If not, use ");
        assert!(fix.starts_with(&suggested), "{path}: {fix}");
    }
    let distant = api.get("/api/v1/tokens?agent=clerk").await.is(404).json();
    assert_eq!(
        distant["fix"],
        "use a name or id from `portunus agents list`"
    );
    // What might be a secret is not repeated.
    let canary = "ptna_4canaryCANARY4canaryCANARY4";
    for path in ["tokens", "usage", "decisions"] {
        let refused = api.get(&format!("/api/v1/{path}?agent={canary}")).await;
        assert!(!refused.text.contains("canary"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_path_or_a_body_that_names_nobody_is_answered_with_who_was_meant() {
    let api = with_one_of_each().await;
    let key = json!({"pool": "antropic", "label": "b", "secret": "sk-b"});
    for (method, path, body, meant) in [
        (Method::GET, "agents/mayr", None, "mayor"),
        (Method::DELETE, "agents/mayr", None, "mayor"),
        (
            Method::POST,
            "agents/mayr/tokens/rotate",
            Some(json!({})),
            "mayor",
        ),
        (
            Method::PATCH,
            "pools/antropic",
            Some(json!({})),
            "anthropic",
        ),
        (Method::GET, "boards/diray", None, "diary"),
        (
            Method::DELETE,
            "keys/antropic:team-a",
            None,
            "anthropic:team-a",
        ),
        (Method::POST, "keys", Some(key), "anthropic"),
    ] {
        let path = format!("/api/v1/{path}");
        let refused = api.call(method, &path, body).await.is(404).json();
        let fix = refused["fix"].as_str().unwrap();
        let suggested = format!("did you mean \"{meant}\"? If not, use ");
        assert!(fix.starts_with(&suggested), "{path}: {refused}");
    }
    // Whoever may look at one agent and not at all of them learns no name.
    let shows = json!({"name": "shows", "scopes": ["agents.show"]});
    let shows = api.post("/api/v1/agents", shows).await.is(201).json();
    let token = shows["token"].as_str().unwrap();
    let path = "/api/v1/agents/mayr";
    let refused = api.call_as(token, Method::GET, path, None).await.is(404);
    assert!(!refused.text.contains("mayor"), "{refused:?}");
}

#[tokio::test]
async fn whoever_may_not_list_agents_is_told_of_none() {
    let api = Api::new().await;
    let (mayor, _) = (api.agent("mayor").await, api.agent("clerk").await);
    let body = Some(json!({"text": "hello"}));
    let path = "/api/v1/agents/clrk/messages";
    let refused = api.call_as(&mayor, Method::POST, path, body.clone()).await;
    let refused = refused.is(404).json();
    assert_eq!(refused["detail"], "no agent has this name or id: \"clrk\"");
    assert!(!refused["fix"].as_str().unwrap().contains("clerk"));
    let refused = api.call(Method::POST, path, body).await.is(404).json();
    assert!(refused["fix"].as_str().unwrap().contains("\"clerk\""));
}

#[tokio::test]
async fn who_is_gone_is_on_record_and_who_did_nothing_yet_is_somebody() {
    let api = Api::new().await;
    let now = api.clock.now();
    api.plane.finished(&served(1, now));
    api.agent("idle").await;
    api.key("idle").await;
    for query in [
        // Neither this agent nor this key exists any more; both are on record.
        "agent=mayor&outcome=refused",
        "key=anthropic:a&outcome=refused",
        "key=a&after=7",
        "agent=idle",
        "agent=operator",
        "key=idle",
        "key=anthropic:idle",
        "pool=anthropic&outcome=refused",
    ] {
        let page = api.get(&format!("/api/v1/decisions?{query}")).await.is(200);
        assert_eq!(page.json()["items"], json!([]), "{query}");
    }
    for query in [
        "agent=mayor&model=x",
        "agent=idle",
        "pool=anthropic&model=x",
    ] {
        let page = api.get(&format!("/api/v1/usage?{query}")).await.is(200);
        assert_eq!(page.json()["items"], json!([]), "{query}");
    }
    // The record knows pools by their names; the list takes an id as well.
    let pool = api.get("/api/v1/pools/anthropic").await.json();
    let path = format!("/api/v1/usage?pool={}", pool["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.is(200).json()["total"]["requests"], 1);
}

#[tokio::test]
async fn keys_come_by_the_names_of_their_pools() {
    let api = Api::new().await;
    for pool in ["z-last", "b-first"] {
        let pool = json!({"name": pool, "protocol": "anthropic"});
        api.post("/api/v1/pools", pool).await.is(201);
    }
    for pool in ["z-last", "b-first", "anthropic"] {
        let key = json!({"pool": pool, "label": "a", "secret": "sk-1"});
        api.post("/api/v1/keys", key).await.is(201);
    }
    let pools = walk(&api, "/api/v1/keys", "pool").await;
    assert_eq!(pools, ["anthropic", "b-first", "z-last"]);
}

async fn actions(api: &Api, subject: &str) -> Vec<String> {
    walk_from(
        api,
        &format!("/api/v1/audit?subject={subject}&limit=3"),
        "action",
    )
    .await
}

#[tokio::test]
async fn the_log_is_narrowed_by_names_also_of_what_is_gone() {
    let api = Api::new().await;
    let mayor = |method, path: &'static str| api.call(method, path, None);
    api.agent("mayor").await;
    mayor(Method::POST, "/api/v1/agents/mayor/tokens/rotate")
        .await
        .is(201);
    mayor(Method::DELETE, "/api/v1/agents/mayor").await.is(200);
    api.agent("mayor").await;
    let expected = [
        "agent.created",
        "agent.deleted",
        "token.rotated",
        "agent.created",
    ];
    assert_eq!(actions(&api, "mayor").await, expected);
    api.key("a").await;
    let off = "/api/v1/keys/anthropic:a?force=true";
    api.call(Method::DELETE, off, None).await.is(200);
    assert_eq!(
        actions(&api, "anthropic:a").await,
        ["key.removed", "key.added"]
    );
    assert_eq!(actions(&api, "operator").await, ["operator.created"]);
    assert_eq!(actions(&api, "anthropic").await, ["pool.created"]);
    let pool = api.get("/api/v1/pools/anthropic").await.json();
    let by_id = actions(&api, pool["id"].as_str().unwrap()).await;
    assert_eq!(by_id, ["pool.created"]);
    assert!(actions(&api, "nobody").await.is_empty());
}

#[tokio::test]
async fn tokens_of_a_deleted_agent_keep_its_name() {
    let api = Api::new().await;
    api.clock.advance(std::time::Duration::from_secs(1));
    api.agent("mayor").await;
    api.call(Method::DELETE, "/api/v1/agents/mayor", None)
        .await
        .is(200);
    let tokens = api.get("/api/v1/tokens").await.is(200).json();
    assert_eq!(tokens["items"][0]["principal"]["name"], "mayor");
    assert_eq!(tokens["items"][0]["state"], "revoked");
}
