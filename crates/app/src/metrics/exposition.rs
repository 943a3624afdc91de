//! Prometheus' text format, version 0.0.4: a head for each series, then its samples.

use super::histogram::{Bounds, Counts};
use super::series::{Kind, Series};
use std::fmt::Write;

/// The page as it grows. Each series is begun once, and all of its samples follow.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins a series.
    pub(super) fn begin(&mut self, series: &'static Series) -> Samples<'_> {
        let Series {
            name, kind, help, ..
        } = series;
        let kind = kind.as_str();
        // Writing to a string does not fail.
        let _ = writeln!(
            self.text,
            "# HELP {name} {}\n# TYPE {name} {kind}",
            escaped(help, Quotes::Stay)
        );
        Samples {
            text: &mut self.text,
            series,
        }
    }

    /// Writes a series without labels.
    pub(super) fn single(&mut self, series: &'static Series, value: f64) {
        self.begin(series).sample(&[], value);
    }

    /// The whole page.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Where the samples of one series are written.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    text: &'a mut String,
    series: &'static Series,
}

impl Samples<'_> {
    /// One sample; `values` are those of the series' labels.
    pub(super) fn sample(&mut self, values: &[&str], value: f64) {
        debug_assert_ne!(self.series.kind, Kind::Histogram);
        self.line("", values, None, value);
    }

    /// One histogram.
    pub(super) fn histogram(&mut self, values: &[&str], bounds: &'static Bounds, counts: &Counts) {
        debug_assert_eq!(self.series.kind, Kind::Histogram);
        for (bound, count) in counts.cumulative(bounds) {
            self.line("_bucket", values, Some(&bound.to_string()), number(count));
        }
        let count = number(counts.count());
        self.line("_bucket", values, Some("+Inf"), count);
        self.line("_sum", values, None, counts.sum_seconds());
        self.line("_count", values, None, count);
    }

    fn line(&mut self, suffix: &str, values: &[&str], bound: Option<&str>, value: f64) {
        debug_assert_eq!(values.len(), self.series.labels.len());
        let text = &mut *self.text;
        text.push_str(self.series.name);
        text.push_str(suffix);
        let labels = self.series.labels.iter().zip(values);
        let labels = labels.map(|(name, value)| (*name, *value));
        let mut open = '{';
        for (name, value) in labels.chain(bound.map(|bound| ("le", bound))) {
            let _ = write!(text, "{open}{name}=\"{}\"", escaped(value, Quotes::Escape));
            open = ',';
        }
        if open == ',' {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }
}

/// A count as the format writes all numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "the format has no other numbers; counts above 2^53 lose their last digits"
)]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}

/// What happens to double quotes: in help texts they stand for themselves.
#[derive(Clone, Copy)]
enum Quotes {
    Stay,
    Escape,
}

fn escaped(text: &str, quotes: Quotes) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    match quotes {
        Quotes::Stay => text,
        Quotes::Escape => text.replace('"', "\\\""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::{ATTEMPTS, STORE_UP};
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut page = Page::default();
        page.begin(&ATTEMPTS).sample(&["a\"b\\c\nd", "ok"], 1.5);
        page.single(&STORE_UP, 1.0);
        let text = page.into_text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let hostile = r#"portunus_attempts_total{pool="a\"b\\c\nd",class="ok"} 1.5"#;
        assert_eq!(lines, [hostile, "portunus_store_up 1"]);
    }
}
