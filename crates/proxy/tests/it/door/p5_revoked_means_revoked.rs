//! P5: within a second of the revocation a token is refused, on open streams too.

use super::message;
use super::plant::{Answer, Plant, SOON};
use portunus_app::agents::archive;
use portunus_app::agents::update::{AgentChange, DisplayNameChange, update};
use portunus_app::tokens;
use portunus_testkit::{Answer as Upstream, Gate};
use std::time::Instant;

async fn revoke(plant: &Plant, token: &str) {
    let session = plant.plane.authenticate_text(token).await.unwrap();
    tokens::revoke(&plant.plane, plant.operator, session.kid, tokens::Force::No)
        .await
        .unwrap();
}

async fn may_call_no_model(plant: &Plant) {
    let change = AgentChange {
        display_name: DisplayNameChange::Keep,
        scopes: Some("self.*".parse().unwrap()),
    };
    let (by, asked) = (plant.boss.clone(), plant.operator);
    update(&plant.plane, by, asked, "mayor".to_owned(), change)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_open_stream_ends_with_an_error_and_the_next_request_is_refused() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Upstream::ok().held_after(5, &Gate::closed())]);
    let open = plant
        .send(&token, "/v1/messages", &message(true), &[])
        .await;
    assert_eq!(open.status(), 200);
    let began = Instant::now();
    revoke(&plant, &token).await;
    let told = Answer::read(open).await;
    assert!(began.elapsed() < SOON);
    assert!(told.text.contains("authentication_error"), "{}", told.text);
    assert!(!told.complete);
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        401
    );
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_request_in_the_queue_is_refused_too() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Upstream::rate_limited().header("retry-after", "60")]);
    let body = message(false);
    let (answer, ()) = tokio::join!(plant.call(&token, "/v1/messages", &body), async {
        plant.until(|plant| plant.waiting() == 1).await;
        revoke(&plant, &token).await;
    });
    assert_eq!(answer.status, 401, "{}", answer.text);
}

#[tokio::test]
async fn p5_a_request_in_the_queue_goes_nowhere_once_its_agent_may_call_no_model() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .anyone()
        .script([Upstream::rate_limited().header("retry-after", "2")]);
    let body = message(false);
    let (answer, ()) = tokio::join!(plant.call(&token, "/v1/messages", &body), async {
        plant.until(|plant| plant.waiting() == 1).await;
        may_call_no_model(&plant).await;
    });
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("permission_error"), "{}", answer.text);
    assert_eq!(plant.provider.seen().len(), 1, "nothing more went upstream");
    plant.all_leases_back().await;
}

#[tokio::test]
async fn p5_a_call_is_judged_by_what_its_token_is_worth_once_its_body_is_there() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let body = message(false);
    let served = plant.call_slowly(&token, &body, async {}).await;
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
    let narrowed = plant
        .call_slowly(&token, &body, may_call_no_model(&plant))
        .await;
    assert!(narrowed.starts_with("HTTP/1.1 403"), "{narrowed}");
    let token = plant.agent("clerk").await;
    let revoked = plant
        .call_slowly(&token, &body, revoke(&plant, &token))
        .await;
    assert!(revoked.starts_with("HTTP/1.1 401"), "{revoked}");
    let token = plant.agent("baker").await;
    let archived = plant.call_slowly(&token, &body, async {
        let gone = archive(&plant.plane, plant.operator, "baker".to_owned());
        gone.await.unwrap();
    });
    let archived = archived.await;
    assert!(archived.starts_with("HTTP/1.1 401"), "{archived}");
    assert_eq!(plant.provider.seen().len(), 1, "nothing more went upstream");
    plant.all_leases_back().await;
}
