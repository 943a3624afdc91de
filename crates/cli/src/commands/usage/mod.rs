//! `portunus usage`: what was used, as a table, a chart, comma-separated values or JSON.

mod csv;
mod drawing;
mod words;

use super::plane::Plane;
use crate::args::usage::{By, UsageArgs};
use crate::failure::Failure;
use crate::output;
use jiff::Timestamp;
use portunus_api::usage::UsageReport;

/// Sums asked for at once.
const PAGE: u32 = 1_000;

/// Reads and shows.
pub(super) async fn run(args: UsageArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let by = told_apart(&args);
    if args.chart {
        let mut daily = by.clone();
        if !daily.contains(&By::Day) {
            daily.insert(0, By::Day);
        }
        let report = read(&plane, &args, &daily).await?;
        return output::print(&drawing::chart(&report, args.of));
    }
    let report = read(&plane, &args, &by).await?;
    if args.csv {
        return output::print(&csv::lines(&report));
    }
    plane.show_value(&report, |report| words::table(report, &by))
}

/// What is told apart, without repetitions.
fn told_apart(args: &UsageArgs) -> Vec<By> {
    let mut by = Vec::new();
    for dimension in &args.by {
        if !by.contains(dimension) {
            by.push(*dimension);
        }
    }
    match (by.is_empty(), args.chart) {
        (true, true) => vec![By::Day],
        (true, false) => vec![By::Agent],
        (false, _) => by,
    }
}

/// The whole report, page by page.
async fn read(plane: &Plane, args: &UsageArgs, by: &[By]) -> Result<UsageReport, Failure> {
    let names: Vec<&str> = by.iter().map(|by| by.as_str()).collect();
    let mut query = vec![("by", names.join(",")), ("limit", PAGE.to_string())];
    let now = Timestamp::now();
    let filters = [
        ("since", args.since.map(|when| when.day(now))),
        ("until", args.until.map(|when| when.day(now))),
        ("agent", args.agent.clone()),
        ("model", args.model.clone()),
        ("pool", args.pool.clone()),
    ];
    for (name, value) in filters {
        query.extend(value.map(|value| (name, value)));
    }
    let mut report: UsageReport = plane.get("/usage", &query).await?.read()?;
    while let Some(cursor) = report.next_cursor.take() {
        let mut query = query.clone();
        query.push(("cursor", cursor));
        let page: UsageReport = plane.get("/usage", &query).await?.read()?;
        report.items.extend(page.items);
        report.next_cursor = page.next_cursor;
    }
    Ok(report)
}

/// `pool:label` of a key, as everywhere.
fn key_name(key: &portunus_api::usage::UsageKey) -> String {
    if key.id.is_none() {
        "(none)".to_owned()
    } else {
        format!("{}:{}", key.pool, key.label)
    }
}

#[cfg(test)]
mod sample {
    use portunus_api::usage::{UsageAgent, UsageCounts, UsageKey, UsageReport, UsageSum};

    pub(super) fn counts(requests: u64, input: u64, cost_nanos: u64) -> UsageCounts {
        UsageCounts {
            requests,
            failed: 1,
            input,
            cache_read: 20,
            cache_write: 3,
            output: 40,
            reasoning: 5,
            estimated: 0,
            cost_nanos,
            unpriced: 0,
        }
    }

    pub(super) fn sum(agent: &str, day: &str, counts: UsageCounts) -> UsageSum {
        UsageSum {
            day: Some(day.to_owned()),
            agent: Some(UsageAgent {
                id: format!("agt_{agent}"),
                name: agent.to_owned(),
                display_name: None,
            }),
            key: Some(UsageKey {
                id: Some("key_1".to_owned()),
                label: "main".to_owned(),
                pool: "anthropic".to_owned(),
            }),
            model: Some("claude-sonnet-4-5".to_owned()),
            pool: None,
            counts,
        }
    }

    pub(super) fn report(items: Vec<UsageSum>) -> UsageReport {
        let mut total = UsageCounts::default();
        for item in &items {
            total.requests += item.counts.requests;
            total.failed += item.counts.failed;
            total.input += item.counts.input;
            total.cache_read += item.counts.cache_read;
            total.cache_write += item.counts.cache_write;
            total.output += item.counts.output;
            total.estimated += item.counts.estimated;
            total.cost_nanos += item.counts.cost_nanos;
            total.unpriced += item.counts.unpriced;
        }
        UsageReport {
            since: "2026-11-01".to_owned(),
            until: "2026-11-03".to_owned(),
            items,
            next_cursor: None,
            total,
        }
    }
}
