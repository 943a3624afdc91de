//! What browsers do by themselves is not taken for what their user wants.

use crate::api::Api;
use crate::signed_in::{CURRENT, Call, PASSWORD, SESSIONS};
use http::Method;
use serde_json::json;

const AGENTS: &str = "/api/v1/agents";

async fn create(api: &Api, cookie: &str, headers: &[(&str, &str)]) -> u16 {
    let mut all = vec![("cookie", cookie), ("host", "plane.example:7070")];
    all.extend(headers);
    let listed = api.get(AGENTS).await.json();
    let name = format!("agent-{}", listed["items"].as_array().unwrap().len());
    let answer = api
        .make(Call {
            method: Method::POST,
            path: AGENTS,
            headers: &all,
            body: Some(json!({"name": name})),
            ..Call::default()
        })
        .await;
    if answer.status == 403 {
        assert_eq!(answer.code(), "cross_site");
    }
    answer.status.as_u16()
}

#[tokio::test]
async fn a_cookie_changes_something_only_from_a_page_of_the_plane() {
    let api = Api::new().await;
    api.person("ann", "operator").await;
    let cookie = api.sign_in("ann").await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://plane.example:7071")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example"),
        ],
        &[
            ("x-forwarded-host", "evil.example"),
            ("origin", "https://evil.example"),
        ],
    ] {
        assert_eq!(create(&api, &cookie, headers).await, 403, "{headers:?}");
    }
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://plane.example:7070")],
    ] {
        assert_eq!(create(&api, &cookie, headers).await, 201, "{headers:?}");
    }
    let listed = api.get(AGENTS).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn another_site_gets_nothing_by_a_cookie_and_no_leave_to_read() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let cookie = api.sign_in("ann").await;
    let look = |headers: &'static [(&'static str, &'static str)]| {
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend(headers);
        let api = &api;
        async move {
            api.make(Call {
                headers: &all,
                ..Call::default()
            })
            .await
        }
    };
    look(&[]).await.is(200);
    let refused = look(&[("sec-fetch-site", "cross-site")]).await.is(403);
    assert_eq!(refused.code(), "cross_site");
    let refused = look(&[("origin", "https://evil.example")]).await.is(403);
    assert_eq!(refused.code(), "cross_site");
    let asked = api
        .make(Call {
            method: Method::OPTIONS,
            path: AGENTS,
            headers: &[
                ("origin", "https://evil.example"),
                ("access-control-request-method", "POST"),
            ],
            ..Call::default()
        })
        .await;
    for answer in [asked, look(&[("origin", "https://evil.example")]).await] {
        let cors = answer
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("access-control"));
        assert_eq!(cors, None);
    }
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "null")],
    ] {
        let refused = api
            .make(Call {
                method: Method::POST,
                path: SESSIONS,
                headers,
                body: Some(json!({"operator": "ann", "password": PASSWORD})),
                ..Call::default()
            })
            .await;
        assert_eq!(refused.is(403).code(), "cross_site", "{headers:?}");
    }
}

#[tokio::test]
async fn a_header_counts_alone_where_a_cookie_comes_too() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let cookie = api.sign_in("ann").await;
    let agent = api.agent("mayor").await;
    let whoami = |authorization: String| {
        let (api, cookie) = (&api, cookie.as_str());
        async move {
            api.make(Call {
                path: "/api/v1/whoami",
                headers: &[
                    ("cookie", cookie),
                    ("authorization", &authorization),
                    ("sec-fetch-site", "cross-site"),
                ],
                ..Call::default()
            })
            .await
        }
    };
    let me = whoami(format!("Bearer {agent}")).await.is(200).json();
    assert_eq!(me["name"], "mayor");
    let refused = whoami("Bearer ptna_wrong".to_owned()).await.is(401);
    assert_eq!(refused.code(), "invalid_token");
}

#[tokio::test]
async fn a_token_in_an_address_is_refused_and_not_repeated() {
    let api = Api::new().await;
    for path in [
        format!("/api/v1/agents?token={}", api.operator),
        format!("/api/v1/agents?limit={}", api.operator),
        format!("/healthz?{}", api.operator),
        format!("/nowhere?access_token={}", api.operator),
        "/api/v1/agents?x=ptnd%5Fcanary".to_owned(),
        "/api/v1/agents?x=%70tns_canary".to_owned(),
        format!("{CURRENT}?session=ptns_canary"),
    ] {
        let refused = api.get(&path).await.is(400);
        assert_eq!(refused.code(), "token_in_url", "{path}");
        assert!(!refused.text.contains(&api.operator) && !refused.text.contains("canary"));
    }
}

#[tokio::test]
async fn p1_a_cookie_that_is_over_costs_its_sender_nothing() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let cookie = api.sign_in("ann").await;
    let out = api.change_in(&cookie, Method::DELETE, CURRENT, None).await;
    out.is(200);
    for _ in 0..20 {
        api.look_in(&cookie, CURRENT).await.is(401);
    }
    assert_eq!(api.get("/api/v1/sources").await.json()["items"], json!([]));
    let made_up = "__Host-portunus_session=ptns_wrong";
    let refused = api.look_in(made_up, CURRENT).await.is(401);
    assert_eq!(refused.code(), "invalid_token");
}
