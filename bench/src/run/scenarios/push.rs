//! Very many push connections: what each holds while it is quiet, and how long a message to everyone takes to reach them all.

use crate::push::{BOARD, Opened, Report};
use crate::run::child::Child;
use crate::run::figures::Limit;
use crate::run::stage::{ORDINARY, Served, Size, this_program};
use crate::run::{Bench, Effort};
use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use std::thread;
use std::time::Duration;

/// Files of the plane, and of the generator, that are no connections.
const SPARE: usize = 200;
/// How long connections are left alone before memory is looked at.
const CALM: Duration = Duration::from_secs(2);
const OPEN: &str = "portunus_push_connections_open";

/// A plane of its own, so that only these agents and connections count.
pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let (wanted, rounds) = match bench.effort {
        Effort::Smoke => (50, 2),
        Effort::Quick => (500, 8),
        Effort::Full => (10_000, 20),
    };
    let count = wanted.min(most_connections());
    if count < wanted {
        bench.figures.note(format!(
            "{count} push connections were open instead of {wanted}: this user may open no more files"
        ));
    }
    let size = Size {
        agents: count + 1,
        ..ORDINARY
    };
    let home = bench.fleet_folder.path().join("push");
    let served = Served::seeded(&bench.binary, &home, bench.stage.upstream, size)?;
    served.plane.command(&["boards", "create", BOARD], "")?;
    thread::sleep(CALM);
    let before = served.plane.child.resident_kib()?;
    let mut listeners = listen(&served, count, rounds)?;
    let opened: Opened = read(&listeners.line()?)?;
    thread::sleep(CALM);
    let quiet = served.plane.child.resident_kib()?;
    listeners.tell("go")?;
    let report: Report = read(&listeners.line()?)?;
    listeners.finish()?;
    let left = until_none_is_open(&served)?;
    let after = served.plane.child.resident_kib()?;
    let each = kib(quiet.saturating_sub(before)) / kib(u64::try_from(count)?);
    tell(bench, count, each, &report);
    let figures = &mut bench.figures;
    let mut single = |what: &str, value, unit| {
        figures.single(format!("{count} push connections: {what}"), value, unit);
    };
    single("opened in", opened.seconds, "s");
    single("gone after their clients had left", left.as_secs_f64(), "s");
    single("memory before", kib(before) / 1024.0, "MiB");
    single("memory after they were gone", kib(after) / 1024.0, "MiB");
    Ok(())
}

fn tell(bench: &mut Bench, count: usize, each: f64, report: &Report) {
    let figures = &mut bench.figures;
    let name = format!("{count} push connections");
    let mut judge = |what: &str, value, most, unit| {
        figures.judge(format!("{name}: {what}"), value, Limit::AtMost(most), unit);
    };
    judge("memory of each while quiet", each, 16.0, "KiB");
    judge(
        "a message to everyone arrives, p99",
        report.arrived.p99_us / 1000.0,
        250.0,
        "ms",
    );
    let mut single = |what: &str, micros: f64| {
        figures.single(format!("{name}: {what}"), micros / 1000.0, "ms");
    };
    single("a message to everyone arrives, p50", report.arrived.p50_us);
    single(
        "a message to everyone arrives, the last",
        report.arrived.max_us,
    );
    single("its writing is answered, p50", report.written.p50_us);
    single("its writing is answered, the last", report.written.max_us);
    single("all have acknowledged it, p50", report.read.p50_us);
}

fn listen(served: &Served, connections: usize, rounds: usize) -> Result<Child> {
    let mut command = this_program()?;
    command
        .arg("push")
        .args(["--target", &served.plane.address.to_string()])
        .arg("--tokens")
        .arg(&served.tokens)
        .args(["--connections", &connections.to_string()])
        .args(["--rounds", &rounds.to_string()]);
    Child::start("the push connections", &mut command)
}

fn read<T: serde::de::DeserializeOwned>(line: &str) -> Result<T> {
    serde_json::from_str(line).context("the push connections told something else")
}

/// How long it takes until the plane knows that all have gone.
fn until_none_is_open(served: &Served) -> Result<Duration> {
    let start = std::time::Instant::now();
    while served.plane.series(OPEN)? > 0.0 {
        if start.elapsed() > Duration::from_secs(60) {
            anyhow::bail!("connections are open whose clients have gone");
        }
        thread::sleep(Duration::from_millis(20));
    }
    let left = start.elapsed();
    thread::sleep(CALM);
    Ok(left)
}

/// Each connection is a file of the plane, and one of the generator.
fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files)
        .unwrap_or(usize::MAX)
        .saturating_sub(SPARE)
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^52 KiB")]
fn kib(count: u64) -> f64 {
    count as f64
}
