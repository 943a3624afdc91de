//! Time tells nobody whether a kid exists: a wrong secret on a real kid takes as long as any secret on a kid that is gone,
//! and a made-up kid is refused before either.

use crate::plane::Stage;
use portunus_core::base62;
use portunus_core::secret::Secret;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds in which both take their turns, so that a slow moment of the machine hits both alike.
const ROUNDS: usize = 500;
/// Proofs in one turn: few enough that some turns are over before anything else wants the processor.
const PROOFS: usize = 25;
/// How far the quickest turns may lie apart; whatever else the machine does only adds to the others. What would tell the two
/// apart is a database read or a slow hash, a factor of ten and more; a difference within this cannot be seen over a network.
const FACTOR: f64 = 2.0;

/// The token with another secret, whose checksum fits.
fn with_wrong_secret(token: &str) -> Secret {
    let body = format!("{}{}", &token[..27], "7".repeat(43));
    let mut crc = u32::MAX;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let crc = base62::encode(&(!crc).to_be_bytes(), 6);
    Secret::new(format!("{body}{crc}"))
}

async fn turn(stage: &Stage, token: &Secret) -> Duration {
    let began = Instant::now();
    for _ in 0..PROOFS {
        let outcome = stage.prove(black_box(token)).await;
        assert!(black_box(outcome).is_err());
    }
    began.elapsed()
}

fn quickest(times: Vec<Duration>) -> f64 {
    times.into_iter().min().unwrap().as_secs_f64()
}

#[tokio::test]
async fn a_wrong_secret_takes_as_long_on_a_kid_that_lives_as_on_one_that_is_gone() {
    let stage = Stage::new().await;
    let living = stage.agent("mayor").await;
    // Genuine, and in nobody's memory: issued by a plane with the same pepper on another database.
    let gone = Stage::new().await.agent("mayor").await;
    let wrong = [&living, &gone].map(|token| with_wrong_secret(token.expose()));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (token, times) in wrong.iter().zip(&mut times) {
            times.push(turn(&stage, token).await);
        }
    }
    let [living, gone] = times.map(quickest);
    let factor = (living / gone).max(gone / living);
    assert!(
        factor < FACTOR,
        "{living:.6} s on a living kid, {gone:.6} s on one that is gone"
    );
}
