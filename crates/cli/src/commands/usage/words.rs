//! The report as a table, with everything together in its last row.

use super::key_name;
use crate::args::usage::By;
use crate::output::{Table, Tone};
use portunus_api::usage::{UsageCounts, UsageReport, UsageSum};
use portunus_core::usage::Money;
use std::fmt::Write as _;

/// The columns of counts, behind those of what is told apart.
const COUNTS: [&str; 7] = [
    "REQUESTS",
    "FAILED",
    "INPUT",
    "CACHE READ",
    "CACHE WRITE",
    "OUTPUT",
    "COST",
];

/// The table, and below it what its numbers do not say.
pub(super) fn table(report: &UsageReport, by: &[By]) -> String {
    if report.items.is_empty() {
        return nothing(report);
    }
    let mut rows: Vec<Vec<String>> = vec![headings(by)];
    for sum in &report.items {
        let mut row: Vec<String> = by.iter().map(|by| named(sum, *by)).collect();
        row.extend(counts(&sum.counts));
        rows.push(row);
    }
    let mut total = vec![String::new(); by.len()];
    if let Some(first) = total.first_mut() {
        "TOTAL".clone_into(first);
    }
    total.extend(counts(&report.total));
    rows.push(total);
    align_right(&mut rows, by.len());
    let mut rows = rows.iter();
    let headings: Vec<&str> = rows
        .next()
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let mut table = Table::new(&headings).wrapping("AGENT").giving_way(&[
        "CACHE WRITE",
        "CACHE READ",
        "FAILED",
        "INPUT",
        "OUTPUT",
    ]);
    for row in rows {
        table.row(row.iter().map(|cell| (cell.as_str(), Tone::Plain)));
    }
    table.render() + &remarks(report)
}

fn headings(by: &[By]) -> Vec<String> {
    let names = by.iter().map(|by| by.as_str().to_uppercase());
    names.chain(COUNTS.map(str::to_owned)).collect()
}

fn named(sum: &UsageSum, by: By) -> String {
    let name = match by {
        By::Day => sum.day.clone(),
        By::Agent => sum.agent.as_ref().map(|agent| agent.called().to_owned()),
        By::Key => sum.key.as_ref().map(key_name),
        By::Model => sum.model.clone(),
        By::Pool => sum.pool.clone(),
    };
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "(none)".to_owned())
}

fn counts(counts: &UsageCounts) -> [String; COUNTS.len()] {
    [
        grouped(counts.requests),
        grouped(counts.failed),
        grouped(counts.input),
        grouped(counts.cache_read),
        grouped(counts.cache_write),
        grouped(counts.output),
        money(counts),
    ]
}

/// What it cost; `?` when nothing of it has a price.
pub(super) fn money(counts: &UsageCounts) -> String {
    match (counts.cost_nanos, counts.unpriced) {
        (0, 1..) => "?".to_owned(),
        (nanos, 0) => Money::from_nanos(nanos).to_string(),
        (nanos, 1..) => format!("{}+?", Money::from_nanos(nanos)),
    }
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Numbers stand under each other by their last digit.
fn align_right(rows: &mut [Vec<String>], from: usize) {
    let columns = rows.first().map_or(0, Vec::len);
    for column in from..columns {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *cell = format!("{cell:>width$}");
        }
    }
}

/// What the numbers do not say by themselves.
pub(super) fn remarks(report: &UsageReport) -> String {
    let mut text = String::new();
    let UsageCounts {
        estimated,
        unpriced,
        ..
    } = report.total;
    if estimated > 0 {
        let requests = requests(estimated);
        let _ = writeln!(
            text,
            "\n{requests} ended before the provider had counted: their tokens are estimated."
        );
    }
    if unpriced > 0 {
        let requests = requests(unpriced);
        let _ = writeln!(
            text,
            "\n{requests} used models without a price: their cost is missing here. `portunus prices` lists the prices;\n\
             [[prices]] in the configuration file adds some."
        );
    }
    text
}

fn requests(number: u64) -> String {
    if number == 1 {
        "1 request".to_owned()
    } else {
        format!("{} requests", grouped(number))
    }
}

/// What to do when there is nothing.
pub(super) fn nothing(report: &UsageReport) -> String {
    format!(
        "Nothing of the kind was used from {} to {}. `--since 30d` looks further back; `portunus agents create NAME`\n\
         makes an agent and says how it calls models through the plane.\n",
        report.since, report.until
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::{counts, report, sum};
    use super::*;

    #[test]
    fn the_table_ends_with_everything_together() {
        let mut tiny = counts(2, 7, 1_500_000);
        tiny.unpriced = 1;
        tiny.estimated = 1;
        let items = vec![
            sum(
                "mayor",
                "2026-11-01",
                counts(1_200, 1_234_567, 12_345_000_000),
            ),
            sum("scout", "2026-11-02", tiny),
        ];
        insta::assert_snapshot!(table(&report(items), &[By::Agent]));
    }

    #[test]
    fn several_dimensions_have_a_column_each() {
        let mut unused = sum("mayor", "2026-11-01", counts(1, 0, 0));
        unused.key = Some(portunus_api::usage::UsageKey {
            id: None,
            label: String::new(),
            pool: String::new(),
        });
        unused.model = Some("-".to_owned());
        unused.counts.unpriced = 1;
        let items = vec![sum("mayor", "2026-11-01", counts(3, 10, 30)), unused];
        let by = [By::Day, By::Key, By::Model, By::Pool];
        insta::assert_snapshot!(table(&report(items), &by));
    }

    #[test]
    fn an_empty_report_says_what_to_do() {
        let words = table(&report(Vec::new()), &[By::Agent]);
        assert!(words.contains("from 2026-11-01 to 2026-11-03"), "{words}");
        assert!(words.contains("--since 30d"), "{words}");
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
