//! Bodies that are no JSON, of the wrong shape, of the wrong kind, or too large.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::Request;
use serde_json::json;

async fn post(api: &Api, kind: &str, body: Body) -> Answer {
    let request = Request::post("/api/v1/agents")
        .header("authorization", format!("Bearer {}", api.operator))
        .header("content-type", kind);
    api.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn what_is_no_json_is_said_with_its_place() {
    let api = Api::new().await;
    for text in [
        "",
        "{",
        "{\"name\":}",
        "nope",
        "{\"name\":\"a\"} x",
        "\u{0}",
    ] {
        let refused = post(&api, "application/json", Body::from(text))
            .await
            .is(400);
        assert_eq!(refused.code(), "malformed_json", "{text:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    post(&api, "application/json", Body::from(deep))
        .await
        .is(400);
    let not_utf8 = Body::from(&b"{\"name\": \"\xff\"}"[..]);
    post(&api, "application/json", not_utf8).await.is(400);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let api = Api::new().await;
    let refused = api.post("/api/v1/agents", json!({"name": 7})).await.is(400);
    assert_eq!(refused.code(), "invalid_body");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the field name must be a string");
    let refused = api.post("/api/v1/agents", json!({})).await.is(400);
    assert_eq!(refused.json()["detail"], "the field name is missing");
    let refused = api
        .post("/api/v1/agents", json!({"name": "Mayor"}))
        .await
        .is(400);
    assert_eq!(refused.code(), "invalid_body");
    let array = api.post("/api/v1/agents", json!(["mayor"])).await.is(400);
    assert_eq!(array.json()["detail"], "it must be an object");
    let twice = Body::from("{\"name\":\"a\",\"name\":\"b\"}");
    let refused = post(&api, "application/json", twice).await.is(400);
    assert_eq!(refused.code(), "invalid_body");
    assert_eq!(refused.json()["detail"], "the field name is given twice");
    let text = json!({"name": "a", "protocol": "openai", "max_wait_ms": "5m"});
    let refused = api.post("/api/v1/pools", text).await.is(400);
    let detail = "the field max_wait_ms must be a whole number from 0";
    assert_eq!(refused.json()["detail"], detail);
}

#[tokio::test]
async fn null_is_as_good_as_no_body_where_none_is_needed() {
    let api = Api::new().await;
    api.agent("mayor").await;
    let path = "/api/v1/agents/mayor/tokens/rotate";
    api.post(path, json!(null)).await.is(201);
    api.post("/api/v1/agents", json!(null)).await.is(400);
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let api = Api::new().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
    ] {
        let refused = post(&api, kind, Body::from("{\"name\":\"a\"}"))
            .await
            .is(415);
        assert_eq!(refused.code(), "unsupported_media_type");
    }
    let kind = "application/json; charset=utf-8";
    post(&api, kind, Body::from("{\"name\":\"a\"}"))
        .await
        .is(201);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_announced_or_not() {
    let api = Api::new().await;
    let large = vec![b' '; 1024 * 1024 + 1];
    let announced = post(&api, "application/json", Body::from(large.clone())).await;
    assert_eq!(announced.is(413).code(), "payload_too_large");
    let chunks = large
        .chunks(4096)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let chunks: Vec<_> = chunks.collect();
    let streamed = Body::from_stream(futures_util::stream::iter(chunks));
    let refused = post(&api, "application/json", streamed).await;
    assert_eq!(refused.is(413).code(), "payload_too_large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_request() {
    let api = Api::new().await;
    let pieces = vec![
        Ok(b"{\"name\":".to_vec()),
        Err(std::io::Error::other("gone")),
    ];
    let broken = Body::from_stream(futures_util::stream::iter(pieces));
    let refused = post(&api, "application/json", broken).await;
    assert_eq!(refused.is(400).code(), "bad_request");
}
