//! Usage and prices on the wire.

use super::agents::called;
use jiff::civil::{Date, date};
use portunus_api::usage as api;
use portunus_app::Plane;
use portunus_app::prices::shipped;
use portunus_app::usage::{Day, UsageReport, UsageSum};
use portunus_core::price::{PriceEntry, PriceTable};

const EPOCH: Date = date(1970, 1, 1);

/// `2026-11-01`; days beyond the year 9999 are written as its end.
pub(crate) fn day_text(day: Day) -> String {
    let days = i64::from(day.number());
    let span = jiff::Span::new().try_days(days).ok();
    span.and_then(|span| EPOCH.checked_add(span).ok())
        .unwrap_or(Date::MAX)
        .to_string()
}

/// Reads what [`day_text`] writes; `None` for what is no day since 1970.
pub(crate) fn day(text: &str) -> Option<Day> {
    // The parser would take a moment, too, and drop its time.
    if text.len() != "2026-11-01".len() {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let days = date.duration_since(EPOCH).as_hours() / 24;
    u32::try_from(days).ok().map(Day::from_number)
}

pub(crate) fn report(plane: &Plane, days: (Day, Day), report: UsageReport) -> api::UsageReport {
    api::UsageReport {
        since: day_text(days.0),
        until: day_text(days.1),
        total: counts(&report.total),
        next_cursor: report.sums.next.map(|cursor| cursor.as_str().to_owned()),
        items: report
            .sums
            .items
            .into_iter()
            .map(|one| sum(plane, one))
            .collect(),
    }
}

fn sum(plane: &Plane, sum: UsageSum) -> api::UsageSum {
    let counts = counts(&sum);
    api::UsageSum {
        day: sum.of.day.map(day_text),
        agent: sum.of.agent.map(|(id, name)| api::UsageAgent {
            id: id.to_string(),
            name,
            display_name: called(plane, id),
        }),
        key: sum.of.key.map(|key| api::UsageKey {
            id: key.id.map(|id| id.to_string()),
            label: key.label,
            pool: key.pool,
        }),
        model: sum.of.model,
        pool: sum.of.pool,
        counts,
    }
}

const fn counts(sum: &UsageSum) -> api::UsageCounts {
    api::UsageCounts {
        requests: sum.requests,
        failed: sum.failed,
        input: sum.usage.input,
        cache_read: sum.usage.cache_read,
        cache_write: sum.usage.cache_write,
        output: sum.usage.output,
        reasoning: sum.usage.reasoning,
        estimated: sum.estimated,
        cost_nanos: sum.cost.as_nanos(),
        unpriced: sum.unpriced,
    }
}

pub(crate) fn prices(table: &PriceTable) -> api::Prices {
    api::Prices {
        shipped_as_of: shipped().as_of.clone(),
        items: table.entries().map(price).collect(),
        next_cursor: None,
    }
}

fn price(entry: &PriceEntry) -> api::Price {
    let price = &entry.price;
    let text = |rate: Option<portunus_core::price::Rate>| rate.map(|rate| rate.to_string());
    api::Price {
        model: entry.model.to_string(),
        prompt_above: (entry.prompt_above > 0).then_some(entry.prompt_above),
        input: price.input.to_string(),
        output: text(price.output),
        cache_read: text(price.cache_read),
        cache_write: text(price.cache_write),
        cache_write_long: text(price.cache_write_long),
        origin: entry.origin.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_and_read_the_same() {
        for (number, text) in [
            (0, "1970-01-01"),
            (20_779, "2026-11-22"),
            (19_782, "2024-02-29"),
        ] {
            assert_eq!(day_text(Day::from_number(number)), text);
            assert_eq!(day(text), Some(Day::from_number(number)));
        }
        assert_eq!(day_text(Day::from_number(u32::MAX)), "9999-12-31");
        for wrong in [
            "1969-12-31",
            "2026-02-30",
            "2026-11-1",
            "today",
            "2026-11-01T00:00:00Z",
            "20261101",
            "",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
