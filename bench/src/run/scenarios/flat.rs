//! Whether a request costs the same in a large fleet and with many keys: the ordinary plane and a large one by turns.

use super::json;
use crate::run::Bench;
use crate::run::Effort;
use crate::run::figures::Limit;
use crate::run::measure::{Samples, median, sample};
use crate::run::stage::{ORDINARY, Served, Size};
use anyhow::Result;

const CONNECTIONS: usize = 32;

/// From 2 to 1,000 keys.
pub(super) fn keys(bench: &mut Bench) -> Result<()> {
    let size = Size {
        keys: if bench.effort == Effort::Smoke {
            20
        } else {
            1000
        },
        ..ORDINARY
    };
    let home = bench.stage.folder.path().join("many-keys");
    let large = Served::set(&bench.binary, &home, bench.stage.upstream, size)?;
    compare(bench, &large, &format!("{} keys", size.keys))
}

/// From 10 to 100,000 agents, each of which asks in turn.
pub(super) fn agents(bench: &mut Bench) -> Result<()> {
    let name = format!("{} agents", bench.fleet_size());
    bench.with_fleet(|bench, fleet| compare(bench, fleet, &name))
}

fn compare(bench: &mut Bench, large: &Served, name: &str) -> Result<()> {
    let load = json::load(CONNECTIONS, bench.effort.lasts());
    let (mut ordinary, mut many) = (Vec::new(), Vec::new());
    for _ in 0..bench.effort.rounds() {
        for (served, seen) in [(&bench.stage.served, &mut ordinary), (large, &mut many)] {
            let (report, cpu) = bench.stage.load_plane(served, &load)?;
            seen.push(sample("portunus", &report, cpu)?);
        }
    }
    if let (Some(ordinary), Some(many)) = (median(&ordinary), median(&many)) {
        let ratio = many.cpu_us / ordinary.cpu_us;
        let what = format!("{name}: CPU to the ordinary plane's");
        bench.figures.judge(what, ratio, Limit::AtMost(1.15), "x");
        let ordinary = Samples(vec![ordinary]);
        bench
            .figures
            .load("JSON 2 KiB, 32 connections, 10 agents, 2 keys", ordinary);
        let large = format!("JSON 2 KiB, 32 connections, {name}");
        bench.figures.load(&large, Samples(vec![many]));
    }
    Ok(())
}
