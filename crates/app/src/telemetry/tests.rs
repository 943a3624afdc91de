//! What a collector gets to see.

use super::export::{Collector, Undelivered};
use super::measure::MOST_MODELS;
use super::*;
use parking_lot::Mutex;
use portunus_core::decision::{Attempt, Outcome, Step};
use portunus_core::ids::{KeyId, PoolId, RequestId};
use portunus_core::pool::{Choice, ChosenFor};
use portunus_core::trace::TraceContext;
use portunus_core::usage::{Money, Usage, UsageSource};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// What is to be refused, last first, and what was kept.
type Shelved = (Vec<Undelivered>, Vec<(&'static str, Value)>);

/// Refuses with the errors it was given, and then keeps what it gets.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Shelved>>);

impl Collector for Shelf {
    async fn post(&self, path: &'static str, body: Vec<u8>) -> Result<(), Undelivered> {
        let (refusals, kept) = &mut *self.0.lock();
        match refusals.pop() {
            Some(refusal) => Err(refusal),
            None => {
                kept.push((path, serde_json::from_slice(&body).unwrap()));
                Ok(())
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_secs(9)
    }
}

impl Shelf {
    fn spans(&self) -> Vec<Value> {
        let kept = &self.0.lock().1;
        let traces = kept.iter().filter(|(path, _)| *path == "/v1/traces");
        let spans = traces.flat_map(|(_, body)| {
            let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.as_array().unwrap().clone()
        });
        spans.collect()
    }

    /// The points of a metric, as the latest message has them.
    fn points(&self, name: &str) -> Vec<Value> {
        let kept = &self.0.lock().1;
        let latest = kept.iter().rfind(|(path, _)| *path == "/v1/metrics");
        let (_, body) = latest.expect("metrics");
        let metrics = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        let metrics = metrics.as_array().unwrap();
        let metric = metrics.iter().find(|metric| metric["name"] == name);
        let points = &metric.expect("the metric")["histogram"]["dataPoints"];
        points.as_array().unwrap().clone()
    }
}

fn exporting(shelf: &Shelf) -> Telemetry {
    let telemetry = Telemetry::default();
    telemetry.start(shelf.clone(), Timestamp::EPOCH, &Handle::current());
    telemetry
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    found.map_or(&Value::Null, |attribute| {
        let value = attribute["value"].as_object().unwrap();
        value.values().next().unwrap()
    })
}

fn attempt(at_us: u64, class: &'static str, status: u16) -> Step {
    Step::Attempted(Attempt {
        at_us,
        took_us: 1_000,
        pool: PoolId::from_bytes([1; 16]),
        pool_name: "anthropic".parse().unwrap(),
        key: KeyId::from_bytes([1; 16]),
        label: "main".parse().unwrap(),
        choice: Choice {
            chosen_for: ChosenFor::OnlyOne,
            passed: Vec::new(),
            unnamed: 0,
        },
        status: Some(status),
        class: Cow::Borrowed(class),
        detail: None,
    })
}

fn decision(number: u8) -> Decision {
    Decision {
        id: RequestId::from_bytes([number; 16]),
        at: Timestamp::from_millis(1_700_000_000_123),
        agent: None,
        agent_name: Some("mayor".into()),
        endpoint: Cow::Borrowed("messages"),
        model: Some("claude-sonnet-4-5".into()),
        steps: vec![
            attempt(10, "quota", 429),
            Step::Waited {
                at_us: 1_010,
                took_us: 500,
                obstacles: Vec::new(),
                earliest: None,
            },
            attempt(1_510, "ok", 200),
        ],
        outcome: Outcome::Served,
        status: 200,
        reason: None,
        first_byte_us: Some(250_000),
        total_us: 2_000_000,
        usage: Some(Usage {
            input: 100,
            cache_read: 20,
            output: 30,
            ..Usage::default()
        }),
        usage_source: Some(UsageSource::Provider),
        cost: Some(Money::from_nanos(1_500_000)),
        trace: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_a_span_with_its_waits_and_attempts_below() {
    let shelf = Shelf::default();
    let telemetry = exporting(&shelf);
    telemetry.observe(&decision(7));
    telemetry.flush().await;
    let spans = shelf.spans();
    assert_eq!(spans.len(), 4);
    let whole = &spans[0];
    assert_eq!(whole["name"], "chat claude-sonnet-4-5");
    assert_eq!(whole["traceId"], "07".repeat(16));
    assert_eq!(whole["startTimeUnixNano"], "1700000000123000000");
    assert_eq!(whole["endTimeUnixNano"], "1700000002123000000");
    assert_eq!(whole.get("parentSpanId"), None);
    assert_eq!(attribute(whole, "gen_ai.provider.name"), "anthropic");
    assert_eq!(attribute(whole, "gen_ai.usage.input_tokens"), "120");
    assert_eq!(attribute(whole, "gen_ai.usage.output_tokens"), "30");
    assert_eq!(attribute(whole, "portunus.cost_usd"), 0.0015);
    assert_eq!(
        attribute(whole, "gen_ai.response.time_to_first_chunk"),
        0.25
    );
    assert_eq!(attribute(whole, "error.type"), &Value::Null);
    let names: Vec<_> = spans.iter().map(|span| span["name"].as_str()).collect();
    let parts = ["attempt anthropic", "wait for a key", "attempt anthropic"];
    assert_eq!(names[1..], parts.map(Some));
    for part in &spans[1..] {
        assert_eq!(part["parentSpanId"], whole["spanId"]);
        assert_eq!(part["traceId"], whole["traceId"]);
    }
    assert_eq!(spans[1]["status"]["message"], "quota");
    let ids: std::collections::BTreeSet<_> = spans.iter().map(|s| s["spanId"].as_str()).collect();
    assert_eq!(ids.len(), 4);
    let counts = telemetry.counts();
    assert_eq!((counts.exported, counts.lost), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_span_joins_its_clients_trace_and_keeps_out_of_one_that_is_not_recorded() {
    let shelf = Shelf::default();
    let telemetry = exporting(&shelf);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (number, flags) in [(1, "01"), (2, "00")] {
        let mut joined = decision(number);
        let text = format!("00-{trace}-00f067aa0ba902b7-{flags}");
        joined.trace = TraceContext::parse(&text);
        telemetry.observe(&joined);
    }
    telemetry.flush().await;
    let spans = shelf.spans();
    assert_eq!(spans.len(), 4);
    assert_eq!(spans[0]["traceId"], trace);
    assert_eq!(spans[0]["parentSpanId"], "00f067aa0ba902b7");
    // What is not traced is measured all the same.
    let durations = shelf.points("gen_ai.client.operation.duration");
    assert_eq!(durations[0]["count"], "2");
}

#[tokio::test(start_paused = true)]
async fn sums_grow_and_tell_failures_apart() {
    let shelf = Shelf::default();
    let telemetry = exporting(&shelf);
    telemetry.observe(&decision(1));
    telemetry.flush().await;
    let mut refused = decision(2);
    refused.outcome = Outcome::Refused;
    refused.reason = Some(Cow::Borrowed("no key is free"));
    refused.usage = None;
    telemetry.observe(&refused);
    telemetry.observe(&decision(3));
    telemetry.flush().await;
    let durations = shelf.points("gen_ai.client.operation.duration");
    let counts: Vec<_> = durations
        .iter()
        .map(|point| (attribute(point, "error.type"), point["count"].as_str()))
        .collect();
    let refused = Value::from("refused");
    let expected = [(&Value::Null, Some("2")), (&refused, Some("1"))];
    assert_eq!(counts, expected);
    let tokens = shelf.points("gen_ai.client.token.usage");
    assert_eq!(attribute(&tokens[0], "gen_ai.token.type"), "input");
    assert_eq!(tokens[0]["sum"], 240.0);
    let buckets = tokens[0]["bucketCounts"].as_array().unwrap();
    let bounds = tokens[0]["explicitBounds"].as_array().unwrap();
    assert_eq!(buckets.len(), bounds.len() + 1);
    assert_eq!(buckets[4], "2", "64 < 120 <= 256");
    let failed = shelf.spans();
    let failed = failed
        .iter()
        .find(|span| span["status"]["message"] == "no key is free");
    assert!(failed.is_some());
}

#[tokio::test(start_paused = true)]
async fn clients_cannot_fill_a_collector_with_names() {
    let shelf = Shelf::default();
    let telemetry = exporting(&shelf);
    for number in 0..MOST_MODELS + 50 {
        let mut request = decision(1);
        request.model = Some(format!("served-{number}").into());
        telemetry.observe(&request);
        request.model = Some(format!("invented-{number}").into());
        request.outcome = Outcome::ClientFault;
        telemetry.observe(&request);
        tokio::task::yield_now().await;
    }
    telemetry.flush().await;
    let durations = shelf.points("gen_ai.client.operation.duration");
    assert_eq!(durations.len(), MOST_MODELS + 2);
    let of = |name: &str| {
        let points = durations.iter();
        points
            .filter(|point| attribute(point, "gen_ai.request.model") == name)
            .count()
    };
    assert_eq!((of("_OTHER"), of("served-0"), of("invented-0")), (2, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_collector_arrives_once_it_is_back() {
    let shelf = Shelf::default();
    let down = Undelivered::Later("down".to_owned());
    shelf.0.lock().0 = vec![down.clone(), down.clone(), down];
    let telemetry = exporting(&shelf);
    telemetry.observe(&decision(1));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(shelf.spans().len(), 4);
    assert_eq!(telemetry.counts().lost, 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_or_is_refused_is_counted_and_holds_nothing_up() {
    let shelf = Shelf::default();
    shelf.0.lock().0 = vec![Undelivered::Refused("400".to_owned())];
    let telemetry = exporting(&shelf);
    telemetry.observe(&decision(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(telemetry.counts().lost, 1);
    for _ in 0..QUEUE + 5 {
        telemetry.observe(&decision(2));
    }
    assert_eq!(telemetry.counts().lost, 6);
    telemetry.flush().await;
    let expected = u64::try_from(QUEUE).unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(telemetry.counts().exported, expected);
}

#[tokio::test]
async fn nothing_is_kept_while_nobody_collects() {
    let telemetry = Telemetry::default();
    telemetry.observe(&decision(1));
    telemetry.flush().await;
    assert!(!telemetry.is_on());
    let counts = telemetry.counts();
    assert_eq!((counts.exported, counts.lost), (0, 0));
}
