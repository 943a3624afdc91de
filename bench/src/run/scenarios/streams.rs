//! Streamed answers of 100 small events. The upstream writes each event by itself, with a gap between two of them, as a
//! model does; without gaps a slow proxy would read many at once and look cheap.

use super::json::many;
use crate::run::Bench;
use crate::run::figures::Limit;
use crate::run::measure::compare;
use crate::run::stage::{Load, Way};
use crate::upstream::Wish;
use anyhow::Result;
use std::time::Duration;

/// One event in so long over all streams: 20,000 a second.
const PACE: Duration = Duration::from_micros(50);
/// The gap within a stream is never smaller.
const LEAST_GAP: Duration = Duration::from_micros(200);

pub(super) fn play(bench: &mut Bench, connections: usize) -> Result<()> {
    let gap = PACE
        .saturating_mul(u32::try_from(connections)?)
        .max(LEAST_GAP);
    let load = Load {
        wish: Wish::Events(gap),
        body_bytes: 2048,
        connections,
        lasts: bench.effort.lasts(),
        requests: None,
        rate: None,
    };
    let samples = compare(
        &bench.stage,
        &bench.stage.ways(),
        &load,
        bench.effort.rounds(),
    )?;
    let name = format!("stream of 100 events, {}", many(connections));
    let figures = &mut bench.figures;
    if let (Some(ours), Some(nginx)) = (samples.of(Way::Portunus), samples.of(Way::Nginx)) {
        let ratio = ours.cpu_us / nginx.cpu_us;
        figures.judge(
            format!("{name}: CPU to nginx"),
            ratio,
            Limit::AtMost(1.3),
            "x",
        );
    }
    if let (Some(ours), Some(direct)) = (samples.of(Way::Portunus), samples.of(Way::Direct))
        && connections <= 32
    {
        let added = ours.first_p99_us - direct.first_p99_us;
        figures.judge(
            format!("{name}: added p99 of the first byte"),
            added,
            Limit::AtMost(300.0),
            "µs",
        );
    }
    figures.load(&format!("{name}, {gap:?} apart"), samples);
    Ok(())
}
