//! Whether everything that was sent is on the books: usage, decisions, and nothing lost on the way.

use crate::run::Bench;
use crate::run::figures::Limit;
use anyhow::{Context, Result};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// The last answers are settled after their clients have them.
const SETTLED: Duration = Duration::from_millis(500);

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    thread::sleep(SETTLED);
    let sent = bench.stage.served.sent();
    let plane = &bench.stage.served.plane;
    let usage = plane.command(&["usage"], "")?;
    let status = plane.command(&["status"], "")?;
    let counted = count(&usage, "/total/requests")?;
    let estimated = count(&usage, "/total/estimated")? + count(&usage, "/total/unpriced")?;
    let failed = count(&usage, "/total/failed")?;
    let recorded = count(&status, "/decisions/recorded")?;
    let lost = count(&status, "/decisions/lost")? + count(&status, "/decisions/usage_lost")?;
    let figures = &mut bench.figures;
    figures.single("requests sent to the ordinary plane", number(sent), "");
    for (what, value) in [
        ("requests missing in usage", sent.abs_diff(counted)),
        ("requests without usage or price", estimated),
        ("requests that failed, by usage", failed),
        ("requests missing in decisions", sent.abs_diff(recorded)),
        ("decisions and usage lost", lost),
    ] {
        figures.judge(what, number(value), Limit::AtMost(0.0), "");
    }
    Ok(())
}

fn count(answer: &Value, pointer: &str) -> Result<u64> {
    answer
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("no {pointer} in what the plane says"))
}

#[expect(clippy::cast_precision_loss, reason = "no run sends 2^52 requests")]
fn number(count: u64) -> f64 {
    count as f64
}
