//! The figures as text: Markdown tables, which read well on a terminal too.

use super::figures::{Bar, Figures, Limit, Measured};
use std::fmt::Write;

/// Everything, in the order in which it is read.
pub(super) fn render(figures: &Figures) -> String {
    let mut sections = vec![about(figures)];
    if !figures.loads.is_empty() {
        sections.push(loads(&figures.loads));
    }
    if !figures.single.is_empty() {
        sections.push(single(figures));
    }
    if !figures.bars.is_empty() {
        sections.push(bars(&figures.bars));
    }
    if !figures.notes.is_empty() {
        sections.push(
            figures
                .notes
                .iter()
                .map(|note| format!("- {note}\n"))
                .collect(),
        );
    }
    sections.join("\n")
}

fn about(figures: &Figures) -> String {
    let rows = figures
        .about
        .iter()
        .map(|(name, value)| vec![name.clone(), value.clone()]);
    table(&["", ""], rows.collect())
}

fn loads(loads: &[Measured]) -> String {
    let head = [
        "load",
        "way",
        "requests/s",
        "CPU s per 1,000",
        "p50 µs",
        "p99 µs",
        "first byte p50 µs",
        "first byte p99 µs",
    ];
    let rows = loads.iter().flat_map(|load| {
        load.samples.iter().enumerate().map(|(at, sample)| {
            let cpu = if sample.way == "direct" {
                String::new()
            } else {
                format!("{:.4}", sample.cpu_us / 1000.0)
            };
            vec![
                if at == 0 {
                    load.name.clone()
                } else {
                    String::new()
                },
                sample.way.to_owned(),
                format!("{:.0}", sample.per_second),
                cpu,
                format!("{:.0}", sample.p50_us),
                format!("{:.0}", sample.p99_us),
                format!("{:.0}", sample.first_p50_us),
                format!("{:.0}", sample.first_p99_us),
            ]
        })
    });
    table(&head, rows.collect())
}

fn single(figures: &Figures) -> String {
    let rows = figures.single.iter().map(|figure| {
        vec![
            figure.name.clone(),
            format!("{} {}", short(figure.value), figure.unit),
        ]
    });
    table(&["", ""], rows.collect())
}

fn bars(bars: &[Bar]) -> String {
    let rows = bars.iter().map(|bar| {
        let (sign, limit) = match bar.limit {
            Limit::AtMost(limit) => ("≤", limit),
            Limit::AtLeast(limit) => ("≥", limit),
        };
        vec![
            bar.name.clone(),
            format!("{} {}", short(bar.value), bar.unit),
            format!("{sign} {} {}", short(limit), bar.unit),
            if bar.met { "met" } else { "NOT MET" }.to_owned(),
        ]
    });
    table(&["bar", "measured", "allowed", ""], rows.collect())
}

/// Three significant digits or so.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let width = |column: usize| {
        std::iter::once(&head)
            .chain(&rows)
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut line = String::from("|");
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(line, " {cell:width$} |");
        }
        line + "\n"
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    line(&head) + &line(&rule) + &rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_is_not_met_shouts() {
        let mut figures = Figures::default();
        figures.judge("CPU", 1.62, Limit::AtMost(1.5), "x");
        figures.judge("requests", 0.71, Limit::AtLeast(0.7), "x");
        let text = render(&figures);
        assert!(
            text.contains("| CPU      | 1.62 x   | ≤ 1.50 x | NOT MET |"),
            "{text}"
        );
        assert!(
            text.contains("| requests | 0.71 x   | ≥ 0.70 x | met     |"),
            "{text}"
        );
        assert!(!figures.all_met());
    }
}
