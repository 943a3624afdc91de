//! Single steps of the hot path, in a process of their own.

use crate::micro::Step;
use crate::run::child::Child;
use crate::run::stage::this_program;
use crate::run::{Bench, Effort};
use anyhow::{Context, Result};

pub(super) fn play(bench: &mut Bench) -> Result<()> {
    let (batches, agents) = match bench.effort {
        Effort::Smoke => ("1", "20"),
        Effort::Quick => ("20", "10000"),
        Effort::Full => ("50", "10000"),
    };
    let mut command = this_program()?;
    command.args(["micro", "--batches", batches, "--agents", agents]);
    let mut child = Child::start("the micro-benchmarks", &mut command)?;
    let line = child.line()?;
    child.finish()?;
    let steps: Vec<Step> =
        serde_json::from_str(&line).context("the micro-benchmarks printed no steps")?;
    for step in steps {
        let unit = step.unit.as_str();
        bench.figures.single(step.name, step.value, unit);
    }
    Ok(())
}
