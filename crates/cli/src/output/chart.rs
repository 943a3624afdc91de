//! Small charts of block characters: a bar for each label, or a line of eight heights for each.

use super::{Colour, one_line};

/// From nothing to a full character, in eighths of its width.
const WIDTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Heights of a line; the first is nothing at all.
const HEIGHTS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// However narrow the terminal, a bar has so many columns.
const NARROWEST_BAR: usize = 8;

/// One bar: what it is called, how long it is, and its length in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// What it is called.
    pub(crate) label: String,
    /// How long it is.
    pub(crate) value: u64,
    /// The same in words.
    pub(crate) words: String,
}

/// Bars under each other, the longest as wide as `columns` allow.
pub(crate) fn bars(bars: &[Bar], columns: usize, colour: Colour) -> String {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
    let label = width(bars.iter().map(|bar| &bar.label));
    let words = width(bars.iter().map(|bar| &bar.words));
    let room = columns.saturating_sub(label + words + 4).max(NARROWEST_BAR);
    bars.iter().fold(String::new(), |mut text, bar| {
        let length = eighths(bar.value, most, room);
        let drawn = "█".repeat(length / 8) + WIDTHS.get(length % 8).copied().unwrap_or("");
        let drawn_columns = length.div_ceil(8);
        text.push_str(&pad_right(&one_line(&bar.label), label));
        text.push_str("  ");
        text.push_str(&paint(&drawn, colour));
        text.push_str(&" ".repeat(room - drawn_columns));
        text.push_str("  ");
        text.push_str(&pad_left(&bar.words, words));
        text.push('\n');
        text
    })
}

/// One line: what it is called, its values one after the other, and their sum in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it is called.
    pub(crate) label: String,
    /// What each place of it shows.
    pub(crate) values: Vec<u64>,
    /// Their sum in words.
    pub(crate) words: String,
}

/// Lines under each other, all to the same scale. When they are wider than `columns` allow, neighbours are joined.
pub(crate) fn lines(lines: &[Line], columns: usize, colour: Colour) -> String {
    let label = width(lines.iter().map(|line| &line.label));
    let words = width(lines.iter().map(|line| &line.words));
    let room = columns.saturating_sub(label + words + 4).max(NARROWEST_BAR);
    let places = lines
        .iter()
        .map(|line| line.values.len())
        .max()
        .unwrap_or(0);
    let joined = places.div_ceil(room).max(1);
    let values: Vec<Vec<u64>> = lines
        .iter()
        .map(|line| {
            let neighbours = line.values.chunks(joined);
            neighbours
                .map(|some| {
                    some.iter()
                        .fold(0, |sum: u64, value| sum.saturating_add(*value))
                })
                .collect()
        })
        .collect();
    let most = values.iter().flatten().copied().max().unwrap_or(0);
    let mut text = String::new();
    for (line, values) in lines.iter().zip(&values) {
        let drawn: String = values
            .iter()
            .filter_map(|value| HEIGHTS.get(eighths(*value, most, 1)))
            .collect();
        text.push_str(&pad_right(&one_line(&line.label), label));
        text.push_str("  ");
        text.push_str(&paint(&drawn, colour));
        text.push_str("  ");
        text.push_str(&pad_left(&line.words, words));
        text.push('\n');
    }
    text
}

/// A part of `most` in eighths of `columns`; what is not nothing is seen.
fn eighths(value: u64, most: u64, columns: usize) -> usize {
    if value == 0 || most == 0 {
        return 0;
    }
    let full = u128::try_from(columns.saturating_mul(8)).unwrap_or(8);
    let eighths = u128::from(value) * full / u128::from(most);
    usize::try_from(eighths).unwrap_or(0).max(1)
}

fn width<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts
        .map(|text| one_line(text).chars().count())
        .max()
        .unwrap_or(0)
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

fn pad_left(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

fn paint(text: &str, colour: Colour) -> String {
    match colour {
        Colour::On => format!("\u{1b}[36m{text}\u{1b}[0m"),
        Colour::Off => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: u64) -> Bar {
        Bar {
            label: label.to_owned(),
            value,
            words: value.to_string(),
        }
    }

    #[test]
    fn bars_fill_the_width_and_none_passes_it() {
        let drawn = bars(
            &[bar("a", 0), bar("bb", 1), bar("c", 50), bar("d", 100)],
            25,
            Colour::Off,
        );
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(
            lines,
            [
                "a                       0",
                "bb  ▏                   1",
                "c   ████████           50",
                "d   ████████████████  100",
            ]
        );
        assert!(drawn.lines().all(|line| line.chars().count() == 25));
    }

    #[test]
    fn a_line_has_a_height_for_each_value() {
        let line = Line {
            label: "mayor".to_owned(),
            values: vec![0, 1, 4, 8],
            words: "13".to_owned(),
        };
        assert_eq!(
            lines(std::slice::from_ref(&line), 80, Colour::Off),
            "mayor  ·▁▄█  13\n"
        );
        let long = Line {
            values: vec![1; 98],
            ..line
        };
        let drawn = lines(&[long], 60, Colour::Off);
        assert_eq!(drawn.chars().filter(|c| *c == '█').count(), 49);
    }

    #[test]
    fn absurd_values_are_drawn_all_the_same() {
        let drawn = bars(&[bar("a", u64::MAX), bar("b", 1)], 0, Colour::Off);
        assert!(drawn.contains("████████"), "{drawn}");
        assert_eq!(bars(&[], 80, Colour::Off), "");
        assert_eq!(lines(&[], 80, Colour::Off), "");
        assert!(bars(&[bar("\u{1b}[2J", 1)], 80, Colour::On).contains("\\u{1b}[2J"));
    }
}
