//! Requests that are over, counted.

use super::*;
use portunus_core::decision::Attempt;
use portunus_core::decision::{Outcome, Step};
use portunus_core::ids::{KeyId, RequestId};
use portunus_core::pool::{Choice, ChosenFor};
use portunus_core::time::Timestamp;
use portunus_core::usage::{Money, Usage, UsageSource};
use std::borrow::Cow;

fn attempt(pool: u8, class: &'static str) -> Step {
    Step::Attempted(Attempt {
        at_us: 0,
        took_us: 10,
        pool: PoolId::from_bytes([pool; 16]),
        pool_name: format!("pool-{pool}").parse().unwrap(),
        key: KeyId::from_bytes([1; 16]),
        label: "main".parse().unwrap(),
        choice: Choice {
            chosen_for: ChosenFor::OnlyOne,
            passed: Vec::new(),
            unnamed: 0,
        },
        status: Some(200),
        class: Cow::Borrowed(class),
        detail: None,
    })
}

fn decision(steps: Vec<Step>) -> Decision {
    Decision {
        id: RequestId::from_bytes([1; 16]),
        at: Timestamp::EPOCH,
        agent: None,
        agent_name: None,
        endpoint: Cow::Borrowed("messages"),
        model: Some("claude-sonnet-4-5".into()),
        steps,
        outcome: Outcome::Served,
        status: 200,
        reason: None,
        first_byte_us: Some(20_000),
        total_us: 30_000,
        usage: Some(Usage {
            input: 10,
            output: 20,
            reasoning: 5,
            ..Usage::default()
        }),
        usage_source: Some(UsageSource::Provider),
        cost: Some(Money::from_nanos(1_000)),
        trace: None,
    }
}

fn of(metrics: &Metrics, pool: u8) -> sheet::Totals {
    let pools = metrics.pools.load();
    let id = PoolId::from_bytes([pool; 16]);
    find(&pools, id)
        .map(|pool| pool.sheets.sum())
        .unwrap_or_default()
}

fn attempts(totals: &sheet::Totals, class: &str) -> u64 {
    let found = totals.attempts().find(|(name, _)| *name == class);
    found.map_or(0, |(_, count)| count)
}

#[test]
fn a_request_counts_for_the_pool_that_answered_and_each_attempt_for_its_own() {
    let metrics = Metrics::default();
    metrics.began();
    metrics.observe(&decision(vec![attempt(9, "quota"), attempt(3, "ok")]));
    let (left, served) = (of(&metrics, 9), of(&metrics, 3));
    assert_eq!((left.finished(), served.finished()), (0, 1));
    assert_eq!(attempts(&left, "quota"), 1);
    assert_eq!(attempts(&served, "ok"), 1);
    assert_eq!(served.cost_nanos, 1_000);
    assert_eq!(served.reasoning, 5);
    let tokens: u64 = served.tokens().map(|(_, count)| count).sum();
    assert_eq!(tokens, 30);
    assert_eq!(metrics.poolless.sum().began, 1);
}

#[test]
fn a_request_that_never_got_a_key_counts_for_no_pool() {
    let metrics = Metrics::default();
    let mut refused = decision(Vec::new());
    refused.outcome = Outcome::Refused;
    refused.status = 429;
    refused.usage = None;
    refused.endpoint = Cow::Owned("/v1/whatever".to_owned());
    metrics.observe(&refused);
    let totals = metrics.poolless.sum();
    let rows: Vec<_> = totals.requests().collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].endpoint, rows[0].status_class), ("other", "4xx"));
    assert_eq!(rows[0].outcome, "refused");
    assert!(metrics.pools.load().is_empty());
}

#[test]
fn usage_without_a_price_is_told_from_usage_that_cost_nothing() {
    let metrics = Metrics::default();
    let mut unpriced = decision(vec![attempt(1, "ok")]);
    unpriced.cost = None;
    unpriced.usage_source = Some(UsageSource::Estimate);
    metrics.observe(&unpriced);
    let totals = of(&metrics, 1);
    assert_eq!((totals.unpriced, totals.estimated), (1, 1));
    assert_eq!(totals.cost_nanos, 0);
}
