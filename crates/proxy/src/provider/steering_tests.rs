//! Tests of the scan for what steers a request.

use super::*;
use crate::provider::bound;
use serde_json::{Value, json};

fn scan(endpoint: Endpoint, body: &str) -> Result<Steering, SteerError> {
    steer(endpoint, &HeaderMap::new(), body.as_bytes())
}

#[test]
fn the_steering_fields_are_read_wherever_they_stand() {
    let body = r#"{"messages":[{"model":"inner","stream":false}],"max_tokens":7,"stream":true,"model":"claude-\u006fpus"}"#;
    let steering = scan(Endpoint::Messages, body).unwrap();
    assert_eq!(steering.model, "claude-opus");
    assert_eq!(steering.delivery, Delivery::Stream);
    assert_eq!(steering.max_tokens, Some(7));
    assert_eq!(steering.conversation, None);
}

#[test]
fn an_endpoint_that_never_streams_is_asked_for_a_whole_answer() {
    let body = r#"{"model":"m","stream":true}"#;
    let steering = scan(Endpoint::Embeddings, body).unwrap();
    assert_eq!(steering.delivery, Delivery::Whole);
}

#[test]
fn nobody_can_ask_for_what_runs_on_without_its_client() {
    let with = |value: &str| format!(r#"{{"model":"m","background":{value},"stream":true}}"#);
    let refused = scan(Endpoint::Responses, &with("true"));
    assert_eq!(refused.unwrap_err(), SteerError::Background);
    for (endpoint, value) in [
        (Endpoint::Responses, "false"),
        (Endpoint::Responses, "null"),
        (Endpoint::ChatCompletions, "true"),
    ] {
        assert!(scan(endpoint, &with(value)).is_ok(), "{value}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let wrong_model = SteerError::WrongType {
        field: "model",
        expected: "a non-empty string of at most 256 bytes",
    };
    for (body, error) in [
        ("[1]", SteerError::NotAnObject),
        (r#"{"stream":true}"#, SteerError::Missing("model")),
        (r#"{"model":7}"#, wrong_model.clone()),
        (r#"{"model":""}"#, wrong_model),
        (
            r#"{"model":"a","model":"b"}"#,
            SteerError::Repeated("model"),
        ),
        (
            r#"{"model":"a","stream":"yes"}"#,
            SteerError::WrongType {
                field: "stream",
                expected: "true or false",
            },
        ),
    ] {
        assert_eq!(scan(Endpoint::Messages, body), Err(error), "{body}");
    }
    for body in [
        "",
        "{",
        "nope",
        r#"{"model":"m"} x"#,
        r#"{"model":"m","x":[1,}"#,
        r#"{"model":"m","x":"\q"}"#,
    ] {
        let error = scan(Endpoint::Messages, body);
        assert!(matches!(error, Err(SteerError::NotJson(_))), "{body}");
    }
    let bytes = b"{\"model\":\"m\",\"x\":\"\xff\"}";
    let error = steer(Endpoint::Messages, &HeaderMap::new(), bytes);
    assert!(matches!(error, Err(SteerError::NotJson(_))));
}

#[test]
fn a_responses_request_may_leave_its_model_to_a_stored_prompt() {
    let steering = scan(Endpoint::Responses, r#"{"prompt":{"id":"p"}}"#).unwrap();
    assert_eq!(steering.model, "");
    let counted = scan(Endpoint::ResponsesInputTokens, "{}").unwrap();
    assert_eq!(counted.model, "");
    let missing = scan(Endpoint::Responses, "{}");
    assert_eq!(missing, Err(SteerError::Missing("model")));
}

#[test]
fn what_lives_in_one_account_is_found() {
    let body = r#"{"model":"m","previous_response_id":"resp_1","conversation":{"id":"conv_1"},
        "input":[{"type":"reasoning","encrypted_content":"gAAA"},{"role":"user","content":"hi"}]}"#;
    let bound = scan(Endpoint::Responses, body).unwrap().bound;
    assert_eq!(bound.len(), 3);
    assert_eq!(bound[..1], bound::referred(Some("resp_1"), None, None)[..]);
    assert!(
        scan(Endpoint::ChatCompletions, body)
            .unwrap()
            .bound
            .is_empty()
    );
}

#[test]
fn deep_nesting_is_only_bytes() {
    let body = format!(
        r#"{{"model":"m","x":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert!(scan(Endpoint::Messages, &body).is_ok());
}

fn arbitrary_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![
            Just("model".to_owned()),
            Just("stream".to_owned()),
            "\\PC{0,4}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn the_scan_sees_what_a_full_parse_sees(rest in arbitrary_json(), model in "\\PC{1,20}", stream: bool, pretty: bool) {
        let mut body = json!({"a": rest, "model": model, "stream": stream});
        if let Value::Object(rest) = &rest {
            body.as_object_mut().unwrap().extend(rest.clone());
        }
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();
        let full: Value = serde_json::from_str(&text).unwrap();
        match scan(Endpoint::Messages, &text) {
            Ok(seen) => {
                proptest::prop_assert_eq!(Some(seen.model.as_str()), full["model"].as_str());
                proptest::prop_assert_eq!(seen.delivery == Delivery::Stream, full["stream"] == true);
            }
            Err(SteerError::WrongType { field: "model", .. }) => {
                proptest::prop_assert!(full["model"].as_str().is_none_or(str::is_empty));
            }
            Err(SteerError::WrongType { field: "stream", .. }) => {
                proptest::prop_assert!(!full["stream"].is_boolean() && !full["stream"].is_null());
            }
            Err(error) => return Err(proptest::test_runner::TestCaseError::fail(error.to_string())),
        }
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(0u8..=255, 0..120), text in "[{}\\[\\]\":,a-z0-9\\\\ ]{0,60}") {
        for endpoint in [Endpoint::Messages, Endpoint::ChatCompletions, Endpoint::Responses] {
            for body in [&bytes[..], text.as_bytes(), format!("{{\"model\":\"m\",\"stream_options\":{text}").as_bytes()] {
                let whole = serde_json::from_slice::<Value>(body).is_ok();
                let seen = steer(endpoint, &HeaderMap::new(), body);
                proptest::prop_assert!(whole || seen.is_err());
            }
        }
    }
}
