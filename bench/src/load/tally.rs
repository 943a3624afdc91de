//! Counts answers and what went wrong, and makes the report.

use super::connection::Answer;
use crate::histogram::{Histogram, Quantiles};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What one run of the load generator saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Answers with status 200.
    pub(crate) served: u64,
    /// Answers with another status.
    pub(crate) refused: u64,
    /// Requests without a whole answer.
    pub(crate) failed: u64,
    /// Heartbeats that were sent once more, because their connection was closed.
    pub(crate) repeated: u64,
    /// How long it took in all.
    pub(crate) seconds: f64,
    /// From the request to the first bytes of the answer; only of those served.
    pub(crate) first_byte: Quantiles,
    /// From the request to the end of the answer; only of those served.
    pub(crate) whole: Quantiles,
    /// Length of an answer's body on average.
    pub(crate) body_bytes: u64,
    /// The first thing that went wrong, in words.
    pub(crate) trouble: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    served: u64,
    refused: u64,
    failed: u64,
    repeated: u64,
    body_bytes: u64,
    first_byte: Histogram,
    whole: Histogram,
    trouble: Option<String>,
}

impl Tally {
    pub(super) fn answered(&mut self, answer: &Answer) {
        if answer.status == 200 {
            self.served += 1;
            self.body_bytes += answer.body_bytes;
            self.first_byte.record(answer.first_byte);
            self.whole.record(answer.whole);
        } else {
            self.refused += 1;
            let status = answer.status;
            self.trouble
                .get_or_insert_with(|| format!("status {status}"));
        }
    }

    /// Keeps the first thing that went wrong.
    pub(super) fn failed(&mut self, error: &anyhow::Error) {
        self.failed += 1;
        self.trouble.get_or_insert_with(|| format!("{error:#}"));
    }

    pub(super) fn repeated(&mut self) {
        self.repeated += 1;
    }

    /// Requests that were still under way at the end.
    pub(super) fn unanswered(&mut self, count: usize) {
        if count > 0 {
            self.failed += count as u64;
            self.trouble
                .get_or_insert_with(|| format!("{count} answers did not come to their end"));
        }
    }

    pub(super) fn report(self, took: Duration) -> Report {
        Report {
            served: self.served,
            refused: self.refused,
            failed: self.failed,
            repeated: self.repeated,
            seconds: took.as_secs_f64(),
            first_byte: self.first_byte.quantiles(),
            whole: self.whole.quantiles(),
            body_bytes: self.body_bytes.checked_div(self.served).unwrap_or(0),
            trouble: self.trouble,
        }
    }
}
