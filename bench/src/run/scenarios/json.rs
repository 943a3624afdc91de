//! Requests that are answered in one piece, one after the other on every connection.

use crate::run::Bench;
use crate::run::figures::Limit;
use crate::run::measure::{Samples, compare};
use crate::run::stage::{Load, Way};
use crate::upstream::Wish;
use anyhow::Result;
use std::time::Duration;

const SMALL: usize = 2048;
const LARGE: usize = 256 * 1024;

/// Small requests, as fast as answers come.
pub(super) const fn load(connections: usize, lasts: Duration) -> Load {
    Load {
        wish: Wish::Whole(Duration::ZERO),
        body_bytes: SMALL,
        connections,
        lasts,
        requests: None,
        rate: None,
    }
}

/// A body of 2 KiB.
pub(super) fn small(bench: &mut Bench, connections: usize) -> Result<()> {
    let name = format!("JSON 2 KiB, {}", many(connections));
    let load = load(connections, bench.effort.lasts());
    let samples = measure(bench, &name, &load, 1.5)?;
    let (Some(ours), Some(nginx)) = (samples.of(Way::Portunus), samples.of(Way::Nginx)) else {
        return Ok(());
    };
    let figures = &mut bench.figures;
    if connections == 32 {
        let ratio = ours.per_second / nginx.per_second;
        let what = format!("{name}: requests/s to nginx");
        figures.judge(what, ratio, Limit::AtLeast(0.7), "x");
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
    Ok(())
}

/// A body of 256 KiB.
pub(super) fn large(bench: &mut Bench, connections: usize) -> Result<()> {
    let name = format!("JSON 256 KiB, {}", many(connections));
    let load = Load {
        body_bytes: LARGE,
        ..load(connections, bench.effort.lasts())
    };
    measure(bench, &name, &load, 1.3)?;
    Ok(())
}

fn measure(bench: &mut Bench, name: &str, load: &Load, cpu: f64) -> Result<Samples> {
    let rounds = bench.effort.rounds();
    let samples = compare(&bench.stage, &bench.stage.ways(), load, rounds)?;
    if let (Some(ours), Some(nginx)) = (samples.of(Way::Portunus), samples.of(Way::Nginx)) {
        let ratio = ours.cpu_us / nginx.cpu_us;
        let what = format!("{name}: CPU to nginx");
        bench.figures.judge(what, ratio, Limit::AtMost(cpu), "x");
    }
    bench.figures.load(name, samples.clone());
    Ok(samples)
}

/// `1 connection`, `32 connections`.
pub(super) fn many(connections: usize) -> String {
    let plural = if connections == 1 { "" } else { "s" };
    format!("{connections} connection{plural}")
}
