//! P1: a valid token is never refused because of anybody else's failures.

use crate::plane::{Stage, pepper, prove};
use portunus_core::secret::Secret;
use portunus_core::token::TokenKind;
use portunus_store::memory::Outage;

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
