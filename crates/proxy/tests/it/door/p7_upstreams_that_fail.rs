//! P7 where upstreams themselves fail: while another one is in reach, the client sees success.
use super::message;
use super::plant::{Answer as Told, Plant};
use portunus_app::keys::{self, ProviderSecret, add::NewKey};
use portunus_app::pool_settings::{
    self, MaxWait,
    update::{FallbackChange, PoolChange},
};
use portunus_core::pool::Standing;
use portunus_proxy::DoorSettings;
use portunus_testkit::provider::seen::Seen;
use portunus_testkit::{Answer, Gate};
use std::time::{Duration, Instant};

async fn add(plant: &Plant, pool: &str, label: &str, priority: u32, base_url: Option<String>) {
    let new = NewKey {
        pool: pool.parse().unwrap(),
        label: label.parse().unwrap(),
        secret: ProviderSecret::parse(&format!("sk-{label}")).unwrap(),
        priority,
        base_url,
    };
    plant.provider.key(&format!("sk-{label}")).known();
    keys::add(&plant.plane, plant.operator, vec![new])
        .await
        .unwrap();
}

/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn a_healthy_key_serves_behind_three_dead_upstreams() {
    let plant = Plant::with_keys(0).await;
    for n in 1..=3 {
        add(
            &plant,
            "anthropic",
            &format!("dead{n}"),
            0,
            Some(DEAD.into()),
        )
        .await;
    }
    add(&plant, "anthropic", "good", 1, None).await;
    let token = plant.agent("mayor").await;
    for _ in 0..5 {
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let replaced = plant
        .actions()
        .await
        .iter()
        .filter(|action| *action == "attempt.replaced")
        .count();
    assert_eq!(
        replaced, 1,
        "an upstream that is down costs one request its time, not every request"
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_told_until_an_attempt_reaches_it() {
    let plant = Plant::with_keys(0).await;
    add(&plant, "anthropic", "dead1", 0, Some(DEAD.into())).await;
    add(&plant, "anthropic", "good", 1, None).await;
    let token = plant.agent("mayor").await;
    let (reach, there) = (plant.plane.pools().reach(), plant.provider.base_url());
    reach.missed(&there, "it was away".to_owned(), plant.plane.now());
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let missed = reach.out_of_reach(DEAD, plant.plane.now()).unwrap();
    assert_eq!(missed.why, "the connection was refused");
    assert_eq!(reach.out_of_reach(&there, plant.plane.now()), None);
    // Nothing is held against the key itself.
    let pool = plant.plane.pools().all().remove(0);
    let keys = pool.status().keys;
    assert!(keys.iter().all(|key| key.standing == Standing::Ready));
}

#[tokio::test]
async fn an_upstream_that_refuses_a_request_is_there() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let (reach, there) = (plant.plane.pools().reach(), plant.provider.base_url());
    reach.missed(&there, "it was away".to_owned(), plant.plane.now());
    plant
        .provider
        .anyone()
        .script([Answer::status(400).body("{}")]);
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(reach.out_of_reach(&there, plant.plane.now()), None);
}

async fn with_spare(plant: &Plant) {
    let new = pool_settings::create::NewPool {
        name: "spare".parse().unwrap(),
        protocol: portunus_core::provider_key::Protocol::Anthropic,
        base_url: Some(plant.provider.base_url()),
        max_wait: MaxWait::from_millis(60_000).unwrap(),
        fallback: None,
    };
    pool_settings::create::create(&plant.plane, plant.operator, new)
        .await
        .unwrap();
    add(plant, "spare", "spare1", 0, None).await;
    let change = PoolChange {
        base_url: None,
        max_wait: None,
        fallback: FallbackChange::Set("spare".into()),
    };
    pool_settings::update(&plant.plane, plant.operator, "anthropic".into(), change)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_fallback_serves_while_the_first_upstream_is_down() {
    let plant = Plant::with_keys(0).await;
    add(&plant, "anthropic", "dead1", 0, Some(DEAD.into())).await;
    with_spare(&plant).await;
    let token = plant.agent("mayor").await;
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_fallback_serves_while_the_first_upstream_is_overloaded() {
    let plant = Plant::with_keys(1).await;
    with_spare(&plant).await;
    plant.provider.key("sk-1").always(Answer::overloaded());
    let token = plant.agent("mayor").await;
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn gathered_events_before_a_dead_keys_error_are_not_lost() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let first = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"c\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"ONE\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"TWO\"}}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}\n\n";
    plant.provider.anyone().script([Answer::status(200)
        .header("content-type", "text/event-stream")
        .body(first)]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(answer.text.contains("ONE"), "{}", answer.text);
    assert!(answer.text.contains("TWO"), "{}", answer.text);
}

#[tokio::test]
async fn one_bad_moment_of_the_only_key_does_not_send_everybody_to_the_fallback() {
    let plant = Plant::with_keys(1).await;
    with_spare(&plant).await;
    let token = plant.agent("mayor").await;
    plant.provider.key("sk-1").script([Answer::overloaded()]);
    for _ in 0..4 {
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let keys: Vec<_> = plant
        .provider
        .seen()
        .into_iter()
        .filter_map(|seen| seen.key)
        .collect();
    assert!(keys.iter().all(|key| key == "sk-1"), "{keys:?}");
}

#[tokio::test]
async fn a_long_pause_is_not_made_while_another_key_is_free() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant
        .provider
        .key("sk-1")
        .always(Answer::overloaded().header("retry-after", "8"));
    let began = Instant::now();
    for _ in 0..3 {
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn every_attempt_over_a_kept_connection_ends_in_time() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let gate = Gate::closed();
    let held = Answer::ok().held_by(&gate);
    plant.provider.anyone().script(vec![held; 4]);
    let question = message(false);
    let calls = (0..4).map(|_| plant.call(&token, "/v1/messages", &question));
    let all_there = async {
        plant.provider.seen_when(|seen| seen.len() == 4).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(calls), all_there);
    assert!(answers.iter().all(|answer| answer.status == 200));

    plant.provider.anyone().always(Answer::never());
    let leaves = [("x-stainless-timeout", "7")];
    let told = plant.send(&token, "/v1/messages", &question, &leaves).await;
    let told = Told::read(told).await;
    assert_eq!(told.status, 504, "{}", told.text);
    let seen = plant.provider.seen();
    let (kept, reused) = seen.split_at(4);
    assert!(reused.len() > 1, "the first one was repeated");
    for one in reused {
        let is_same = |other: &Seen| other.connection == one.connection;
        assert!(kept.iter().any(is_same), "{}", one.connection);
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_plain_request_hears_before_its_client_leaves() {
    let plant = Plant::with(2, DoorSettings::default()).await;
    let token = plant.agent("mayor").await;
    plant.provider.anyone().always(Answer::never());
    let said = [
        vec![("x-stainless-timeout", "7")],
        vec![("x-stainless-read-timeout", "7.0")],
        vec![
            ("x-stainless-timeout", "NOT_GIVEN"),
            ("x-stainless-read-timeout", "7"),
        ],
    ];
    let hears = said.map(async |headers| {
        let began = Instant::now();
        let sent = plant
            .send(&token, "/v1/messages", &message(false), &headers)
            .await;
        assert_eq!(sent.status(), 504, "{headers:?}");
        let passed = began.elapsed();
        assert!(passed < Duration::from_secs(7), "{headers:?}: {passed:?}");
    });
    futures_util::future::join_all(hears).await;
    plant.all_leases_back().await;
}
