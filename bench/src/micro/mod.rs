//! `portunus-bench micro`: single steps of the hot path, called in this process, in nanoseconds; and what the limiter
//! takes of memory.
//!
//! [`plant`] builds a plane in this process; [`plane`] times what it does for a request, [`limiter`]
//! what quotas cost, [`liveness`] what heartbeats do, [`reading`] what is read of
//! requests and answers. A step is repeated in batches, and the fastest batch counts: whatever made the others slower
//! was not the step. [`entrance`] times what is judged by its median, call by call.

mod entrance;
mod limiter;
mod liveness;
mod plane;
mod plant;
mod reading;

use anyhow::{Context, Result};
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
    /// The most that is allowed, where that is judged.
    pub(crate) most: Option<f64>,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Time.
    Nanoseconds,
    /// Memory.
    Bytes,
    /// How many times as much.
    Times,
}

impl Unit {
    /// As tables show it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::Times => "x",
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
        let name = name.into();
        eprintln!("timing: {name}");
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
            name,
            value: fastest.as_secs_f64() * 1e9 / f64::from(batch),
            unit: Unit::Nanoseconds,
            most: None,
        });
    }

    /// A figure that was found otherwise.
    fn add(&mut self, name: impl Into<String>, value: f64, unit: Unit) {
        self.steps.push(Step {
            name: name.into(),
            value,
            unit,
            most: None,
        });
    }

    /// A figure that is judged.
    fn judge(&mut self, name: impl Into<String>, value: f64, unit: Unit, most: f64) {
        self.steps.push(Step {
            name: name.into(),
            value,
            unit,
            most: Some(most),
        });
    }
}

/// What this process has in memory, as Linux counts it.
fn resident_bytes() -> Result<u64> {
    let counts = std::fs::read_to_string("/proc/self/statm")?;
    let pages = counts
        .split(' ')
        .nth(1)
        .context("statm has no second field")?;
    let page_bytes = u64::try_from(rustix::param::page_size())?;
    Ok(pages.parse::<u64>()? * page_bytes)
}

/// A share of memory.
fn each(bytes: u64, count: usize) -> Result<f64> {
    let kilobytes = f64::from(u32::try_from(bytes / 1024)?);
    Ok(kilobytes * 1024.0 / f64::from(u32::try_from(count)?))
}

/// Times every step, in so many `batches` of 4 ms each; `agents` is how many a large fleet has, `most` how many the largest.
pub(crate) fn run(batches: u32, agents: usize, most: usize) -> Result<Vec<Step>> {
    let mut clockwork = Clockwork {
        batches,
        steps: Vec::new(),
    };
    // Memory that an earlier step gave back would not be seen to grow again: the smaller of the two comes first.
    liveness::time(&mut clockwork)?;
    limiter::time(&mut clockwork)?;
    entrance::time(&mut clockwork, [10, agents, most])?;
    plane::time(&mut clockwork, agents)?;
    reading::time(&mut clockwork)?;
    Ok(clockwork.steps)
}
