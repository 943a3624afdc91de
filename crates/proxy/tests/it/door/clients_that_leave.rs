//! Clients that hang up: the lease is back at once and the upstream's work is cancelled, unless it was done.

use super::message;
use super::plant::Plant;
use http_body_util::BodyExt;
use portunus_testkit::provider::seen::Ending;
use portunus_testkit::{Answer, Gate};
use std::time::Duration;

#[tokio::test]
async fn leaving_in_mid_stream_gives_the_lease_back_and_cancels_the_upstream() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Answer::ok().held_after(5, &Gate::closed())]);
    let mut answer = plant
        .send(&token, "/v1/messages", &message(true), &[])
        .await;
    answer.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(plant.in_flight(), 1);
    drop(answer);
    plant.all_leases_back().await;
    let seen = plant
        .provider
        .seen_when(|seen| seen[0].ending != Ending::Open)
        .await;
    assert_eq!(seen[0].ending, Ending::ClientLeft);
}

#[tokio::test]
async fn leaving_before_the_answer_cancels_it_too() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant.provider.anyone().script([Answer::never()]);
    let body = message(false);
    let call = plant.send(&token, "/v1/messages", &body, &[]);
    plant
        .hangs_up(call, |plant| plant.provider.seen().len() == 1)
        .await;
    plant.all_leases_back().await;
    let seen = plant
        .provider
        .seen_when(|seen| seen[0].ending != Ending::Open)
        .await;
    assert_eq!(seen[0].ending, Ending::ClientLeft);
}

#[tokio::test]
async fn leaving_the_queue_leaves_no_trace() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Answer::rate_limited().header("retry-after", "1")]);
    let body = message(true);
    let waiting = plant.send(&token, "/v1/messages", &body, &[]);
    plant.hangs_up(waiting, |plant| plant.waiting() == 1).await;
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(
        plant.provider.seen().len(),
        1,
        "nobody was there to be served"
    );
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_hang_up_after_the_last_event_is_no_cancellation() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let gate = Gate::closed();
    let events = {
        let answer = plant.call(&token, "/v1/messages", &message(true)).await;
        answer.text.matches("event:").count()
    };
    plant
        .provider
        .anyone()
        .script([Answer::ok().held_after(events, &gate)]);
    let mut answer = plant
        .send(&token, "/v1/messages", &message(true), &[])
        .await;
    let mut text = String::new();
    while !text.contains("message_stop") {
        let frame = answer.body_mut().frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    drop(answer);
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.open();
    let seen = plant
        .provider
        .seen_when(|seen| seen[1].ending != Ending::Open)
        .await;
    assert_eq!(seen[1].ending, Ending::Complete);
    plant.all_leases_back().await;
}
