//! What is read of every request and every answer, without I/O.

use super::Clockwork;
use crate::load::{Ask, body};
use crate::upstream::{self, Wish};
use anyhow::{Context, Result};
use bytes::Bytes;
use http::HeaderMap;
use portunus_core::provider_key::Protocol;
use portunus_core::time::Timestamp;
use portunus_proxy::provider::sse::Splitter;
use portunus_proxy::provider::usage::{Expected, UsageReader};
use portunus_proxy::provider::{Answer, Endpoint, Fields, classify, family, phase, steer, usage};
use std::time::{Duration, SystemTime};

const MODEL: &str = "claude-sonnet-4-5";

pub(super) fn time(clockwork: &mut Clockwork) -> Result<()> {
    fields(clockwork);
    answers(clockwork)?;
    streams(clockwork);
    Ok(())
}

fn fields(clockwork: &mut Clockwork) {
    let headers = HeaderMap::new();
    for (name, body_bytes) in [("2 KiB", 2048), ("256 KiB", 256 * 1024)] {
        let body = body(&Ask {
            wish: Wish::Whole(Duration::ZERO),
            body_bytes,
        });
        clockwork.time(format!("read the fields that steer, {name}"), || {
            steer(Endpoint::Messages, &headers, body.as_bytes())
        });
    }
}

fn answers(clockwork: &mut Clockwork) -> Result<()> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = Timestamp::from_millis(u64::try_from(since.as_millis())?);
    let samples = upstream::samples();
    for (name, status, message) in [
        ("classify an answer that served", 200, &samples.whole),
        ("classify an answer that was limited", 429, &samples.limited),
    ] {
        let (headers, body) = parts(message)?;
        let answer = Answer {
            status,
            headers: &headers,
            body: if status == 200 { &[] } else { body },
        };
        let family = family(Protocol::Anthropic, MODEL);
        clockwork.time(name, || {
            classify(Protocol::Anthropic, &family, now, &answer)
        });
    }
    let (_, body) = parts(&samples.whole)?;
    clockwork.time("read the usage of an answer", || {
        usage::read(Endpoint::Messages, body, Expected::default())
    });
    Ok(())
}

/// 100 events, each in a chunk of its own; per stream.
fn streams(clockwork: &mut Clockwork) {
    let events: Vec<Bytes> = upstream::samples()
        .events
        .into_iter()
        .map(Bytes::from)
        .collect();
    clockwork.time("cut a stream of 100 events", || {
        let mut splitter = Splitter::new();
        let mut count = 0;
        for event in &events {
            splitter.push(event.clone());
            while let Ok(Some(_)) = splitter.take() {
                count += 1;
            }
        }
        count
    });
    clockwork.time("cut it, tell its phases, read its usage", || {
        let mut splitter = Splitter::new();
        let mut reader = UsageReader::new(Endpoint::Messages, Expected::default());
        for event in &events {
            splitter.push(event.clone());
            while let Ok(Some(event)) = splitter.take() {
                std::hint::black_box(phase(Endpoint::Messages, &event));
                reader.absorb(&event);
            }
        }
        reader.finish()
    });
}

/// Headers and body of a message of the fake upstream.
fn parts(message: &[u8]) -> Result<(Fields, &[u8])> {
    let end = memchr::memmem::find(message, b"\r\n\r\n").context("no end of the head")?;
    let (head, body) = message.split_at(end + 4);
    let mut headers = Fields::default();
    for line in std::str::from_utf8(head)?.lines().skip(1) {
        if let Some((name, value)) = line.split_once(": ") {
            headers.push(name, value.as_bytes());
        }
    }
    Ok((headers, body))
}
