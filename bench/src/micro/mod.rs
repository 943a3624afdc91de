//! `portunus-bench micro`: single steps of the hot path, called in this process, in nanoseconds; and what the limiter
//! takes of memory.
//!
//! [`plant`] builds a plane in this process; [`plane`] times what it does for a request, [`limiter`]
//! what quotas cost, [`reading`] what is read of
//! requests and answers. A step is repeated in batches, and the fastest batch counts: whatever made the others slower
//! was not the step.

mod limiter;
mod plane;
mod plant;
mod reading;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one batch takes, roughly.
const BATCH: Duration = Duration::from_millis(4);

/// What was found of one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// What it is.
    pub(crate) name: String,
    /// How long it takes, or how much.
    pub(crate) value: f64,
    /// What that is in.
    pub(crate) unit: Unit,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Time.
    Nanoseconds,
    /// Memory.
    Bytes,
}

impl Unit {
    /// As tables show it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
        }
    }
}

/// Times one step after the other.
#[derive(Debug)]
struct Clockwork {
    batches: u32,
    steps: Vec<Step>,
}

impl Clockwork {
    /// Times `work`, which does the step once a call.
    fn time<T>(&mut self, name: impl Into<String>, mut work: impl FnMut() -> T) {
        let start = Instant::now();
        let mut warm = 0_u32;
        while start.elapsed() < BATCH {
            black_box(work());
            warm += 1;
        }
        let batch = warm.max(1);
        let fastest = (0..self.batches)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..batch {
                    black_box(work());
                }
                start.elapsed()
            })
            .min()
            .unwrap_or_default();
        self.steps.push(Step {
            name: name.into(),
            value: fastest.as_secs_f64() * 1e9 / f64::from(batch),
            unit: Unit::Nanoseconds,
        });
    }
}

/// Times every step, in so many `batches` of 4 ms each; `agents` is how many a large fleet has.
pub(crate) fn run(batches: u32, agents: usize) -> Result<Vec<Step>> {
    let mut clockwork = Clockwork {
        batches,
        steps: Vec::new(),
    };
    limiter::time(&mut clockwork)?;
    plane::time(&mut clockwork, agents)?;
    reading::time(&mut clockwork)?;
    Ok(clockwork.steps)
}
