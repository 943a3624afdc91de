//! What the manual, the dashboard and the alert rules say of series is true, and says all.

use portunus_app::metrics::series::{ALL, Kind};
use std::collections::BTreeSet;

const MANUAL: &str = include_str!("../../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/portunus.json");
const ALERTS: &str = include_str!("../../../../deploy/prometheus/alerts.yml");

#[test]
fn the_manual_lists_every_series_with_its_kind_and_labels_and_no_other() {
    let rows = MANUAL
        .lines()
        .filter(|line| line.starts_with("| `portunus_") || line.starts_with("| `process_"));
    let rows: BTreeSet<[String; 3]> = rows.map(cells).collect();
    let expected: BTreeSet<[String; 3]> = ALL
        .iter()
        .map(|series| {
            let labels: Vec<String> = series.labels.iter().map(|l| format!("`{l}`")).collect();
            let name = format!("`{}`", series.name);
            [name, series.kind.as_str().to_owned(), labels.join(", ")]
        })
        .collect();
    assert_eq!(rows, expected);
}

/// The first three cells of a table's row.
fn cells(row: &str) -> [String; 3] {
    let mut cells = row.split('|').skip(1).map(|cell| cell.trim().to_owned());
    std::array::from_fn(|_| cells.next().unwrap())
}

#[test]
fn every_series_of_the_dashboard_and_the_alerts_exists() {
    let names: BTreeSet<String> = ALL
        .iter()
        .flat_map(|series| match series.kind {
            Kind::Histogram => ["_bucket", "_sum", "_count"]
                .map(|suffix| format!("{}{suffix}", series.name))
                .to_vec(),
            Kind::Counter | Kind::Gauge => vec![series.name.to_owned()],
        })
        .collect();
    for (place, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS)] {
        let used: BTreeSet<String> = series_in(text);
        assert!(used.len() > 10, "{place}: {used:?}");
        let unknown: Vec<_> = used.difference(&names).collect();
        assert!(unknown.is_empty(), "{place}: {unknown:?}");
    }
}

/// The words that begin like a series; `portunus` alone, and file names with it, do not.
fn series_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("portunus_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}
