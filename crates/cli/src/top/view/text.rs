//! Text for cells: cut to a width, wrapped to one, numbers and spans in few characters.

use crate::output::moment;
use crate::top::skin::Skin;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::collections::VecDeque;

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text that takes at most so many columns; a mark stands where it was cut.
pub(super) fn cut(text: &str, columns: usize, skin: &Skin) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = skin.glyphs().cut;
    let room = columns.saturating_sub(1);
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        let more = width(grapheme.symbol);
        if used + more > room {
            break;
        }
        used += more;
        kept.push_str(grapheme.symbol);
    }
    if columns > 0 {
        kept.push_str(mark);
    }
    kept
}

/// A line that takes at most so many columns; its spans keep their styles.
pub(super) fn cut_line(line: Line<'static>, columns: usize, skin: &Skin) -> Line<'static> {
    if line.width() <= columns {
        return line;
    }
    let mut left = columns;
    let mut spans = Vec::new();
    for span in line.spans {
        let whole = span.width();
        if whole >= left {
            // The rest does not fit, or would leave no room for the mark.
            spans.push(Span::styled(
                cut_short(&span.content, left, skin),
                span.style,
            ));
            break;
        }
        left -= whole;
        spans.push(span);
    }
    Line::from(spans)
}

/// Like [`cut`] for a text that more follows after: the mark comes also when it fits exactly.
fn cut_short(text: &str, columns: usize, skin: &Skin) -> String {
    cut(&format!("{text}  "), columns, skin)
}

/// A line in as many as it takes, broken between words; all but the first begin `hang` columns in.
pub(super) fn wrap(line: Line<'static>, columns: usize, hang: usize) -> Vec<Line<'static>> {
    if line.width() <= columns {
        return vec![line];
    }
    // A narrow screen has no room for a margin.
    let hang = if hang * 2 > columns { 0 } else { hang };
    let mut cells: VecDeque<(String, Style)> = VecDeque::new();
    for span in &line.spans {
        let graphemes = span.styled_graphemes(line.style);
        cells.extend(graphemes.map(|grapheme| (grapheme.symbol.to_owned(), grapheme.style)));
    }
    let mut lines = Vec::new();
    while !cells.is_empty() {
        let margin = if lines.is_empty() { 0 } else { hang };
        let end = line_end(&cells, columns.saturating_sub(margin));
        let mut spans = vec![Span::raw(" ".repeat(margin))];
        spans.extend(
            cells
                .drain(..end)
                .map(|(text, style)| Span::styled(text, style)),
        );
        lines.push(Line::from(spans));
        while cells.front().is_some_and(|(text, _)| text == " ") {
            cells.pop_front();
        }
    }
    lines
}

/// How many cells belong into a line of so many columns: up to the last blank after a word, or as many as fit; at least
/// one, so that a screen of one column ends too.
fn line_end(cells: &VecDeque<(String, Style)>, columns: usize) -> usize {
    let mut used = 0;
    let mut word = false;
    let mut blank = None;
    for (at, (text, _)) in cells.iter().enumerate() {
        if text == " " && word {
            blank = Some(at);
        }
        word |= text != " ";
        used += width(text);
        if used > columns {
            return blank.unwrap_or(at).max(1);
        }
    }
    cells.len()
}

/// Whole thousands with a letter: `999`, `1.2k`, `34k`, `5.6M`.
pub(crate) fn count(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| number >= *size) else {
        return number.to_string();
    };
    let tenths = number / (size / 10);
    if tenths < 100 {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    } else {
        format!("{}{unit}", tenths / 10)
    }
}

/// Tenths of something a second: `0.3`, `41`, `1.2k`.
pub(super) fn rate(tenths: u64) -> String {
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        count(tenths / 10)
    }
}

/// How long something took: `850us`, `12ms`, `1.8s`, `42s`, `3m 5s`.
pub(crate) fn took(micros: u64) -> String {
    match micros {
        0 => "0".to_owned(),
        1..1_000 => format!("{micros}us"),
        1_000..1_000_000 => format!("{}ms", micros / 1_000),
        1_000_000..10_000_000 => {
            let tenths = micros / 100_000;
            format!("{}.{}s", tenths / 10, tenths % 10)
        }
        _ => moment::span(micros / 1_000),
    }
}

/// How long until a moment: tenths for the last ten seconds, then the two largest units; `now` when it has come.
pub(crate) fn until(now_ms: i64, then_ms: i64) -> String {
    let left = u64::try_from(then_ms.saturating_sub(now_ms)).unwrap_or(0);
    let tenths = left.div_ceil(100);
    match tenths {
        0 => "now".to_owned(),
        1..100 => format!("{}.{}s", tenths / 10, tenths % 10),
        _ => moment::span(left),
    }
}

/// How long ago a moment was, in its largest unit: `now`, `4s`, `12m`, `3h`, `2d`.
pub(crate) fn ago(now_ms: i64, then_ms: i64) -> String {
    let seconds = u64::try_from(now_ms.saturating_sub(then_ms)).unwrap_or(0) / 1_000;
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The time of day of a moment, UTC: `14:05:12`.
pub(super) fn clock(moment_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(moment_ms).map_or_else(
        |_| String::new(),
        |moment| moment.strftime("%H:%M:%S").to_string(),
    )
}

/// Money in few characters, for narrow columns: `$0.0012`, `$0.42`, `$12.30`, `$1.2k`.
pub(super) fn money(nanos: u64) -> String {
    let dollars = nanos / 1_000_000_000;
    if dollars >= 1_000 {
        return format!("${}", count(dollars));
    }
    let rest = nanos % 1_000_000_000;
    if nanos > 0 && nanos < 100_000 {
        "<$.0001".to_owned()
    } else if nanos > 0 && nanos < 10_000_000 {
        format!("$0.{:04}", rest / 100_000)
    } else {
        format!("${dollars}.{:02}", rest / 10_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Colour;
    use crate::top::skin::Alphabet;

    #[test]
    fn numbers_take_few_columns() {
        let counts = [0, 999, 1_000, 9_999, 12_345, 5_600_000, u64::MAX].map(count);
        assert_eq!(counts.join(" "), "0 999 1.0k 9.9k 12k 5.6M 18446744T");
        let times = [0, 850, 12_900, 1_850_000, 42_000_000, 185_000_000].map(took);
        assert_eq!(times.join(", "), "0, 850us, 12ms, 1.8s, 42s, 3m 5s");
        let sums = [
            0,
            35_000,
            1_200_000,
            420_000_000,
            12_300_000_000,
            1_200_000_000_000,
        ]
        .map(money);
        assert_eq!(sums.join(" "), "$0.00 <$.0001 $0.0012 $0.42 $12.30 $1.2k");
        assert_eq!([3, 99, 412, 12_000].map(rate).join(" "), "0.3 9.9 41 1.2k");
        let left = [-5, 0, 1, 9_900, 10_000, 65_000].map(|ms| until(0, ms));
        assert_eq!(left.join(", "), "now, now, 0.1s, 9.9s, 10s, 1m 5s");
        assert_eq!(
            [0, 4_000, 7_200_000].map(|ms| ago(ms, 0)).join(" "),
            "now 4s 2h"
        );
        assert_eq!(clock(1_000), "00:00:01");
    }

    #[test]
    fn wide_letters_are_cut_whole() {
        let skin = Skin::new(Colour::Off, Alphabet::Unicode);
        assert_eq!(cut("漢字漢字", 8, &skin), "漢字漢字");
        assert_eq!(cut("漢字漢字", 6, &skin), "漢字…");
        assert_eq!(cut("漢字", 1, &skin), "…");
        assert_eq!(cut("漢字", 0, &skin), "");
        let line = Line::from(vec![Span::raw("abc"), Span::raw("def")]);
        assert_eq!(cut_line(line.clone(), 3, &skin).to_string(), "ab…");
        assert_eq!(cut_line(line.clone(), 5, &skin).to_string(), "abcd…");
        assert_eq!(cut_line(line, 6, &skin).to_string(), "abcdef");
    }

    #[test]
    fn wrapped_lines_break_between_words_and_keep_their_margin() {
        let wrapped = |text: &'static str, columns, hang| {
            let lines = wrap(Line::raw(text), columns, hang);
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(wrapped("  one two three", 10, 2), ["  one two", "  three"]);
        assert_eq!(wrapped("one two", 7, 3), ["one two"]);
        assert_eq!(wrapped("abcdef gh", 4, 1), ["abcd", " ef", " gh"]);
        assert_eq!(wrapped("漢字", 1, 0), ["漢", "字"]);
        assert_eq!(wrapped("", 0, 0), [""]);
    }
}
