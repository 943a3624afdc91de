//! Usage of both protocols, whole and streamed, true and absurd.

use super::super::sse::Splitter;
use super::super::steering::steer;
use super::*;
use bytes::Bytes;
use portunus_core::usage::UsageSource::{Estimate, Provider};
use serde_json::json;

const ASKED: Expected = Expected {
    input: 1_000,
    output: 4_096,
};

fn usage(input: u64, cache_read: u64, cache_write: u64, output: u64) -> Usage {
    Usage {
        input,
        cache_read,
        cache_write,
        output,
        ..Usage::default()
    }
}

fn whole(endpoint: Endpoint, usage: &str) -> Counted {
    let body = format!(
        r#"{{"id":"x","usage":{usage},"content":[{{"usage":7,"text":"a quarter of its bytes is ten tokens now"}}]}}"#
    );
    read(endpoint, body.as_bytes(), ASKED).unwrap().unwrap()
}

fn stream(endpoint: Endpoint, text: &str) -> Option<Counted> {
    let mut splitter = Splitter::new();
    splitter.push(Bytes::copy_from_slice(text.as_bytes()));
    let mut reader = UsageReader::new(endpoint, ASKED);
    while let Ok(Some(event)) = splitter.take() {
        reader.absorb(&event);
    }
    reader.finish()
}

#[test]
fn a_whole_answer_counts_each_token_once() {
    use Endpoint::{ChatCompletions, Embeddings, Messages, Responses, ResponsesCompact};
    for (endpoint, written, expected, reasoning) in [
        (
            Messages,
            r#"{"input_tokens":10,"output_tokens":5}"#,
            usage(10, 0, 0, 5),
            0,
        ),
        (
            Messages,
            r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":20,
                "output_tokens":5,"service_tier":"standard","server_tool_use":{"web_search_requests":1},
                "output_tokens_details":{"thinking_tokens":3}}"#,
            usage(10, 20, 30, 5),
            3,
        ),
        (
            ChatCompletions,
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
            usage(10, 0, 0, 5),
            0,
        ),
        (
            ChatCompletions,
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":80,"audio_tokens":0},
                "completion_tokens_details":{"reasoning_tokens":40,"accepted_prediction_tokens":0}}"#,
            usage(20, 80, 0, 50),
            40,
        ),
        (
            ChatCompletions,
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":190,
                "prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":40}}"#,
            usage(100, 0, 0, 90),
            40,
        ),
        (
            Responses,
            r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":30},
                "output_tokens":50,"output_tokens_details":{"reasoning_tokens":50},"total_tokens":150}"#,
            usage(10, 60, 30, 50),
            50,
        ),
        (
            ResponsesCompact,
            r#"{"input_tokens":9,"output_tokens":1}"#,
            usage(9, 0, 0, 1),
            0,
        ),
        (
            Embeddings,
            r#"{"prompt_tokens":8,"total_tokens":8}"#,
            usage(8, 0, 0, 0),
            0,
        ),
    ] {
        let counted = whole(endpoint, written);
        let expected = Usage {
            reasoning,
            ..expected
        };
        assert_eq!(counted.usage, expected, "{written}");
        assert_eq!(counted.source, Provider, "{written}");
    }
}

#[test]
fn the_part_of_a_cache_that_is_kept_for_an_hour_is_told_apart() {
    let counted = whole(
        Endpoint::Messages,
        r#"{"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":30,
            "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}"#,
    );
    assert_eq!(
        (counted.usage.cache_write, counted.cache_write_long),
        (30, 20)
    );
    assert_eq!(counted.source, Provider);
}

#[test]
fn absurd_numbers_are_not_believed() {
    for absurd in [
        "-1",
        "1.5",
        "12.0",
        "1e2",
        "1e30",
        "-0",
        "1000000001",
        "18446744073709551616",
        r#""12""#,
        "true",
        "[1]",
        r#"{"output_tokens":3}"#,
    ] {
        let counted = whole(
            Endpoint::Messages,
            &format!(r#"{{"input_tokens":10,"output_tokens":{absurd}}}"#),
        );
        assert_eq!(counted.source, Estimate, "{absurd}");
        assert_eq!(counted.usage.input, 10, "{absurd}");
        assert_eq!(counted.usage.output, 10, "{absurd}");
        let counted = whole(
            Endpoint::ChatCompletions,
            &format!(r#"{{"prompt_tokens":{absurd},"completion_tokens":5}}"#),
        );
        assert_eq!(counted.usage, usage(1_000, 0, 0, 5), "{absurd}");
        assert_eq!(counted.source, Estimate, "{absurd}");
    }
}

#[test]
fn a_part_never_exceeds_its_whole() {
    for (endpoint, written, expected) in [
        (
            Endpoint::ChatCompletions,
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":11}}"#,
            usage(0, 10, 0, 5),
        ),
        (
            Endpoint::Responses,
            r#"{"input_tokens":10,"output_tokens":5,
                "input_tokens_details":{"cached_tokens":6,"cache_write_tokens":6}}"#,
            usage(0, 6, 4, 5),
        ),
        (
            Endpoint::Responses,
            r#"{"input_tokens":10,"output_tokens":5,"output_tokens_details":{"reasoning_tokens":6}}"#,
            Usage {
                reasoning: 5,
                ..usage(10, 0, 0, 5)
            },
        ),
        (
            Endpoint::Messages,
            r#"{"input_tokens":10,"output_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":6}}"#,
            usage(10, 0, 0, 5),
        ),
    ] {
        let counted = whole(endpoint, written);
        assert_eq!((counted.usage, counted.source), (expected, Estimate));
    }
}

#[test]
fn shapes_that_say_nothing_are_estimated() {
    for written in [
        "null",
        "[]",
        "{}",
        r#""usage""#,
        "7",
        r#"{"input_tokens":null,"output_tokens":null}"#,
        r#"[{"input_tokens":1,"output_tokens":1}]"#,
    ] {
        let counted = whole(Endpoint::Messages, written);
        assert_eq!(counted.source, Estimate, "{written}");
        assert_eq!(counted.usage.input, 1_000, "{written}");
        assert_eq!(counted.usage.output, 10, "{written}");
    }
    let counted = read(Endpoint::Responses, b"{}", ASKED).unwrap().unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(1_000, 0, 0, 0), Estimate)
    );
}

#[test]
fn garbage_in_the_details_leaves_the_rest_alone() {
    for details in [
        "[]",
        "3",
        r#""x""#,
        r#"{"cached_tokens":"x"}"#,
        r#"{"cached_tokens":-1}"#,
    ] {
        let written = format!(
            r#"{{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{details}}}"#
        );
        let counted = whole(Endpoint::ChatCompletions, &written);
        assert_eq!(
            (counted.usage, counted.source),
            (usage(10, 0, 0, 5), Estimate),
            "{details}"
        );
    }
    let nested = r#"{"prompt_tokens":10,"completion_tokens":5,
        "prompt_tokens_details":{"prompt_tokens_details":{"cached_tokens":9}}}"#;
    let counted = whole(Endpoint::ChatCompletions, nested);
    assert_eq!(
        (counted.usage, counted.source),
        (usage(10, 0, 0, 5), Provider)
    );
}

#[test]
fn what_is_written_twice_counts_as_it_was_written_last() {
    let counted = whole(
        Endpoint::Messages,
        r#"{"input_tokens":1,"output_tokens":1,"output_tokens":2},"usage":{"input_tokens":3}"#,
    );
    assert_eq!(
        (counted.usage, counted.source),
        (usage(3, 0, 0, 2), Provider)
    );
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    let bottomless = "[".repeat(100_000);
    for body in [
        "",
        "<html>",
        "{",
        r#"{"usage":{"input_tokens":1}"#,
        r#"{"a":1} x"#,
        r#"{"usage":{"input_tokens":01}}"#,
        r#"{"usage":[}"#,
        &bottomless,
    ] {
        for endpoint in [Endpoint::Messages, Endpoint::Models] {
            assert_eq!(
                read(endpoint, body.as_bytes(), ASKED),
                Err(NoAnswer::NotJson)
            );
        }
    }
}

#[test]
fn endpoints_that_use_no_tokens_have_no_usage() {
    for endpoint in [
        Endpoint::CountTokens,
        Endpoint::Models,
        Endpoint::ModelById,
        Endpoint::ResponsesInputTokens,
    ] {
        let body = br#"{"input_tokens":5,"usage":{"input_tokens":5,"output_tokens":5}}"#;
        assert_eq!(read(endpoint, body, ASKED), Ok(None));
    }
}

const MESSAGE_START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":7,\"output_tokens\":1}}}\n\n";

fn text_delta(text: &str) -> String {
    let data = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    format!("event: content_block_delta\ndata: {data}\n\n")
}

#[test]
fn a_message_is_counted_at_its_end() {
    let deltas = text_delta("Hello there").repeat(40);
    let end = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":15}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let counted = stream(Endpoint::Messages, &format!("{MESSAGE_START}{deltas}{end}")).unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(25, 7, 0, 15), Provider)
    );
}

#[test]
fn what_a_message_says_later_replaces_what_it_said_first() {
    let end = "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":30,\"cache_read_input_tokens\":0,\"output_tokens\":1}}\n\nevent: message_delta\ndata: {\"usage\":{\"output_tokens\":4}}\n\n";
    let counted = stream(Endpoint::Messages, &format!("{MESSAGE_START}{end}")).unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(30, 0, 0, 4), Provider)
    );
}

#[test]
fn a_zero_that_a_message_says_later_is_no_news() {
    for (later, expected) in [
        (r#"{"input_tokens":0,"output_tokens":15}"#, (25, 7, 0, 15)),
        (
            r#"{"input_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":15}"#,
            (25, 7, 0, 15),
        ),
        (r#"{"input_tokens":0,"output_tokens":0}"#, (25, 7, 0, 1)),
        // All of it came from the cache after all.
        (
            r#"{"input_tokens":0,"cache_read_input_tokens":32,"output_tokens":15}"#,
            (0, 32, 0, 15),
        ),
    ] {
        let end = format!("event: message_delta\ndata: {{\"usage\":{later}}}\n\n");
        let counted = stream(Endpoint::Messages, &format!("{MESSAGE_START}{end}")).unwrap();
        let (input, cache_read, cache_write, output) = expected;
        assert_eq!(
            (counted.usage, counted.source),
            (usage(input, cache_read, cache_write, output), Provider),
            "{later}"
        );
    }
}

#[test]
fn a_message_that_broke_off_is_estimated_from_what_passed() {
    let counted = stream(Endpoint::Messages, MESSAGE_START).unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(25, 7, 0, 1), Estimate)
    );
    // 100 deltas of 12 bytes are 300 tokens.
    let deltas = text_delta("Hello there!").repeat(100);
    let counted = stream(Endpoint::Messages, &format!("{MESSAGE_START}{deltas}")).unwrap();
    assert_eq!((counted.usage.input, counted.source), (25, Estimate));
    assert!((290..=310).contains(&counted.usage.output), "{counted:?}");
    // Without the beginning, the input is taken from the request.
    let counted = stream(Endpoint::Messages, &deltas).unwrap();
    assert_eq!((counted.usage.input, counted.source), (1_000, Estimate));
    assert_eq!(
        stream(
            Endpoint::Messages,
            "event: ping\ndata: {\"type\":\"ping\"}\n\n"
        ),
        None
    );
}

#[test]
fn an_absurd_end_of_a_message_is_estimated() {
    let deltas = text_delta("Hello there!").repeat(100);
    let end = "event: message_delta\ndata: {\"usage\":{\"output_tokens\":-3}}\n\n";
    let counted = stream(Endpoint::Messages, &format!("{MESSAGE_START}{deltas}{end}")).unwrap();
    assert_eq!((counted.usage.input, counted.source), (25, Estimate));
    assert!((290..=310).contains(&counted.usage.output), "{counted:?}");
}

fn chat_delta(content: &str) -> String {
    let data = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "usage": null,
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}], "obfuscation": "xyzxyz"});
    format!("data: {data}\n\n")
}

#[test]
fn a_chat_is_counted_by_its_usage_chunk() {
    let text = chat_delta("say \"usage\": 7").repeat(20);
    let end = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\ndata: [DONE]\n\n";
    let counted = stream(Endpoint::ChatCompletions, &format!("{text}{end}")).unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(7, 2, 0, 4), Provider)
    );
    // 20 deltas of 16 bytes, quotes written with a backslash: 80 tokens.
    let counted = stream(Endpoint::ChatCompletions, &text).unwrap();
    assert_eq!((counted.usage.input, counted.source), (1_000, Estimate));
    assert!((75..=85).contains(&counted.usage.output), "{counted:?}");
}

#[test]
fn a_chat_that_counts_along_and_breaks_off_is_estimated() {
    let along = "data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":300}}\n\n";
    let counted = stream(Endpoint::ChatCompletions, along).unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(9, 0, 0, 300), Provider)
    );
    let counted = stream(
        Endpoint::ChatCompletions,
        &format!("{along}{}", chat_delta("more")),
    )
    .unwrap();
    assert_eq!(
        (counted.usage, counted.source),
        (usage(9, 0, 0, 300), Estimate)
    );
}

#[test]
fn a_response_is_counted_by_its_last_event() {
    let delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hello there!\",\"obfuscation\":\"abc\"}\n\n".repeat(50);
    let begin = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\n";
    let counted = stream(Endpoint::Responses, &format!("{begin}{delta}")).unwrap();
    assert_eq!((counted.usage.input, counted.source), (1_000, Estimate));
    assert!((140..=160).contains(&counted.usage.output), "{counted:?}");
    for kind in ["completed", "incomplete", "failed", "cancelled"] {
        let end = format!(
            "event: response.{kind}\ndata: {{\"type\":\"response.{kind}\",\"response\":{{\"output\":[{{\"usage\":3}}],\"usage\":{{\"input_tokens\":9,\"output_tokens\":4}}}}}}\n\n"
        );
        let counted = stream(Endpoint::Responses, &format!("{begin}{delta}{end}")).unwrap();
        assert_eq!(
            (counted.usage, counted.source),
            (usage(9, 0, 0, 4), Provider)
        );
        let nameless = end.replace(&format!("event: response.{kind}\n"), "");
        let counted = stream(Endpoint::Responses, &nameless).unwrap();
        assert_eq!(
            (counted.usage, counted.source),
            (usage(9, 0, 0, 4), Provider)
        );
    }
    assert_eq!(stream(Endpoint::Responses, begin), None);
}

#[test]
fn a_request_expects_what_its_client_allows() {
    for (endpoint, body, output) in [
        (
            Endpoint::Messages,
            r#"{"model":"m","max_tokens":7,"n":3}"#,
            7,
        ),
        (Endpoint::ChatCompletions, r#"{"model":"m"}"#, 4_096),
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","max_completion_tokens":10,"n":3}"#,
            30,
        ),
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","max_tokens":10,"n":"x"}"#,
            10,
        ),
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","max_tokens":18446744073709551615,"n":99999}"#,
            1_000_000_000,
        ),
        (
            Endpoint::Responses,
            r#"{"model":"m","max_output_tokens":50}"#,
            50,
        ),
        (Endpoint::Embeddings, r#"{"model":"m"}"#, 0),
    ] {
        let steering = steer(endpoint, &http::HeaderMap::new(), body.as_bytes()).unwrap();
        let expected = expected(endpoint, &steering, 400);
        assert_eq!(
            (expected.input, expected.output),
            (100, output),
            "{endpoint:?} {body}"
        );
    }
    let steering = steer(
        Endpoint::CountTokens,
        &http::HeaderMap::new(),
        br#"{"model":"m"}"#,
    )
    .unwrap();
    assert_eq!(
        expected(Endpoint::CountTokens, &steering, 400),
        Expected::default()
    );
}

mod hostile {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// JSON that is made of the names we look for and of numbers nobody should send.
    fn garbage() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0u64..2_000).prop_map(Value::from),
            "[a-z\"\\\\]{0,6}".prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "usage",
            "message",
            "response",
            "input_tokens",
            "output_tokens",
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "cached_tokens",
            "reasoning_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "cache_creation",
            "ephemeral_1h_input_tokens",
            "input_tokens_details",
            "completion_tokens_details",
            "text",
            "delta",
            "choices",
        ]);
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|map| Value::from(
                    serde_json::Map::from_iter(map.into_iter().map(|(k, v)| (k.to_owned(), v)))
                )),
            ]
        })
    }

    fn is_sound(counted: Counted) -> bool {
        let usage = counted.usage;
        usage.reasoning <= usage.output
            && counted.cache_write_long <= usage.cache_write
            && usage.total() < 10_000_000_000
    }

    const GENERATING: [Endpoint; 4] = [
        Endpoint::Messages,
        Endpoint::ChatCompletions,
        Endpoint::Responses,
        Endpoint::Embeddings,
    ];

    proptest! {
        #[test]
        fn any_json_is_read_soundly(value in garbage()) {
            let body = json!({"usage": value, "message": {"usage": value}}).to_string();
            for endpoint in GENERATING {
                prop_assert!(is_sound(read(endpoint, body.as_bytes(), ASKED).unwrap().unwrap()));
                match read(endpoint, value.to_string().as_bytes(), ASKED) {
                    Ok(counted) => prop_assert!(is_sound(counted.unwrap())),
                    Err(no_answer) => prop_assert!(!value.is_object() && no_answer == NoAnswer::Foreign),
                }
            }
        }

        #[test]
        fn it_is_json_for_us_where_it_is_json_for_others(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            for body in [bytes.clone(), [b"{\"usage\":", &bytes[..], b"}"].concat(), [b"{\"usage\":{\"input_tokens\":", &bytes[..], b"}}"].concat()] {
                let is_json = read(Endpoint::Messages, &body, ASKED) != Err(NoAnswer::NotJson);
                let expected = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
                if expected {
                    prop_assert!(is_json);
                }
                let lenient = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
                prop_assert_eq!(is_json, lenient);
            }
        }

        #[test]
        fn any_stream_is_read_soundly(
            events in prop::collection::vec((prop::sample::select(vec!["message_start", "message_delta", "content_block_delta", "response.completed", "response.x.delta", ""]), garbage()), 0..12),
            junk in prop::collection::vec(any::<u8>(), 0..40),
            cut in 0usize..400,
        ) {
            let mut bytes: Vec<u8> = events.iter().flat_map(|(name, data)| format!("event: {name}\ndata: {data}\n\n").into_bytes()).collect();
            bytes.splice(cut.min(bytes.len())..cut.min(bytes.len()), junk);
            for endpoint in GENERATING {
                let mut whole = UsageReader::new(endpoint, ASKED);
                let mut splitter = Splitter::new();
                splitter.push(Bytes::from(bytes.clone()));
                while let Ok(Some(event)) = splitter.take() { whole.absorb(&event); }
                let mut cut_up = UsageReader::new(endpoint, ASKED);
                let mut splitter = Splitter::new();
                for piece in bytes.chunks(7) {
                    splitter.push(Bytes::copy_from_slice(piece));
                    while let Ok(Some(event)) = splitter.take() { cut_up.absorb(&event); }
                }
                prop_assert_eq!(whole.finish(), cut_up.finish());
                if let Some(counted) = whole.finish() { prop_assert!(is_sound(counted)); }
            }
        }

        #[test]
        fn the_parts_of_an_openai_answer_add_up_to_what_was_said(prompt in 0u64..1_000_000, completion in 0u64..1_000_000, cached in 0u64..1_000_000, written in 0u64..1_000_000) {
            let said = json!({"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written}});
            for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses] {
                let counted = whole(endpoint, &said.to_string());
                prop_assert_eq!(counted.usage.total(), prompt + completion);
                prop_assert_eq!(counted.source == Provider, cached + written <= prompt);
            }
        }
    }
}
