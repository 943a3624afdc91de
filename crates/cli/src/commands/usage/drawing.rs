//! The report as a chart: a bar for each day, or a line over the days for each sum.

use super::{key_name, words};
use crate::args::usage::Measure;
use crate::output::chart::{Bar, Line, bars, lines};
use crate::output::{Colour, table};
use jiff::civil::Date;
use portunus_api::usage::{UsageCounts, UsageReport, UsageSum};
use portunus_core::usage::Money;

/// Columns of what is no terminal.
const COLUMNS: usize = 80;
/// More lines than these are not drawn; the table has them all.
const MOST_LINES: usize = 40;
/// More days than these begin with the first on which something was used.
const MOST_EMPTY_DAYS: usize = 62;

/// Draws a report that is told apart by day.
pub(super) fn chart(report: &UsageReport, wanted: Option<Measure>) -> String {
    let columns = table::columns().unwrap_or(COLUMNS);
    draw(report, wanted, columns, Colour::of(&std::io::stdout()))
}

fn draw(report: &UsageReport, wanted: Option<Measure>, columns: usize, colour: Colour) -> String {
    if report.items.is_empty() {
        return words::nothing(report);
    }
    let measure = wanted.unwrap_or(if report.total.cost_nanos > 0 {
        Measure::Money
    } else {
        Measure::Tokens
    });
    let days = days(report);
    let is_by_day_alone = report.items.iter().all(|sum| label(sum).is_empty());
    let (first, last) = (days.first(), days.last());
    let span = match (first, last) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => String::new(),
    };
    let title = format!(
        "{}, {span}: {}\n",
        match measure {
            Measure::Money => "Cost by day",
            Measure::Tokens => "Tokens by day",
            Measure::Requests => "Requests by day",
        },
        in_words(&report.total, measure),
    );
    let drawn = if is_by_day_alone {
        bars(&by_day(report, &days, measure), columns, colour)
    } else {
        let mut found = over_days(report, &days, measure);
        let left_out = found.split_off(found.len().min(MOST_LINES)).len();
        let more = match left_out {
            0 => String::new(),
            more => format!("and {more} more that came to less\n"),
        };
        lines(&found, columns, colour) + &more
    };
    title + &drawn + &words::remarks(report)
}

/// Every day from the first to the last, those without use too.
fn days(report: &UsageReport) -> Vec<String> {
    let used: Vec<&String> = report
        .items
        .iter()
        .filter_map(|sum| sum.day.as_ref())
        .collect();
    let (Ok(mut day), Ok(last)) = (report.since.parse::<Date>(), report.until.parse::<Date>())
    else {
        return used.into_iter().cloned().collect();
    };
    let mut days = Vec::new();
    while day <= last {
        days.push(day.to_string());
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    if days.len() > MOST_EMPTY_DAYS
        && let Some(first) = used.iter().min()
    {
        days.retain(|day| day >= *first);
    }
    days
}

fn by_day(report: &UsageReport, days: &[String], measure: Measure) -> Vec<Bar> {
    let of = |day: &String| {
        let found = report
            .items
            .iter()
            .find(|sum| sum.day.as_ref() == Some(day));
        found.map(|sum| sum.counts).unwrap_or_default()
    };
    days.iter()
        .map(|day| Bar {
            label: day.clone(),
            value: value(&of(day), measure),
            words: in_words(&of(day), measure),
        })
        .collect()
}

/// A line for everything that is told apart besides the day, the greatest first.
fn over_days(report: &UsageReport, days: &[String], measure: Measure) -> Vec<Line> {
    let mut found: Vec<(String, UsageCounts, Vec<u64>)> = Vec::new();
    for sum in &report.items {
        let label = label(sum);
        let place = found.iter().position(|(other, ..)| *other == label);
        let place = place.unwrap_or_else(|| {
            found.push((label, UsageCounts::default(), vec![0; days.len()]));
            found.len() - 1
        });
        let day = days.iter().position(|day| Some(day) == sum.day.as_ref());
        let Some((_, total, values)) = found.get_mut(place) else {
            continue;
        };
        add(total, &sum.counts);
        if let Some(cell) = day.and_then(|day| values.get_mut(day)) {
            *cell = cell.saturating_add(value(&sum.counts, measure));
        }
    }
    found.sort_by_key(|(_, total, _)| std::cmp::Reverse(value(total, measure)));
    found
        .into_iter()
        .map(|(label, total, values)| Line {
            label,
            values,
            words: in_words(&total, measure),
        })
        .collect()
}

/// What a sum is of besides its day.
fn label(sum: &UsageSum) -> String {
    let names = [
        sum.agent.as_ref().map(|agent| agent.called().to_owned()),
        sum.key.as_ref().map(key_name),
        sum.model.clone(),
        sum.pool.clone(),
    ];
    let names: Vec<String> = names.into_iter().flatten().collect();
    names.join(" ")
}

fn add(total: &mut UsageCounts, more: &UsageCounts) {
    total.requests = total.requests.saturating_add(more.requests);
    total.input = total.input.saturating_add(more.tokens());
    total.cost_nanos = total.cost_nanos.saturating_add(more.cost_nanos);
    total.unpriced = total.unpriced.saturating_add(more.unpriced);
}

const fn value(counts: &UsageCounts, measure: Measure) -> u64 {
    match measure {
        Measure::Money => counts.cost_nanos,
        Measure::Tokens => counts.tokens(),
        Measure::Requests => counts.requests,
    }
}

fn in_words(counts: &UsageCounts, measure: Measure) -> String {
    match measure {
        Measure::Money if counts.requests == 0 => Money::ZERO.to_string(),
        Measure::Money => words::money(counts),
        Measure::Tokens => words::grouped(counts.tokens()),
        Measure::Requests => words::grouped(counts.requests),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{counts, report, sum};
    use super::*;

    fn by_day_alone(day: &str, cost: u64) -> UsageSum {
        UsageSum {
            agent: None,
            key: None,
            model: None,
            ..sum("", day, counts(10, 1_000, cost))
        }
    }

    #[test]
    fn each_day_has_a_bar_those_without_use_too() {
        let items = vec![
            by_day_alone("2026-11-01", 2_000_000_000),
            by_day_alone("2026-11-03", 500_000_000),
        ];
        insta::assert_snapshot!(draw(&report(items), None, 60, Colour::Off));
    }

    #[test]
    fn each_agent_has_a_line_over_its_days() {
        let short = |agent: &str, day: &str, cost| UsageSum {
            key: None,
            model: None,
            ..sum(agent, day, counts(10, 1_000, cost))
        };
        let items = vec![
            short("scout", "2026-11-01", 1_000_000_000),
            short("mayor", "2026-11-01", 4_000_000_000),
            short("mayor", "2026-11-02", 8_000_000_000),
        ];
        insta::assert_snapshot!(draw(&report(items), None, 60, Colour::Off));
    }

    #[test]
    fn without_a_price_tokens_are_drawn() {
        let drawn = draw(
            &report(vec![by_day_alone("2026-11-02", 0)]),
            None,
            60,
            Colour::Off,
        );
        assert!(
            drawn.starts_with("Tokens by day, 2026-11-01 to 2026-11-03: 1,063\n"),
            "{drawn}"
        );
        let wanted = Some(Measure::Requests);
        let drawn = draw(
            &report(vec![by_day_alone("2026-11-02", 5)]),
            wanted,
            60,
            Colour::Off,
        );
        assert!(drawn.starts_with("Requests by day"), "{drawn}");
        assert!(draw(&report(Vec::new()), None, 60, Colour::Off).contains("Nothing"));
    }
}
