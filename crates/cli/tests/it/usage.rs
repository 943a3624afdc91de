//! What was used, through the real door: what the plane adds up is what the provider counted.

use crate::plane::{Answer, Plane, comes_true, request, stream};
use portunus_testkit::provider::seen::Seen;
use portunus_testkit::{Answer as Upstream, FakeProvider, Gate};
use serde_json::{Value, json};

/// A plane with a key for each protocol at a provider, and an agent's token.
fn stage(configuration: &str) -> (Plane, FakeProvider, String) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start_configured(configuration);
    for pool in ["anthropic", "openai"] {
        plane.add_key(pool, "a", &format!("sk-{pool}"), &provider.base_url());
    }
    let token = plane.create_agent("mayor");
    (plane, provider, token)
}

fn call(plane: &Plane, token: &str, path: &str, body: &Value) -> Answer {
    let credential = format!("Bearer {token}");
    let headers = [
        ("authorization", credential.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let answer = request(&plane.url, "POST", path, &headers, Some(&body.to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn messages(stream: bool) -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": stream,
           "messages": [{"role": "user", "content": "Tell me of doors and keys."}]})
}

fn chat(stream: bool, options: Value) -> Value {
    let mut body = json!({"model": "gpt-4o", "stream": stream,
                          "messages": [{"role": "user", "content": "Tell me of doors and keys."}]});
    if !options.is_null() {
        body["stream_options"] = options;
    }
    body
}

/// Input and output as an answer states them, the last word of each: read without the plane's own reader.
fn stated(answer: &str) -> (u64, u64) {
    let documents = answer.lines().filter_map(|line| {
        let line = line.strip_prefix("data: ").unwrap_or(line);
        serde_json::from_str::<Value>(line).ok()
    });
    let (mut input, mut output) = (0, 0);
    for document in documents {
        for place in ["/usage", "/message/usage", "/response/usage"] {
            let Some(usage) = document.pointer(place) else {
                continue;
            };
            let number = |names: [&str; 2]| names.iter().find_map(|name| usage[name].as_u64());
            input = number(["input_tokens", "prompt_tokens"]).unwrap_or(input);
            output = number(["output_tokens", "completion_tokens"]).unwrap_or(output);
        }
    }
    (input, output)
}

/// What the provider answers to this request when it comes without a plane.
fn replayed(provider: &FakeProvider, seen: &Seen) -> (u64, u64) {
    let body = String::from_utf8(seen.body.to_vec()).unwrap();
    let key = seen.key.clone().unwrap();
    let headers = [
        ("x-api-key", key.as_str()),
        ("anthropic-version", seen.header("anthropic-version")),
    ];
    let headers = if seen.path.starts_with("/v1/messages") {
        &headers[..]
    } else {
        &headers[..1]
    };
    stated(
        &request(
            &provider.base_url(),
            &seen.method,
            &seen.path,
            headers,
            Some(&body),
        )
        .body,
    )
}

fn usage(plane: &Plane, options: &str) -> Value {
    plane.run(&format!("usage {options} --json")).well().json()
}

#[test]
fn what_is_added_up_is_what_the_provider_counted() {
    let (plane, provider, token) = stage("");
    for (path, body) in [
        ("/v1/messages", messages(false)),
        ("/v1/messages", messages(true)),
        ("/v1/chat/completions", chat(false, Value::Null)),
        ("/v1/chat/completions", chat(true, Value::Null)),
        (
            "/v1/chat/completions",
            chat(true, json!({"include_usage": true})),
        ),
        (
            "/v1/chat/completions",
            chat(true, json!({"include_usage": false})),
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5", "input": "Tell me of doors."}),
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5", "input": "Tell me of doors.", "stream": true}),
        ),
        (
            "/v1/embeddings",
            json!({"model": "text-embedding-3-small", "input": "doors"}),
        ),
    ] {
        let answer = call(&plane, &token, path, &body);
        // Who did not ask for usage is not told.
        if body["stream"] == true && body["model"] == "gpt-4o" {
            let asked = body["stream_options"]["include_usage"] == true;
            assert_eq!(stated(&answer.body).1 > 0, asked, "{}", answer.body);
        }
    }
    let seen = provider.seen();
    assert_eq!(seen.len(), 9);
    let expected = seen.iter().map(|seen| replayed(&provider, seen));
    let (input, output) = expected.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(input > 0 && output > 0);
    let total = usage(&plane, "")["total"].clone();
    assert_eq!(
        (&total["requests"], &total["failed"], &total["estimated"]),
        (&json!(9), &json!(0), &json!(0))
    );
    assert_eq!(
        (&total["input"], &total["output"], &total["unpriced"]),
        (&json!(input), &json!(output), &json!(0))
    );
    assert!(total["cost_nanos"].as_u64().unwrap() > 0);
    let keys = usage(&plane, "--by key,model");
    let of = |model: &str| {
        let items = keys["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["model"] == model);
        found.unwrap_or_else(|| panic!("{keys}"))["requests"].clone()
    };
    assert_eq!(
        (of("gpt-4o"), of("claude-sonnet-4-5")),
        (json!(4), json!(2))
    );
    assert_eq!(usage(&plane, "--pool openai")["total"]["requests"], 7);
}

#[test]
fn configured_prices_are_what_it_costs_and_survive_a_crash() {
    let prices = "[[prices]]\nmodel = \"gpt-*\"\ninput = 2\noutput = 10\ncache_read = 0.5\n";
    let (mut plane, provider, token) = stage(prices);
    let counted = json!({"id": "x", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100,
                  "prompt_tokens_details": {"cached_tokens": 400},
                  "completion_tokens_details": {"reasoning_tokens": 60}}});
    provider
        .key("sk-openai")
        .always(Upstream::status(200).json(&counted));
    call(
        &plane,
        &token,
        "/v1/chat/completions",
        &chat(false, Value::Null),
    );
    let total = usage(&plane, "")["total"].clone();
    let expected = json!({"requests": 1, "failed": 0, "input": 600, "cache_read": 400, "cache_write": 0,
        "output": 100, "reasoning": 60, "estimated": 0, "cost_nanos": 2_400_000, "unpriced": 0});
    assert_eq!(total, expected);
    let listed = plane.run("prices gpt-4o --json").well().json();
    assert_eq!(listed["items"][0]["origin"], "configured", "{listed}");
    // The question above had the sums saved.
    plane.crash_and_restart();
    assert_eq!(usage(&plane, "")["total"], expected);
}

#[test]
fn absurd_usage_reaches_the_client_and_not_the_sums() {
    let (plane, provider, token) = stage("");
    let absurd = json!({"id": "x", "model": "gpt-4o", "choices": [],
        "usage": {"prompt_tokens": -5, "completion_tokens": 1e30, "prompt_tokens_details": [1]}});
    provider
        .key("sk-openai")
        .always(Upstream::status(200).json(&absurd));
    let answer = call(
        &plane,
        &token,
        "/v1/chat/completions",
        &chat(false, Value::Null),
    );
    assert_eq!(answer.json(), absurd);
    let total = usage(&plane, "")["total"].clone();
    assert_eq!(
        (&total["requests"], &total["estimated"]),
        (&json!(1), &json!(1))
    );
    let tokens = total["input"].as_u64().unwrap() + total["output"].as_u64().unwrap();
    assert!((1..1_000).contains(&tokens), "{total}");
}

#[test]
fn a_client_that_leaves_is_counted_as_far_as_it_came() {
    let (plane, provider, token) = stage("");
    let endless = Upstream::ok().held_after(6, &Gate::closed());
    provider.key("sk-anthropic").always(endless);
    let headers = [("x-api-key", token.as_str())];
    let body = messages(true).to_string();
    let mut call = stream(&plane.url, "POST", "/v1/messages", &headers, Some(&body));
    call.read_until("content_block_delta");
    drop(call);
    let mut total = Value::Null;
    let counted = comes_true(|| {
        total = usage(&plane, "")["total"].clone();
        total["requests"] == 1
    });
    assert!(counted, "{total}");
    assert_eq!(
        (&total["failed"], &total["estimated"]),
        (&json!(1), &json!(1))
    );
    assert!(total["input"].as_u64().unwrap() > 0, "{total}");
    assert!(total["output"].as_u64().unwrap() > 0, "{total}");
}

#[test]
fn people_and_spreadsheets_read_it() {
    let (plane, _provider, token) = stage("");
    let empty = plane.run("usage").well().out;
    assert!(empty.contains("Nothing of the kind was used"), "{empty}");
    call(&plane, &token, "/v1/messages", &messages(false));
    let table = plane.run("usage --by agent,model").well().out;
    assert!(
        table.contains("mayor") && table.contains("TOTAL"),
        "{table}"
    );
    let csv = plane.run("usage --by day,agent --csv").well().out;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("day,agent,agent_id,key,"), "{csv}");
    assert!(lines[1].contains(",mayor,agt_"), "{csv}");
    assert_eq!((lines.len(), lines[2]), (3, ""));
    let chart = plane.run("usage --chart").well().out;
    assert!(chart.contains('█') && !chart.contains('\u{1b}'), "{chart}");
    assert_eq!(chart.lines().count(), 9, "{chart}");
    for (words, code) in [
        ("usage --by weather", 2),
        ("usage --since yesterday", 2),
        ("usage --since 2026-11-02 --until 2026-11-01", 2),
        ("usage --csv --chart", 2),
        ("usage --csv --json", 2),
        ("usage --of money", 2),
    ] {
        let said = plane.run(words);
        assert_eq!(said.code, code, "{words}: {said:?}");
        assert!(!said.err.is_empty());
    }
    let prices = plane.run("prices").well().out;
    assert!(prices.contains("claude-sonnet-4-5*"), "{prices}");
    let unknown = plane.run("prices llama").well().out;
    assert!(unknown.contains("has no price"), "{unknown}");
}
