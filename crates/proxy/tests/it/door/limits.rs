//! The quota of model calls, and what floods of wrong tokens cost others: nothing.

use super::plant::{Answer, Plant};
use super::{chat, message};
use portunus_app::admission::{Pace, Paces};
use portunus_core::admission::Source;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Instant;

fn limit(plant: &Plant, rate: u32, burst: u32) {
    let burst = NonZeroU32::new(burst).unwrap();
    plant.plane.admission().limit(Paces {
        llm: Pace { rate, burst },
        ..Paces::default()
    });
}

fn refused(answer: &Answer, kind: &str) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let error = &answer.json()["error"];
    assert_eq!(error["type"], kind, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Class llm is limited"), "{message}");
}

#[tokio::test]
async fn an_agent_over_its_quota_is_told_in_its_protocol_when_to_come_back() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    limit(&plant, 2, 2);
    let began = Instant::now();
    let served = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(served.status, 200);
    assert_eq!(served.header("ratelimit"), "\"llm\";r=1;t=30");
    assert_eq!(served.header("ratelimit-policy"), "\"llm\";q=2;w=60");
    let served = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(served.header("ratelimit").starts_with("\"llm\";r=0;t="));

    let anthropic = plant.call(&token, "/v1/messages", &message(true)).await;
    refused(&anthropic, "rate_limit_error");
    assert_eq!(anthropic.header("x-should-retry"), "true");
    let seconds: u32 = anthropic.header("retry-after").parse().unwrap();
    let least = 29_u64.saturating_sub(began.elapsed().as_secs());
    assert!((least..=30).contains(&u64::from(seconds)), "{seconds}");
    let told = format!("\"llm\";r=0;t={seconds}");
    assert_eq!(anthropic.header("ratelimit"), told);
    let openai = plant
        .call(&token, "/v1/chat/completions", &chat(false))
        .await;
    refused(&openai, "rate_limit_error");
    assert_eq!(plant.provider.seen().len(), 2, "no key was asked");
    assert_eq!(plant.in_flight(), 0);
}

#[tokio::test]
async fn one_agent_over_its_quota_costs_another_no_refusal() {
    let plant = Plant::with_keys(2).await;
    let (greedy, modest) = (plant.agent("greedy").await, plant.agent("modest").await);
    limit(&plant, 60, 4);
    let mut turned_away = 0;
    for round in 0..4 {
        for _ in 0..50 {
            let answer = plant.call(&greedy, "/v1/messages", &message(false)).await;
            turned_away += usize::from(answer.status == 429);
        }
        let served = plant.call(&modest, "/v1/messages", &message(false)).await;
        assert_eq!(served.status, 200, "round {round}: {}", served.text);
    }
    assert!(turned_away > 100, "{turned_away}");
}

#[tokio::test]
async fn without_a_quota_nothing_is_said_of_one() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for _ in 0..20 {
        let served = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(
            (served.status.as_u16(), served.header("ratelimit")),
            (200, "")
        );
    }
}

#[tokio::test]
async fn p1_a_flood_of_wrong_tokens_from_the_same_address_costs_a_valid_one_nothing() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let last = if token.ends_with('x') { "y" } else { "x" };
    let wrong = format!("{}{last}", &token[..token.len() - 1]);
    let one = NonZeroU32::MIN;
    plant.plane.admission().limit(Paces {
        unverified: Pace {
            rate: 1,
            burst: one,
        },
        ..Paces::default()
    });
    let mut held_back = 0;
    for number in 0..300 {
        let refused = plant.call(&wrong, "/v1/messages", &json!({})).await;
        assert_eq!(refused.header("x-should-retry"), "false");
        match refused.status.as_u16() {
            401 => {}
            429 => {
                let error = refused.json()["error"]["message"].to_string();
                assert!(error.contains("without a valid credential"), "{error}");
                held_back += 1;
            }
            other => panic!("{other}"),
        }
        if number % 10 == 0 {
            let served = plant.call(&token, "/v1/messages", &message(false)).await;
            assert_eq!(served.status, 200);
        }
    }
    assert!(held_back > 200, "{held_back}");
    let here = Source::of(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (admission, now) = (plant.plane.admission(), plant.plane.now());
    assert!(
        admission.may_guess(here, now).is_err(),
        "the address itself pays"
    );
    let missing = plant.call("", "/v1/messages", &json!({})).await;
    assert_eq!(
        missing.status, 401,
        "a missing one is told so, whatever comes"
    );
}
