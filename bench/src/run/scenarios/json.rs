//! Requests that are answered in one piece, one after the other on every connection.

use crate::run::Bench;
use crate::run::figures::Limit;
use crate::run::measure::compare;
use crate::run::stage::{Load, Way};
use crate::upstream::Wish;
use anyhow::Result;
use std::time::Duration;

/// A body of 2 KiB.
pub(super) fn small(bench: &mut Bench, connections: usize) -> Result<()> {
    let name = format!("JSON 2 KiB, {connections} connections");
    let load = Load {
        wish: Wish::Whole(Duration::ZERO),
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
    if let (Some(ours), Some(nginx)) = (samples.of(Way::Portunus), samples.of(Way::Nginx)) {
        let figures = &mut bench.figures;
        figures.judge(
            format!("{name}: CPU to nginx"),
            ours.cpu_us / nginx.cpu_us,
            Limit::AtMost(1.5),
            "x",
        );
        if connections == 32 {
            let ratio = ours.per_second / nginx.per_second;
            figures.judge(
                format!("{name}: requests/s to nginx"),
                ratio,
                Limit::AtLeast(0.7),
                "x",
            );
        }
        if connections == 256 {
            let ratio = ours.p99_us / nginx.p99_us;
            figures.judge(
                format!("{name}: p99 to nginx"),
                ratio,
                Limit::AtMost(3.0),
                "x",
            );
        }
    }
    bench.figures.load(&name, samples);
    Ok(())
}
