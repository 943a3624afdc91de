//! How much memory a plane holds: idle, after work, and for each open stream.

use super::json;
use crate::run::child::Child;
use crate::run::figures::Limit;
use crate::run::stage::{Load, ORDINARY, Served, generator};
use crate::run::{Bench, Effort};
use crate::upstream::Wish;
use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::thread;
use std::time::Duration;

const STREAMS: usize = 10_000;
/// Connections that are no streams: files, listeners, the plane's own.
const SPARE: usize = 200;
/// How long an idle plane is left alone before it is looked at.
const CALM: Duration = Duration::from_secs(2);

/// A plane of its own, so that what was done before does not count.
pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let home = bench.stage.folder.path().join("memory");
    let served = Served::set(&bench.binary, &home, bench.stage.upstream, ORDINARY)?;
    thread::sleep(CALM);
    let idle = resident_mib(&served)?;
    bench
        .figures
        .judge("memory, idle", idle, Limit::AtMost(20.0), "MiB");
    streams(bench, &served)?;
    let lasts = bench.effort.lasts();
    bench.stage.load_plane(&served, &json::load(256, lasts))?;
    bench.figures.single(
        "memory after 256 connections of 2 KiB",
        resident_mib(&served)?,
        "MiB",
    );
    let large = Load {
        body_bytes: 256 * 1024,
        ..json::load(256, lasts)
    };
    bench.stage.load_plane(&served, &large)?;
    bench.figures.single(
        "memory after 256 connections of 256 KiB",
        resident_mib(&served)?,
        "MiB",
    );
    Ok(())
}

fn streams(bench: &mut Bench, served: &Served) -> Result<()> {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = usize::try_from(files)
        .unwrap_or(usize::MAX)
        .saturating_sub(SPARE)
        / 2;
    let wanted = if bench.effort == Effort::Smoke {
        100
    } else {
        STREAMS
    };
    let count = wanted.min(most);
    if count < wanted {
        bench.figures.note(format!(
            "this user may open {files} files: {count} streams were held instead of {wanted}"
        ));
    }
    let before = served.plane.child.resident_kib()?;
    let load = Load {
        wish: Wish::Held,
        connections: count,
        lasts: Duration::from_secs(60),
        ..json::load(count, Duration::ZERO)
    };
    let mut command = generator("hold", served.plane.address, &served.tokens, &load)?;
    let mut holder = Child::start("the holder of streams", &mut command)?;
    let held: Value =
        serde_json::from_str(&holder.line()?).context("the holder printed no report")?;
    thread::sleep(CALM / 2);
    let after = served.plane.child.resident_kib()?;
    holder.finish()?;
    let took = held
        .get("seconds")
        .and_then(Value::as_f64)
        .unwrap_or_default();
    let each = kib(after.saturating_sub(before)) / kib(u64::try_from(count)?);
    let figures = &mut bench.figures;
    figures.single(format!("{count} streams opened in"), took, "s");
    figures.judge(
        format!("memory of each of {count} open streams"),
        each,
        Limit::AtMost(32.0),
        "KiB",
    );
    Ok(())
}

fn resident_mib(served: &Served) -> Result<f64> {
    Ok(kib(served.plane.child.resident_kib()?) / 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^52 KiB")]
fn kib(count: u64) -> f64 {
    count as f64
}
