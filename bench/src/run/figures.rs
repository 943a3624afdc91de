//! What was measured, and the bars that it is judged by.

use super::measure::{Sample, Samples};
use serde::Serialize;

/// Everything that a run found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figures {
    /// What was measured on which machine.
    pub(super) about: Vec<(String, String)>,
    /// Loads by every way.
    pub(super) loads: Vec<Measured>,
    /// Figures that stand by themselves.
    pub(super) single: Vec<Single>,
    /// The bars.
    pub(super) bars: Vec<Bar>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
}

/// One load by every way.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    /// Such as `JSON 2 KiB, 32 connections`.
    pub(super) name: String,
    /// By way.
    pub(super) samples: Vec<Sample>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Single {
    /// What it is.
    pub(super) name: String,
    /// How much.
    pub(super) value: f64,
    /// Of what.
    pub(super) unit: &'static str,
}

/// One bar and what was measured against it.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    /// What is judged.
    pub(super) name: String,
    /// What was measured.
    pub(super) value: f64,
    /// What is allowed.
    pub(super) limit: Limit,
    /// The unit of both; `x` for a ratio.
    pub(super) unit: &'static str,
    /// Whether the bar is met.
    pub(super) met: bool,
}

/// On which side of the bar it is good.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    /// Not more.
    AtMost(f64),
    /// Not less.
    AtLeast(f64),
}

impl Figures {
    pub(super) fn load(&mut self, name: &str, samples: Samples) {
        self.loads.push(Measured {
            name: name.to_owned(),
            samples: samples.0,
        });
    }

    pub(super) fn single(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.single.push(Single {
            name: name.into(),
            value,
            unit,
        });
    }

    /// Judges a value.
    pub(super) fn judge(
        &mut self,
        name: impl Into<String>,
        value: f64,
        limit: Limit,
        unit: &'static str,
    ) {
        let met = match limit {
            Limit::AtMost(most) => value <= most,
            Limit::AtLeast(least) => value >= least,
        };
        self.bars.push(Bar {
            name: name.into(),
            value,
            limit,
            unit,
            met,
        });
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Whether every bar that was measured is met.
    pub(super) fn all_met(&self) -> bool {
        self.bars.iter().all(|bar| bar.met)
    }
}
