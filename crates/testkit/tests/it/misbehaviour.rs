//! Every way in which a provider goes wrong, and the record of what it saw.

use crate::{post, text};
use http_body_util::BodyExt;
use portunus_testkit::provider::seen::Ending;
use portunus_testkit::{Answer, FakeProvider, Gate};
use serde_json::{Value, json};

fn streamed() -> Value {
    json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "a b c"}]})
}

#[tokio::test]
async fn a_script_is_followed_in_order_and_then_health_returns() {
    let provider = FakeProvider::start().unwrap();
    provider.key("k").script([
        Answer::overloaded(),
        Answer::dies_before_headers(),
        Answer::html(502),
        Answer::redirect("http://127.0.0.1:1/"),
    ]);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = post(&provider, "/v1/messages", "k", &streamed()).await;
        statuses.push(answer.map_or(0, |answer| answer.status().as_u16()));
    }
    assert_eq!(statuses, [529, 0, 502, 307, 200]);
    let seen = provider.seen();
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[1].ending, Ending::BrokenOff);
    assert_eq!(seen[4].key.as_deref(), Some("k"));
}

#[tokio::test]
async fn a_stream_breaks_where_the_script_says() {
    let provider = FakeProvider::start().unwrap();
    provider.anyone().script([
        Answer::ok().dies_after(2),
        Answer::ok().ends_after(2),
        Answer::ok().errors_after(2),
        Answer::overloaded_in_stream(),
    ]);
    let mut bodies = Vec::new();
    for _ in 0..4 {
        let answer = post(&provider, "/v1/messages", "k", &streamed())
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        bodies.push(text(answer).await);
    }
    assert_eq!(bodies[0], None);
    assert_eq!(bodies[1].as_ref().unwrap().matches("event: ").count(), 2);
    assert!(bodies[2].as_ref().unwrap().contains("event: error"));
    assert!(bodies[3].as_ref().unwrap().starts_with("event: error"));
}

#[tokio::test]
async fn bytes_are_cut_anywhere_and_still_are_the_same() {
    let provider = FakeProvider::start().unwrap();
    provider
        .anyone()
        .script([Answer::ok(), Answer::ok().cut_every(3)]);
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let answer = post(&provider, "/v1/messages", "k", &streamed())
            .await
            .unwrap();
        bodies.push(
            text(answer)
                .await
                .unwrap()
                .replace("fake00000001", "fake00000000"),
        );
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let provider = FakeProvider::start().unwrap();
    let gate = Gate::closed();
    provider.anyone().script([
        Answer::ok().held_after(3, &gate),
        Answer::never(),
        Answer::ok(),
    ]);
    let mut answer = post(&provider, "/v1/messages", "k", &streamed())
        .await
        .unwrap();
    assert!(answer.body_mut().frame().await.is_some());
    drop(answer);
    let body = streamed();
    let never = post(&provider, "/v1/messages", "k", &body);
    let patience = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(patience, never).await.is_err());
    let whole = post(&provider, "/v1/messages", "k", &streamed())
        .await
        .unwrap();
    text(whole).await.unwrap();
    let seen = provider
        .seen_when(|seen| seen.iter().all(|one| one.ending != Ending::Open))
        .await;
    let endings: Vec<Ending> = seen.iter().map(|one| one.ending).collect();
    assert_eq!(
        endings,
        [Ending::ClientLeft, Ending::ClientLeft, Ending::Complete]
    );
}

#[tokio::test]
async fn a_gate_holds_an_answer_until_it_opens() {
    let provider = FakeProvider::start().unwrap();
    let gate = Gate::closed();
    provider.anyone().script([Answer::ok().held_by(&gate)]);
    let body = streamed();
    let asking = post(&provider, "/v1/messages", "k", &body);
    let opening = async {
        provider.seen_when(|seen| !seen.is_empty()).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(asking, opening);
    assert_eq!(answer.unwrap().status(), 200);
}
