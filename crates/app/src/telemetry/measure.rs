//! The two histograms that the GenAI conventions ask of a client: tokens used, and how long operations took.
//!
//! Sums are cumulative since the start. A model's name is an attribute only once an upstream has answered for it, and
//! only for the first [`MOST_MODELS`]: clients write names, and nobody may fill a collector with them.

use super::otlp::{Attributes, nanos, resource, scope};
use super::story::Story;
use portunus_core::decision::Outcome;
use portunus_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many models are told apart.
pub(super) const MOST_MODELS: usize = 200;

/// Stands for every other model.
const OTHER: &str = "_OTHER";

/// Bounds that the conventions advise for `gen_ai.client.token.usage`.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Bounds that the conventions advise for `gen_ai.client.operation.duration`, in seconds.
const DURATIONS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Whose sums these are: operation, provider, model, and token type or error.
type Row = (String, &'static str, String, &'static str);

/// Both histograms.
#[derive(Debug, Default)]
pub(super) struct Measures {
    models: BTreeSet<String>,
    tokens: BTreeMap<Row, Sums>,
    durations: BTreeMap<Row, Sums>,
}

/// One row of a histogram.
#[derive(Debug, Default)]
struct Sums {
    buckets: [u64; TOKENS.len() + 1],
    sum: f64,
}

impl Sums {
    fn add(&mut self, bounds: &[f64], value: f64) {
        let place = bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.sum += value;
    }
}

impl Measures {
    /// Whether nothing was measured yet.
    pub(super) fn is_empty(&self) -> bool {
        self.durations.is_empty()
    }

    /// Takes in one request.
    pub(super) fn add(&mut self, story: &Story) {
        let Some(provider) = story.provider() else {
            return;
        };
        let model = self.model(story);
        let row = |last| (story.operation().to_owned(), provider, model.clone(), last);
        let took = crate::metrics::seconds(story.total_us);
        let durations = self.durations.entry(row(story.error().unwrap_or_default()));
        durations.or_default().add(&DURATIONS, took);
        if let Some(usage) = &story.usage {
            let input = usage.total().saturating_sub(usage.output);
            for (kind, count) in [("input", input), ("output", usage.output)] {
                let tokens = self.tokens.entry(row(kind)).or_default();
                tokens.add(&TOKENS, crate::metrics::number(count));
            }
        }
    }

    fn model(&mut self, story: &Story) -> String {
        let Some(model) = story.model.as_deref() else {
            return OTHER.to_owned();
        };
        let is_known = self.models.contains(model);
        let is_real = story.outcome == Outcome::Served;
        if !is_known && is_real && self.models.len() < MOST_MODELS {
            self.models.insert(model.to_owned());
        }
        if self.models.contains(model) {
            model.to_owned()
        } else {
            OTHER.to_owned()
        }
    }

    /// Everything for `/v1/metrics`.
    pub(super) fn request(&self, since: Timestamp, now: Timestamp) -> Value {
        let times = (nanos(since.as_millis(), 0), nanos(now.as_millis(), 0));
        let tokens = metric(
            "gen_ai.client.token.usage",
            "{token}",
            &self.tokens,
            &TOKENS,
        );
        let durations = (&self.durations, &DURATIONS);
        let durations = metric(
            "gen_ai.client.operation.duration",
            "s",
            durations.0,
            durations.1,
        );
        let metrics = [
            tokens(&times, "gen_ai.token.type"),
            durations(&times, "error.type"),
        ];
        json!({ "resourceMetrics": [{
            "resource": resource(),
            "scopeMetrics": [{ "scope": scope(), "metrics": metrics }],
        }]})
    }
}

fn metric<'a>(
    name: &'a str,
    unit: &'a str,
    rows: &'a BTreeMap<Row, Sums>,
    bounds: &'a [f64],
) -> impl Fn(&(String, String), &str) -> Value + 'a {
    move |times, last_name| {
        let points: Vec<Value> = rows
            .iter()
            .map(|((operation, provider, model, last), sums)| {
                let attributes = Attributes::default()
                    .text("gen_ai.operation.name", operation)
                    .text("gen_ai.provider.name", provider)
                    .text("gen_ai.request.model", model)
                    .text_if(last_name, Some(last).filter(|last| !last.is_empty()));
                let counts: Vec<String> = sums.buckets.iter().map(u64::to_string).collect();
                json!({
                    "attributes": attributes.list(),
                    "startTimeUnixNano": times.0,
                    "timeUnixNano": times.1,
                    "count": sums.buckets.iter().sum::<u64>().to_string(),
                    "sum": sums.sum,
                    "bucketCounts": counts,
                    "explicitBounds": bounds,
                })
            })
            .collect();
        // 2 is cumulative.
        let histogram = json!({ "aggregationTemporality": 2, "dataPoints": points });
        json!({ "name": name, "unit": unit, "histogram": histogram })
    }
}
