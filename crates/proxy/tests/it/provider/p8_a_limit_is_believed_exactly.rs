//! Every known upstream answer is taken for what it is: a table of answers, `fixtures/upstream-answers.json`.
//!
//! A row says `class`, whom it binds, and until when the key rests; `rest_at_least_s` and `rest_at_most_s` bound a rest
//! that the provider leaves to the pool. Rests are read off a pool that was told of the answer.

use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::{
    Acquired, Ask, Class, EntitlementScope, Family, KeyConfig, Observation, PoolState, WindowScope,
    WindowStatus,
};
use portunus_core::provider_key::{KeySwitch, Protocol};
use portunus_core::time::Timestamp;
use portunus_proxy::provider::{Answer, Fields, classify, classify_stream_error, family, gemini};
use serde_json::Value;

fn rows() -> Vec<Value> {
    serde_json::from_str(include_str!("../../fixtures/upstream-answers.json")).unwrap()
}

fn moment(text: &str) -> Timestamp {
    let millis = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    Timestamp::from_millis(u64::try_from(millis).unwrap())
}

fn now(row: &Value) -> Timestamp {
    row["now_epoch"].as_u64().map_or_else(
        || moment(row["now"].as_str().unwrap()),
        Timestamp::from_secs,
    )
}

fn protocol(row: &Value) -> Protocol {
    Protocol::from_name(row["provider"].as_str().unwrap()).unwrap_or(Protocol::OpenAi)
}

fn read(row: &Value) -> Observation {
    let mut headers = Fields::default();
    for (name, value) in row["headers"].as_object().unwrap() {
        headers.push(name, value.as_str().unwrap().as_bytes());
    }
    let body = row["body_text"]
        .as_str()
        .map_or_else(|| row["body"].to_string(), str::to_owned);
    let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
    let answer = Answer {
        status,
        headers: &headers,
        body: if status == 200 { &[] } else { body.as_bytes() },
    };
    let model = row["model"].as_str().unwrap();
    match row["provider"].as_str().unwrap() {
        "gemini" => gemini::classify(model, now(row), &answer),
        _ => classify(
            protocol(row),
            &family(protocol(row), model),
            now(row),
            &answer,
        ),
    }
}

fn class_and_scope(row: &Value, seen: &Observation) -> (&'static str, Option<&'static str>) {
    match &seen.class {
        Class::Ok => ("ok", None),
        Class::Quota => {
            let asked = family(protocol(row), row["model"].as_str().unwrap());
            let rejected = |scope: &WindowScope| {
                seen.windows
                    .iter()
                    .any(|w| w.status == WindowStatus::Rejected && w.id.scope == *scope)
            };
            let scope = match (
                rejected(&WindowScope::Key),
                rejected(&WindowScope::Family(asked)),
            ) {
                (true, _) => "key",
                (false, true) => "key+family",
                (false, false) => "nothing that binds the request",
            };
            ("quota", Some(scope))
        }
        Class::Overload { .. } => ("overload", Some("attempt")),
        Class::CredentialDead => ("credential", Some("key")),
        Class::MoneyOut => ("money", Some("key")),
        Class::Entitlement(EntitlementScope::Request) => ("entitlement", Some("request")),
        Class::Entitlement(EntitlementScope::KeyModel) => ("entitlement", Some("key+model")),
        Class::ClientFault => ("client", Some("request")),
        Class::Network => ("network", Some("attempt")),
    }
}

/// Until when a pool's only key rests for the model that was asked for, after the answer.
fn rest(row: &Value, seen: &Observation) -> Option<Timestamp> {
    let model = row["model"].as_str().unwrap();
    let ask = Ask {
        agent: AgentId::from_bytes([1; 16]),
        model: model.into(),
        family: family(protocol(row), model),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    };
    let now = now(row);
    let began = Timestamp::from_millis(now.as_millis() - 1_000);
    let mut pool = PoolState::new();
    let key = KeyConfig {
        id: KeyId::from_bytes([1; 16]),
        priority: 0,
        switch: KeySwitch::Enabled,
        quarantine: None,
    };
    pool.put_key(key, began);
    let Acquired::Granted(leased) = pool.acquire(&ask, began) else {
        panic!("the only key is free");
    };
    pool.charge(&leased, seen, now);
    let status = pool.status(now);
    let rests = status.keys[0].rests.iter();
    rests
        .filter(|rest| rest.window.scope.binds(&ask.family))
        .map(|rest| rest.until)
        .max()
}

fn check_rest(row: &Value, seen: &Observation, wrong: &mut Vec<String>) {
    let expect = &row["expect"];
    let at = |name: &str| expect[name].as_u64();
    let until = expect["rest_until"]
        .as_str()
        .map(moment)
        .or_else(|| at("rest_until_epoch").map(Timestamp::from_secs))
        .or_else(|| at("rest_until_epoch_ms").map(Timestamp::from_millis));
    let rests = rest(row, seen);
    let right = match (until, at("rest_at_least_s"), at("rest_at_most_s")) {
        (Some(until), ..) => rests == Some(until),
        (None, Some(least), Some(most)) => rests.is_some_and(|until| {
            let pause = now(row).ms_until(until);
            pause > 0 && (least * 1000..=most * 1000).contains(&pause)
        }),
        _ => rests.is_none() == (expect["class"] != "quota" && expect["class"] != "money"),
    };
    if !right {
        wrong.push(format!("{}: rests until {rests:?}", row["name"]));
    }
}

#[test]
fn each_known_answer_is_taken_for_what_it_is() {
    let mut wrong = Vec::new();
    for row in rows() {
        let seen = read(&row);
        let expect = &row["expect"];
        let (class, scope) = class_and_scope(&row, &seen);
        if expect["class"] != class || (scope.is_some() && expect["scope"].as_str() != scope) {
            wrong.push(format!("{}: {class}, {scope:?}", row["name"]));
            continue;
        }
        check_rest(&row, &seen, &mut wrong);
        if let Class::Overload { retry_after_ms } = seen.class
            && expect["retry_after_ms"].as_u64() != retry_after_ms
        {
            wrong.push(format!("{}: asks to wait {retry_after_ms:?}", row["name"]));
        }
        for (kind, spent) in expect["utilization"].as_object().into_iter().flatten() {
            let shown = seen.windows.iter().find(|window| &*window.id.kind == kind);
            let shown = shown.and_then(|window| window.utilization).unwrap_or(-1.0);
            if (shown - spent.as_f64().unwrap()).abs() > 1e-9 {
                wrong.push(format!("{}: {kind} is spent to {shown}", row["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_success_never_shows_a_rejected_window_that_binds_the_request() {
    for row in rows().iter().filter(|row| row["status"] == 200) {
        for window in read(row).windows {
            assert_ne!(window.status, WindowStatus::Rejected, "{}", row["name"]);
        }
    }
}

#[test]
fn another_familys_spent_week_is_shown_on_a_success() {
    let row = serde_json::json!({
        "provider": "anthropic", "model": "claude-opus-4-5", "now_epoch": 1_781_960_000, "status": 200,
        "headers": {
            "anthropic-ratelimit-unified-status": "allowed",
            "anthropic-ratelimit-unified-7d-utilization": "0.5",
            "anthropic-ratelimit-unified-7d_sonnet-status": "rejected",
            "anthropic-ratelimit-unified-7d_sonnet-reset": "1781970000",
        },
    });
    let seen = read(&row);
    let find = |kind| seen.windows.iter().find(|w| &*w.id.kind == kind).unwrap();
    assert_eq!(find("7d").status, WindowStatus::Allowed);
    let sonnet = find("7d_sonnet");
    assert_eq!(sonnet.status, WindowStatus::Rejected);
    let family = family(Protocol::Anthropic, "claude-sonnet-4-5");
    assert_eq!(sonnet.id.scope, WindowScope::Family(family));
}

#[test]
fn an_error_inside_a_stream_is_read_like_an_answer() {
    use Protocol::{Anthropic, OpenAi};
    let overload = Class::Overload {
        retry_after_ms: None,
    };
    for (protocol, data, class) in [
        (
            Anthropic,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            overload.clone(),
        ),
        (
            Anthropic,
            r#"{"type":"error","error":{"type":"api_error","message":"Internal"}}"#,
            overload.clone(),
        ),
        (
            Anthropic,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#,
            Class::Quota,
        ),
        (
            Anthropic,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}"#,
            Class::ClientFault,
        ),
        (
            Anthropic,
            r#"{"type":"error","error":{"type":"authentication_error","message":"x"}}"#,
            Class::CredentialDead,
        ),
        (
            OpenAi,
            r#"{"error":{"type":"server_error","message":"oops","code":null}}"#,
            overload.clone(),
        ),
        (
            OpenAi,
            r#"{"type":"error","code":"server_is_overloaded","message":"x","sequence_number":2}"#,
            overload.clone(),
        ),
        (
            OpenAi,
            r#"{"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded"}}"#,
            overload.clone(),
        ),
        (
            OpenAi,
            r#"{"type":"response.failed","response":{"id":"r","error":{"code":"rate_limit_exceeded","message":"Please try again in 1.5s."}}}"#,
            Class::Quota,
        ),
        (
            OpenAi,
            r#"{"type":"response.failed","response":{"id":"r","error":{"code":"insufficient_quota","message":"x"}}}"#,
            Class::MoneyOut,
        ),
        (
            OpenAi,
            r#"{"type":"response.failed","response":{"id":"r","error":{"code":"context_length_exceeded","message":"x"}}}"#,
            Class::ClientFault,
        ),
        (
            OpenAi,
            r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}"#,
            Class::Quota,
        ),
        (OpenAi, "garbage", overload),
    ] {
        let seen = classify_stream_error(
            protocol,
            &Family::new("m"),
            Timestamp::from_secs(1),
            data.as_bytes(),
        );
        assert_eq!(seen.class, class, "{data}");
    }
}

proptest::proptest! {
    #[test]
    fn hostile_answers_are_read_without_a_panic(
        status in 100u16..700,
        body in proptest::collection::vec(0u8..=255, 0..100),
        value in "[ -~]{0,24}",
        name in 0usize..8,
    ) {
        let names = [
            "anthropic-ratelimit-unified-5h-reset", "anthropic-ratelimit-requests-reset", "x-ratelimit-reset-tokens",
            "x-ratelimit-remaining-", "retry-after", "retry-after-ms", "x-codex-primary-used-percent",
            "anthropic-ratelimit-unified-7d_-status",
        ];
        let mut headers = Fields::default();
        headers.push(names[name], value.as_bytes());
        let now = Timestamp::from_secs(1_781_960_000);
        let answer = Answer { status, headers: &headers, body: &body };
        for protocol in [Protocol::Anthropic, Protocol::OpenAi] {
            for window in classify(protocol, &Family::new("m"), now, &answer).windows {
                let far = now.plus_ms(portunus_proxy::provider::reset::FARTHEST_MS);
                proptest::prop_assert!(window.reset.is_none_or(|reset| reset <= far));
            }
            let _ = classify_stream_error(protocol, &Family::new("m"), now, &body);
        }
    }
}
