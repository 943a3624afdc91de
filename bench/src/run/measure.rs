//! Measures one kind of load on several ways by turns, and takes the median of the rounds.
//!
//! Cores are shared with whatever else runs on the machine. Turns of a few seconds make slow moments hit every way
//! alike, so that ratios hold although absolute figures move.

use super::stage::{Load, Stage, Way};
use crate::load::Report;
use anyhow::{Result, bail};
use serde::Serialize;
use std::time::Duration;

/// What one kind of load measured on one way, medians over the rounds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    /// Which way.
    pub(super) way: &'static str,
    /// Answers a second.
    pub(super) per_second: f64,
    /// Processor time of the proxy, in microseconds a request; which is milliseconds per 1,000 requests.
    pub(super) cpu_us: f64,
    /// Median time of an answer, in microseconds.
    pub(super) p50_us: f64,
    /// 99th percentile of it.
    pub(super) p99_us: f64,
    /// Median time to the first bytes of an answer, in microseconds.
    pub(super) first_p50_us: f64,
    /// 99th percentile of it.
    pub(super) first_p99_us: f64,
}

/// The samples of every way, in the order of the ways.
#[derive(Clone, Debug)]
pub(super) struct Samples(pub(super) Vec<Sample>);

impl Samples {
    /// The sample of one way, if it was measured.
    pub(super) fn of(&self, way: Way) -> Option<&Sample> {
        self.0.iter().find(|sample| sample.way == way.name())
    }
}

/// Runs `rounds` rounds over the ways.
pub(super) fn compare(stage: &Stage, ways: &[Way], load: &Load, rounds: usize) -> Result<Samples> {
    let mut seen: Vec<Vec<Sample>> = vec![Vec::new(); ways.len()];
    for _ in 0..rounds {
        for (way, seen) in ways.iter().zip(&mut seen) {
            let (report, cpu) = stage.load(*way, load)?;
            seen.push(sample(way.name(), &report, cpu)?);
        }
    }
    Ok(Samples(
        seen.iter().filter_map(|rounds| median(rounds)).collect(),
    ))
}

/// One round's figures. Anything but served requests is a failure of the measurement.
pub(super) fn sample(way: &'static str, report: &Report, cpu: Duration) -> Result<Sample> {
    if report.refused + report.failed > 0 || report.served == 0 {
        bail!(
            "{way}: {} served, {} refused, {} failed: {}",
            report.served,
            report.refused,
            report.failed,
            report.trouble.as_deref().unwrap_or("no reason known")
        );
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests are far below 2^52"
    )]
    let served = report.served as f64;
    Ok(Sample {
        way,
        per_second: served / report.seconds,
        cpu_us: cpu.as_secs_f64() * 1e6 / served,
        p50_us: report.whole.p50_us,
        p99_us: report.whole.p99_us,
        first_p50_us: report.first_byte.p50_us,
        first_p99_us: report.first_byte.p99_us,
    })
}

/// The median of each figure by itself.
pub(super) fn median(rounds: &[Sample]) -> Option<Sample> {
    let of = |figure: fn(&Sample) -> f64| middle(rounds.iter().map(figure).collect());
    Some(Sample {
        way: rounds.first()?.way,
        per_second: of(|s| s.per_second),
        cpu_us: of(|s| s.cpu_us),
        p50_us: of(|s| s.p50_us),
        p99_us: of(|s| s.p99_us),
        first_p50_us: of(|s| s.first_p50_us),
        first_p99_us: of(|s| s.first_p99_us),
    })
}

/// The middle value; the mean of the two in the middle when their number is even, zero of none.
pub(super) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (
        values.len() % 2,
        values.get(half),
        values.get(half.wrapping_sub(1)),
    ) {
        (1, Some(value), _) => *value,
        (0, Some(upper), Some(lower)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_few_values() {
        assert!((middle(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((middle(vec![4.0, 1.0]) - 2.5).abs() < f64::EPSILON);
        assert!(middle(vec![]).abs() < f64::EPSILON);
    }

    #[test]
    fn a_refused_request_fails_the_measurement() {
        let report = Report {
            served: 10,
            refused: 1,
            trouble: Some("status 503".to_owned()),
            ..Report::default()
        };
        let error = sample("portunus", &report, Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(error.contains("status 503"), "{error}");
    }
}
