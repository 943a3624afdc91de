//! A fleet at a cadence of ten seconds: what its heartbeats cost while all goes well, and how it comes back after a restart.
//!
//! Each agent beats once in ten seconds with its own token; fewer connections than agents carry the beats, because no
//! machine of this size has a hundred thousand sockets for both ends.

use super::json;
use crate::run::figures::Limit;
use crate::run::plane::Plane;
use crate::run::stage::{Load, Served};
use crate::run::{Bench, Effort};
use crate::upstream::Wish;
use anyhow::{Context, Result, bail};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 1_000;
/// How long a fleet may take to be online again.
const RETURN: Duration = Duration::from_secs(60);
/// How often it is looked who is.
const LOOK: Duration = Duration::from_millis(200);
const WRITES: &str = "portunus_store_writes_total";

/// What heartbeats cost.
pub(super) fn play(bench: &mut Bench) -> Result<()> {
    bench.with_fleet(|bench, fleet| {
        let turn = turn(bench);
        // Everybody promises its cadence, which is saved; from then on nothing new is said.
        beat(bench, fleet, turn)?;
        let lasts = match bench.effort {
            Effort::Full => turn * 3,
            Effort::Smoke | Effort::Quick => turn,
        };
        let before = fleet.plane.series(WRITES)?;
        let (report, cpu) = bench.stage.load_plane(fleet, &load(bench, lasts))?;
        let writes = fleet.plane.series(WRITES)? - before;
        let unheard = usize::try_from(report.refused + report.failed)?;
        all_heard(unheard, report.trouble.as_deref())?;
        let resident = mib(fleet.plane.child.resident_kib()?);
        let (agents, rate) = (bench.fleet_size(), rate(bench));
        let name = format!("{agents} agents, {rate:.0} heartbeats/s");
        let figures = &mut bench.figures;
        let mut judge = |what: &str, value: f64, most: f64, unit| {
            figures.judge(format!("{name}: {what}"), value, Limit::AtMost(most), unit);
        };
        judge("processors", cpu.as_secs_f64() / report.seconds, 1.0, "");
        judge("memory", resident, 1024.0, "MiB");
        judge("transactions to write/s", writes / report.seconds, 50.0, "");
        figures.single(format!("{name}: answer, p99"), report.whole.p99_us, "µs");
        let repeated = f64::from(u32::try_from(report.repeated)?);
        figures.single(format!("{name}: sent once more over a new connection"), repeated, "");
        figures.note(format!(
            "heartbeats of {agents} agents came over {CONNECTIONS} sockets, each with the token of the next agent"
        ));
        Ok(())
    })
}

/// A restart: how long until 99 % are heard of and online again, and whether anybody is shown offline meanwhile.
pub(super) fn come_back(bench: &mut Bench) -> Result<()> {
    let binary = bench.binary.clone();
    bench.with_fleet(|bench, fleet| {
        let (agents, turn) = (bench.fleet_size(), turn(bench));
        beat(bench, fleet, turn)?;
        let home = fleet.tokens.parent().context("the fleet has no home")?;
        fleet.plane.child.stop();
        let began = Instant::now();
        fleet.plane = Plane::start(&binary, home)?;
        // Longer than the threshold of one and a half cadences: whoever was taken for silent would be offline by then.
        let lasts = turn * 5 / 2;
        let seen = thread::scope(|scope| {
            let plane = &fleet.plane;
            let watching = scope.spawn(move || watch(plane, agents, began, lasts));
            let unheard = unheard(bench, fleet, lasts)?;
            let seen = watching.join();
            let seen = seen.unwrap_or_else(|_| bail!("looking at the fleet ended in a panic"))?;
            anyhow::Ok((seen, unheard))
        });
        let (seen, (unheard, why)) = seen?;
        let figures = &mut bench.figures;
        let name = format!("{agents} agents return after a restart");
        let took = seen.returned_after.unwrap_or(f64::INFINITY);
        let limit = Limit::AtMost(RETURN.as_secs_f64());
        figures.judge(format!("{name}: 99 % online after"), took, limit, "s");
        let none = Limit::AtMost(0.0);
        figures.judge(
            format!("{name}: shown offline at most"),
            seen.most_offline,
            none,
            "",
        );
        figures.single(
            format!("{name}: heartbeats without an answer"),
            number(unheard),
            "",
        );
        if let Some(why) = why.filter(|_| unheard > 0) {
            figures.note(format!(
                "{unheard} heartbeats of the fleet that returned had no answer: {why}"
            ));
        }
        figures.note(format!(
            "the fleet that returned came over {CONNECTIONS} sockets"
        ));
        Ok(())
    })
}

/// What was seen of a fleet that comes back.
#[derive(Debug, Default)]
struct Seen {
    /// After how many seconds 99 % had been heard of and were online.
    returned_after: Option<f64>,
    /// How many were offline at a time at most.
    most_offline: f64,
}

fn watch(plane: &Plane, agents: usize, began: Instant, lasts: Duration) -> Result<Seen> {
    let (start, most) = (Instant::now(), 0.99 * number(agents));
    let mut seen = Seen::default();
    while start.elapsed() < lasts {
        let of = |status: &str| plane.series(&format!("portunus_agents{{status=\"{status}\"}}"));
        seen.most_offline = seen.most_offline.max(of("offline")?);
        // Agents beat in turn, so that so many heartbeats are as many agents.
        let heard = plane.series("portunus_heartbeats_total")?;
        if seen.returned_after.is_none() && heard >= most && of("online")? >= most {
            seen.returned_after = Some(began.elapsed().as_secs_f64());
        }
        thread::sleep(LOOK);
    }
    Ok(seen)
}

/// The time in which every agent beats once: its cadence, but where nothing is measured.
fn turn(bench: &Bench) -> Duration {
    Duration::from_millis(match bench.effort {
        Effort::Smoke => 500,
        Effort::Quick | Effort::Full => 10_000,
    })
}

fn rate(bench: &Bench) -> f64 {
    number(bench.fleet_size()) / turn(bench).as_secs_f64()
}

/// Every agent beats at its time, for so long.
fn beat(bench: &Bench, fleet: &Served, lasts: Duration) -> Result<()> {
    let (unheard, why) = unheard(bench, fleet, lasts)?;
    all_heard(unheard, why.as_deref())
}

/// The same, and how many heartbeats had no answer, with a reason of one of them.
fn unheard(bench: &Bench, fleet: &Served, lasts: Duration) -> Result<(usize, Option<String>)> {
    let (report, _) = bench.stage.load_plane(fleet, &load(bench, lasts))?;
    let unheard = usize::try_from(report.refused + report.failed)?;
    Ok((unheard, report.trouble))
}

fn load(bench: &Bench, lasts: Duration) -> Load {
    Load {
        wish: Wish::Beat,
        rate: Some(rate(bench)),
        ..json::load(CONNECTIONS.min(bench.fleet_size()), lasts)
    }
}

fn all_heard(unheard: usize, trouble: Option<&str>) -> Result<()> {
    if unheard > 0 {
        let why = trouble.unwrap_or("no reason known");
        bail!("{unheard} heartbeats were not answered: {why}");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "no fleet has 2^52 agents")]
fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
