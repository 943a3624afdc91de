//! Single steps of the hot path, in a process of their own.

use crate::micro::Step;
use crate::run::child::Child;
use crate::run::figures::Limit;
use crate::run::stage::this_program;
use crate::run::{Bench, Effort};
use anyhow::{Context, Result};

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let (batches, agents, most) = match bench.effort {
        Effort::Smoke => ("1", "20", "40"),
        Effort::Quick => ("20", "10000", "50000"),
        Effort::Full => ("50", "10000", "1000000"),
    };
    let mut command = this_program()?;
    command.args(["micro", "--batches", batches]);
    command.args(["--agents", agents, "--most", most]);
    let mut child = Child::start("the micro-benchmarks", &mut command)?;
    let line = child.line()?;
    child.finish()?;
    let steps: Vec<Step> =
        serde_json::from_str(&line).context("the micro-benchmarks printed no steps")?;
    for step in steps {
        let (figures, unit) = (&mut bench.figures, step.unit.as_str());
        match step.most {
            Some(most) => figures.judge(step.name, step.value, Limit::AtMost(most), unit),
            None => figures.single(step.name, step.value, unit),
        }
    }
    Ok(())
}
