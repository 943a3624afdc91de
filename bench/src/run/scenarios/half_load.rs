//! What the plane adds to an answer's time while it is half busy: requests come at a fixed rate, half of what it can.

use super::json;
use crate::run::Bench;
use crate::run::figures::Limit;
use crate::run::measure::compare;
use crate::run::stage::{Load, Way};
use anyhow::{Context, Result};

const CONNECTIONS: usize = 32;

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let full = json::load(CONNECTIONS, bench.effort.lasts());
    let capacity = compare(&bench.stage, &[Way::Portunus], &full, 1)?;
    let capacity = capacity
        .of(Way::Portunus)
        .context("no capacity was measured")?;
    let rate = (capacity.per_second / 2.0).round();
    let load = Load {
        rate: Some(rate),
        ..full
    };
    let samples = compare(
        &bench.stage,
        &bench.stage.ways(),
        &load,
        bench.effort.rounds(),
    )?;
    if let (Some(ours), Some(direct)) = (samples.of(Way::Portunus), samples.of(Way::Direct)) {
        let figures = &mut bench.figures;
        let added = ours.p50_us - direct.p50_us;
        figures.judge(
            "half of capacity, 32 connections: added p50",
            added,
            Limit::AtMost(150.0),
            "µs",
        );
        let added = ours.p99_us - direct.p99_us;
        figures.judge(
            "half of capacity, 32 connections: added p99",
            added,
            Limit::AtMost(1000.0),
            "µs",
        );
    }
    let name = format!("JSON 2 KiB, 32 connections, {rate} a second");
    bench.figures.load(&name, samples);
    Ok(())
}
