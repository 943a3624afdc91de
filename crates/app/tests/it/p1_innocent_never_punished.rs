//! P1: a valid token is never refused because of anybody else's failures.

use crate::plane::{PEER, Stage, bearer, pepper, prove};
use http::HeaderMap;
use portunus_app::AuthError;
use portunus_app::admission::{NotAdmitted, Pace, Paces};
use portunus_core::admission::Source;
use portunus_core::secret::Secret;
use portunus_core::token::TokenKind;
use portunus_store::memory::Outage;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// A text with the first `kept` characters of `token` that still looks like a token: the checksum fits.
fn lookalike(token: &str, kept: usize, number: usize) -> Secret {
    let mut body = token[..kept].to_owned();
    let filler = format!("{number:070}");
    body.push_str(&filler[filler.len() - (70 - kept)..]);
    let crc = crc32(&body);
    Secret::new(format!("{body}{}", portunus_core::base62::encode(&crc, 6)))
}

/// CRC-32 (IEEE 802.3), bit by bit: the test shares no code with what it tests.
fn crc32(text: &str) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    (!crc).to_be_bytes()
}

#[tokio::test]
async fn ten_thousand_wrong_tokens_of_the_same_prefix_cost_the_valid_one_nothing() {
    let stage = Stage::new().await;
    let valid = stage.agent("mayor").await;
    for number in 0..10_000 {
        // The kid is the valid one's in half of them, so that the guess reaches its record.
        let kept = if number % 2 == 0 { 5 + 22 } else { 5 + 3 };
        let wrong = lookalike(valid.expose(), kept, number);
        assert!(stage.prove(&wrong).await.is_err());
        if number % 100 == 0 {
            assert!(
                stage.prove(&valid).await.is_ok(),
                "after {number} wrong ones"
            );
        }
    }
    assert!(stage.prove(&valid).await.is_ok());
    assert_eq!(stage.plane.authentication_counts().rejected, 10_000);
}

#[tokio::test]
async fn a_database_that_is_down_stops_no_agent() {
    let stage = Stage::new().await;
    let valid = stage.agent("mayor").await;
    stage.store.outage(Outage::Begins);
    for _ in 0..100 {
        let stranger = pepper().mint(TokenKind::Agent, &[3; 44]).text;
        assert!(prove(&stage.plane, &stranger).await.is_err());
        assert!(stage.prove(&valid).await.is_ok());
    }
}

/// What somebody at the same address does next.
#[derive(Clone, Debug)]
enum Step {
    /// So many wrong tokens with so many of the valid one's first characters.
    Wrong { kept: usize, count: usize },
    /// So many texts that are no token at all.
    Garbage { count: usize },
    /// So many requests without a credential.
    Missing { count: usize },
    /// So many milliseconds pass.
    Wait { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (5_usize..48, 1_usize..30).prop_map(|(kept, count)| Step::Wrong { kept, count }),
        (1_usize..30).prop_map(|count| Step::Garbage { count }),
        (1_usize..30).prop_map(|count| Step::Missing { count }),
        (0_u64..400_000).prop_map(|ms| Step::Wait { ms }),
    ]
}

/// Whatever fails at the same address, with the same prefix and in whatever order, the valid token is served after
/// each step.
#[test]
fn no_interleaving_of_failures_at_the_same_address_stops_a_valid_token() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::new());
    let valid = runtime.block_on(stage.agent("mayor"));
    let served = bearer(valid.expose());
    let admit = |headers: &HeaderMap| runtime.block_on(stage.plane.admit(headers, Some(PEER)));
    // A cap so low that every flood meets it.
    stage.plane.admission().limit(Paces {
        unverified: pace(1, 1),
        ..Paces::default()
    });
    let steps = proptest::collection::vec(step(), 1..40);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    let outcome = runner.run(&steps, |steps| {
        for step in steps {
            match step {
                Step::Wrong { kept, count } => {
                    for number in 0..count {
                        let wrong = lookalike(valid.expose(), kept, number);
                        prop_assert!(admit(&bearer(wrong.expose())).is_err());
                    }
                }
                Step::Garbage { count } => {
                    for number in 0..count {
                        let garbage = format!("ptna_{number}");
                        prop_assert!(admit(&bearer(&garbage)).is_err());
                    }
                }
                Step::Missing { count } => {
                    for _ in 0..count {
                        let nothing = admit(&HeaderMap::new());
                        let missing = NotAdmitted::Credential(AuthError::Missing);
                        prop_assert_eq!(nothing.unwrap_err(), missing);
                    }
                }
                Step::Wait { ms } => stage.clock.advance(Duration::from_millis(ms)),
            }
            prop_assert!(admit(&served).is_ok());
        }
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn five_thousand_failures_from_one_address_penalise_it_and_no_valid_token() {
    let stage = Stage::new().await;
    let valid = stage.agent("mayor").await;
    let served = bearer(valid.expose());
    // The valid one's kid with another secret, and a kid that was made up.
    let wrong = [27, 8].map(|kept| bearer(lookalike(valid.expose(), kept, 1).expose()));
    // Nothing of this needs the database: what it would have to decide would be undecided now.
    stage.store.outage(Outage::Begins);
    let mut slowest = Duration::ZERO;
    for number in 0..5_000 {
        let answer = stage.plane.admit(&wrong[number % 2], Some(PEER)).await;
        let undecided = NotAdmitted::Credential(AuthError::Undecided);
        assert_ne!(answer.unwrap_err(), undecided);
        let began = Instant::now();
        assert!(stage.plane.admit(&served, Some(PEER)).await.is_ok());
        slowest = slowest.max(began.elapsed());
    }
    let guessing = stage
        .plane
        .admission()
        .may_guess(Source::of(PEER), stage.plane.now());
    assert_eq!(guessing.unwrap_err().retry_after_ms, 300_000);
    // Not a measurement: only that nothing delays it on purpose.
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

const fn pace(rate: u32, burst: u32) -> Pace {
    let burst = NonZeroU32::new(burst).expect("not zero");
    Pace { rate, burst }
}
