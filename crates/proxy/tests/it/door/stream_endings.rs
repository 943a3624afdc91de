//! How streams may end: with the provider's own last word, also where it is not quite finished, and never cleanly without.

use super::budgets::{set, settled};
use super::plant::{Answer as Told, Plant};
use super::{chat, message, response};
use portunus_app::budgets::Target;
use portunus_core::budget::{Quantity, Window};
use portunus_testkit::Answer;
use serde_json::json;

const CREATED: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\"}}\n\n";
const ITEM: &str = "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"m1\",\"role\":\"assistant\",\"content\":[]}}\n\n";
const PART: &str = "event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":2,\"item_id\":\"m1\",\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n";
const DELTA: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"delta\":\"Hello there\"}\n\n";
const CALL: &str = "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"item\":{\"type\":\"function_call\",\"id\":\"f1\",\"name\":\"look\",\"arguments\":\"\"}}\n\n";
const ERROR: &str = "event: error\ndata: {\"type\":\"error\",\"sequence_number\":4,\"code\":\"server_error\",\"message\":\"It failed.\"}\n\n";
const FAILED: &str = "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":5,\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"It failed.\"}}}\n\n";

fn events(text: &str) -> Answer {
    Answer::status(200)
        .header("content-type", "text/event-stream")
        .body(text.to_owned())
}

#[tokio::test]
async fn the_last_event_needs_no_empty_line() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let words = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    let completed = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}";
    for (path, body, text) in [
        (
            "/v1/messages",
            message(true),
            format!("{words}event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n"),
        ),
        (
            "/v1/chat/completions",
            chat(true),
            format!("{chunk}data: [DONE]\n"),
        ),
        (
            "/v1/chat/completions",
            chat(true),
            "data: [DONE]".to_owned(),
        ),
        (
            "/v1/responses",
            response(true),
            format!("{DELTA}{completed}"),
        ),
        ("/v1/responses", response(true), completed.to_owned()),
    ] {
        plant.provider.anyone().script([events(&text)]);
        let answer = plant.call(&token, path, &body).await;
        assert!(answer.complete, "{path}: {}", answer.text);
        assert_eq!(answer.text, text, "{path}");
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_chat_that_gave_its_reason_needs_no_done() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n";
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let second =
        "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
    for (asked, text, is_whole) in [
        (1, format!("{chunk}{first}"), true),
        (1, format!("{chunk}{first}{usage}"), true),
        (2, format!("{chunk}{first}{second}"), true),
        (2, format!("{chunk}{first}"), false),
        (1, chunk.to_owned(), false),
    ] {
        let mut body = chat(true);
        body["n"] = json!(asked);
        body["stream_options"] = json!({"include_usage": true});
        plant.provider.anyone().script([events(&text)]);
        let answer = plant.call(&token, "/v1/chat/completions", &body).await;
        assert_eq!(answer.complete, is_whole, "{}", answer.text);
        assert_eq!(answer.text == text, is_whole, "{}", answer.text);
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_stream_that_does_not_say_what_it_is_is_known_by_its_beginning() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for text in [
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n",
        ": hello\n\ndata: [DONE]\n\n",
    ] {
        let unnamed = Answer::status(200).header("content-type", "").body(text);
        plant.provider.anyone().script([unnamed]);
        let answer = plant
            .call(&token, "/v1/chat/completions", &chat(true))
            .await;
        assert_eq!(answer.status, 200);
        assert!(answer.complete, "{}", answer.text);
        assert_eq!(answer.text, text);
        assert_eq!(answer.header("content-type"), "text/event-stream");
    }
    let garbage = Answer::status(200)
        .header("content-type", "")
        .body("date: today");
    plant.provider.anyone().script([garbage]);
    let answer = plant
        .call(&token, "/v1/chat/completions", &chat(true))
        .await;
    assert!(!answer.text.contains("today"), "{}", answer.text);
    plant.all_leases_back().await;
}

#[tokio::test]
async fn an_event_that_breaks_off_is_no_end() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    for (path, body, text) in [
        (
            "/v1/chat/completions",
            chat(true),
            format!("{chunk}data: [DO"),
        ),
        (
            "/v1/chat/completions",
            chat(true),
            format!("{chunk}{}", chunk.trim_end()),
        ),
        (
            "/v1/responses",
            response(true),
            format!("{DELTA}event: response.completed\ndata: {{\"response\":{{\"id\""),
        ),
    ] {
        plant.provider.anyone().script([events(&text)]);
        let answer = plant.call(&token, path, &body).await;
        assert!(!answer.complete, "{path}: {}", answer.text);
        assert!(
            answer.text.contains("The answer is incomplete"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn p7_any_key_can_serve_so_an_unfinished_error_event_is_replaced() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"x\"}}";
    plant.provider.anyone().script([events(error)]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(answer.complete, "{}", answer.text);
    assert_eq!(plant.provider.seen().len(), 2);
    let rests = plant.actions().await;
    assert!(rests.contains(&"key.limited".to_owned()), "{rests:?}");
}

#[tokio::test]
async fn a_response_ends_with_the_providers_own_error() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for end in [
        FAILED.to_owned(),
        ERROR.to_owned(),
        format!("{ERROR}{FAILED}"),
    ] {
        let text = format!("{CREATED}{ITEM}{PART}{DELTA}{end}");
        plant.provider.anyone().script([events(&text)]);
        let answer = plant.call(&token, "/v1/responses", &response(true)).await;
        assert_eq!(answer.text, text);
        assert!(answer.complete, "{end}");
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn p10_once_a_response_that_ended_with_an_error_is_made_anew() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let failing = format!("{CREATED}{DELTA}{FAILED}");
    plant.provider.anyone().script([events(&failing)]);
    let key = [("idempotency-key", "k")];
    let body = response(true);
    let send = async || Told::read(plant.send(&token, "/v1/responses", &body, &key).await).await;
    let failed = send().await;
    assert_eq!((failed.complete, failed.text), (true, failing));
    let served = send().await;
    assert!(
        served.text.contains("response.completed"),
        "{}",
        served.text
    );
    assert_eq!(served.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn p7_any_key_can_serve_so_a_response_without_a_word_is_replaced() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for end in ["", FAILED] {
        let before = plant.provider.seen().len();
        let text = format!("{CREATED}{ITEM}{PART}{end}");
        plant.provider.anyone().script([events(&text)]);
        let answer = plant.call(&token, "/v1/responses", &response(true)).await;
        assert!(answer.complete, "{}", answer.text);
        assert!(
            answer.text.contains("response.completed"),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("resp_1\""), "{}", answer.text);
        assert_eq!(plant.provider.seen().len(), before + 2);
    }
}

#[tokio::test]
async fn a_stream_that_broke_before_any_text_is_charged_for_its_input() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let quantity = Quantity::Tokens(Window::Total);
    let budget = set(&plant, Target::EveryAgent, quantity, 1_000_000).await;
    let mut body = response(true);
    body["input"] = json!("x".repeat(4_000));
    plant
        .provider
        .anyone()
        .script([events(&format!("{CREATED}{CALL}"))]);
    let answer = plant.call(&token, "/v1/responses", &body).await;
    assert!(!answer.complete, "{}", answer.text);
    let spent = settled(&plant, &budget).await;
    assert!((1_000..1_100).contains(&spent), "{spent}");
}
