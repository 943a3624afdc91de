//! What a loud neighbour costs: one agent keeps to its share, alone and then beside somebody who does not. Nobody's
//! requests but the loud one's may be refused, or the measurement fails.

use super::json;
use crate::run::Bench;
use crate::run::child::Child;
use crate::run::figures::Limit;
use crate::run::measure::{Sample, Samples, median, sample};
use crate::run::stage::{Load, ORDINARY, Served, Size, generator};
use anyhow::{Context, Result};
use portunus_core::token::{Pepper, TokenKind};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What one agent may ask in a second.
const SHARE: u32 = 100;
const CONNECTIONS: usize = 8;
/// Made-up tokens that take turns.
const MADE_UP: usize = 1_000;
/// How much longer than the measurement the neighbour is loud, so that it is so all the time.
const LONGER: Duration = Duration::from_millis(500);

/// Who stands beside whom, in requests a second, and how many times as long the modest one may then wait.
struct Pair {
    who: &'static str,
    modest: f64,
    loud: f64,
    most: f64,
    /// How many times as many rounds it takes: a 99th percentile of few requests is told by four of them.
    rounds: usize,
}

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let home = bench.stage.folder.path().join("neighbours");
    let limits = format!(
        "[limits]\nllm_per_minute = {}\nllm_burst = {}\n",
        SHARE * 60,
        SHARE * 2
    );
    let size = Size {
        agents: 2,
        ..ORDINARY
    };
    let upstream = bench.stage.upstream;
    let mut served = Served::configured(&bench.binary, &home, upstream, size, &limits)?;
    let tokens = fs::read_to_string(&served.tokens)?;
    let (modest, greedy) = tokens.split_once('\n').context("two agents were wanted")?;
    served.tokens = written(&home, "modest", modest)?;
    let greedy = written(&home, "greedy", greedy.trim())?;
    let pair = Pair {
        who: "an agent at 50 times its share",
        // A little below the share: at exactly the share, the generator's own clock would decide.
        modest: f64::from(SHARE) * 0.95,
        loud: f64::from(SHARE) * 50.0,
        most: 1.1,
        rounds: 4,
    };
    beside(bench, &served, &pair, &greedy)
}

/// An agent at work, and somebody at the same address who tries made-up tokens. No made-up kid may cost a read of the
/// database, and what the agent asks is answered to the last request, or the measurement fails.
pub(super) fn play_strangers(bench: &mut Bench) -> Result<()> {
    let home = bench.stage.folder.path().join("strangers");
    let size = Size {
        agents: 1,
        ..ORDINARY
    };
    let served = Served::set(&bench.binary, &home, bench.stage.upstream, size)?;
    let strangers = written(&home, "strangers", &made_up()?)?;
    let pair = Pair {
        who: "5,000 wrong tokens a second from the same address",
        modest: 1_000.0,
        loud: 5_000.0,
        most: 2.0,
        rounds: 1,
    };
    beside(bench, &served, &pair, &strangers)?;
    let reads = served.plane.series("portunus_token_reads_total")?;
    let what = "reads of the database for made-up tokens";
    bench.figures.judge(what, reads, Limit::AtMost(0.0), "");
    Ok(())
}

/// Tokens as long as real ones, of another plane: every one with a kid of its own.
fn made_up() -> Result<String> {
    let other = Pepper::new(1, &[1; 32]);
    let mut lines = String::new();
    for _ in 0..MADE_UP {
        let mut draw = [0; 44];
        getrandom::fill(&mut draw).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let minted = other.mint(TokenKind::Agent, &draw);
        lines.push_str(minted.text.expose());
        lines.push('\n');
    }
    Ok(lines)
}

fn written(home: &Path, name: &str, token: &str) -> Result<PathBuf> {
    let path = home.join(name);
    fs::write(&path, token)?;
    Ok(path)
}

fn beside(bench: &mut Bench, served: &Served, pair: &Pair, loud: &Path) -> Result<()> {
    // Few requests a second need longer for a 99th percentile.
    let lasts = bench.effort.lasts() * 2;
    let modest = Load {
        rate: Some(pair.modest),
        ..json::load(CONNECTIONS, lasts)
    };
    let noise = Load {
        rate: Some(pair.loud),
        ..json::load(CONNECTIONS, lasts + LONGER * 2)
    };
    let (mut alone, mut accompanied) = (Vec::new(), Vec::new());
    for _ in 0..bench.effort.rounds() * pair.rounds {
        alone.push(ask(bench, served, &modest)?);
        let address = served.plane.address;
        let mut command = generator("load", address, loud, &noise)?;
        let mut neighbour = Child::start("the loud neighbour", &mut command)?;
        std::thread::sleep(LONGER);
        accompanied.push(ask(bench, served, &modest)?);
        neighbour.line()?;
        neighbour.finish()?;
    }
    if let (Some(alone), Some(accompanied)) = (median(&alone), median(&accompanied)) {
        let ratio = accompanied.p99_us / alone.p99_us;
        let who = pair.who;
        let what = format!("beside {who}: p99 to that alone");
        bench
            .figures
            .judge(what, ratio, Limit::AtMost(pair.most), "x");
        let name = |how: &str| format!("JSON 2 KiB, {:.0} a second, {how}", pair.modest);
        let figures = &mut bench.figures;
        figures.load(&name(&format!("before {who} came")), Samples(vec![alone]));
        figures.load(&name(&format!("beside {who}")), Samples(vec![accompanied]));
    }
    Ok(())
}

/// One round of the agent that keeps to its share; a refusal is an error.
fn ask(bench: &Bench, served: &Served, load: &Load) -> Result<Sample> {
    let (report, cpu) = bench.stage.load_plane(served, load)?;
    sample("portunus", &report, cpu)
}
