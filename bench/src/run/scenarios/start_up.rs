//! From exec to the first answer with a fleet stored: the plane is stopped and started again.

use super::json;
use crate::load::{Ask, request};
use crate::run::Bench;
use crate::run::child::Child;
use crate::run::figures::Limit;
use crate::run::measure::middle;
use crate::run::place::{free_port, wait_for};
use crate::run::plane::serve;
use anyhow::{Context, Result};
use std::fs;
use std::time::{Duration, Instant};

const STARTS: usize = 5;

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let binary = bench.binary.clone();
    let agents = bench.fleet_size();
    bench.with_fleet(|bench, fleet| {
        fleet.plane.child.stop();
        let home = fleet
            .tokens
            .parent()
            .context("the fleet has no home")?
            .to_path_buf();
        let tokens = fs::read_to_string(&fleet.tokens)?;
        let token = tokens.lines().last().context("the fleet has no token")?;
        let mut took = Vec::new();
        for _ in 0..STARTS {
            let address = free_port()?;
            let load = json::load(1, Duration::ZERO);
            let ask = Ask {
                wish: load.wish,
                body_bytes: load.body_bytes,
            };
            let first = request(address, &ask, token)?;
            let start = Instant::now();
            let mut child = Child::start("portunus", &mut serve(&binary, &home, address))?;
            wait_for(&mut child, address, &first)?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
            child.stop();
        }
        let slowest = took.iter().copied().fold(0.0, f64::max);
        let what = format!("first answer after exec, {agents} agents stored");
        bench
            .figures
            .judge(what, middle(took), Limit::AtMost(100.0), "ms");
        bench
            .figures
            .single(format!("the slowest of {STARTS} starts"), slowest, "ms");
        Ok(())
    })
}
