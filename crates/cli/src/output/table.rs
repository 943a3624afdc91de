//! Tables for people: aligned columns, colour by meaning. Columns of free text wrap to the terminal between words;
//! names, ids and moments stay whole, so that they can be copied, and the line is longer than the terminal if it must be.

use super::{Colour, plain};
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Width};

/// Fewest columns of a terminal that tables are wrapped to.
const NARROWEST: u16 = 60;

/// Letters of free text that stand in one line before it is wrapped.
const SHORTEST: usize = 24;

/// Blanks around each cell, together.
const PADDING: usize = 2;

/// What a cell means; decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// As it should be.
    Good,
    /// Worth a look; passes by itself.
    Warn,
    /// Needs a person.
    Bad,
    /// Less important than the rest.
    Faint,
}

/// Columns of the terminal that standard output is, if it is one and they are enough to wrap lines to.
pub(crate) fn columns() -> Option<usize> {
    terminal().map(usize::from)
}

fn terminal() -> Option<u16> {
    let columns = comfy_table::Table::new().width();
    // Some terminals say that they have no columns; wrapping to that would write one letter a line.
    columns.filter(|columns| *columns >= NARROWEST)
}

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    inner: comfy_table::Table,
    colour: Colour,
    columns: Vec<Column>,
}

/// What decides how wide a column is.
#[derive(Clone, Debug)]
struct Column {
    heading: String,
    /// Whether its text may be wrapped.
    wraps: bool,
    /// The letters of its longest cell.
    longest: usize,
    /// The letters of its longest word.
    longest_word: usize,
}

impl Column {
    fn new(heading: &str) -> Self {
        let mut column = Self {
            heading: heading.to_owned(),
            wraps: false,
            longest: 0,
            longest_word: 0,
        };
        column.take(heading);
        column
    }

    fn take(&mut self, text: &str) {
        let letters = |text: &str| text.chars().count();
        let line = text.lines().map(letters).max().unwrap_or(0);
        let word = text.split_whitespace().map(letters).max().unwrap_or(0);
        self.longest = self.longest.max(line);
        self.longest_word = self.longest_word.max(word);
    }

    fn constraint(&self) -> ColumnConstraint {
        if !self.wraps {
            return ColumnConstraint::ContentWidth;
        }
        let least = self.longest_word.max(SHORTEST).min(self.longest);
        let least = u16::try_from(least.saturating_add(PADDING)).unwrap_or(u16::MAX);
        ColumnConstraint::LowerBoundary(Width::Fixed(least))
    }
}

impl Table {
    /// A table with these column headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self::within(headings, terminal())
    }

    /// A table for a terminal of so many columns, or for what has no end of the line.
    fn within(headings: &[&str], terminal: Option<u16>) -> Self {
        let colour = Colour::of(&std::io::stdout());
        let mut inner = comfy_table::Table::new();
        inner.load_style(NOTHING);
        if colour == Colour::On {
            inner.enforce_styling();
        } else {
            inner.force_no_tty();
        }
        match terminal {
            Some(columns) => inner
                .set_width(columns)
                .set_content_arrangement(ContentArrangement::Dynamic),
            None => inner.set_content_arrangement(ContentArrangement::Disabled),
        };
        let columns = headings.iter().map(|text| Column::new(text)).collect();
        let mut table = Self {
            inner,
            colour,
            columns,
        };
        let heading = headings.iter().map(|text| table.cell(text, Tone::Faint));
        let heading: Vec<Cell> = heading.collect();
        table.inner.set_header(heading);
        table
    }

    /// The column of this heading has free text, which may be wrapped between words.
    pub(crate) fn wrapping(mut self, heading: &str) -> Self {
        let columns = self.columns.iter_mut();
        for column in columns.filter(|column| column.heading == heading) {
            column.wraps = true;
        }
        self
    }

    fn cell(&self, text: &str, tone: Tone) -> Cell {
        let cell = Cell::new(plain(text));
        if self.colour == Colour::Off {
            return cell;
        }
        match tone {
            Tone::Plain => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Warn => cell.fg(Color::Yellow),
            Tone::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
            Tone::Faint => cell.add_attribute(Attribute::Dim),
        }
    }

    /// Adds a row.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = (&'a str, Tone)>) {
        let mut row = Vec::new();
        for (at, (text, tone)) in cells.into_iter().enumerate() {
            if let Some(column) = self.columns.get_mut(at) {
                column.take(&plain(text));
            }
            row.push(self.cell(text, tone));
        }
        self.inner.add_row(row);
    }

    /// Adds a row without meaning in its colours.
    pub(crate) fn plain_row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.row(cells.into_iter().map(|text| (text, Tone::Plain)));
    }

    /// The table as lines, without blanks at their ends.
    pub(crate) fn render(&self) -> String {
        let mut inner = self.inner.clone();
        inner.set_constraints(self.columns.iter().map(Column::constraint));
        inner.lines().fold(String::new(), |mut text, line| {
            text.push_str(line.trim_end());
            text.push('\n');
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_stays_whole_and_free_text_wraps_between_words() {
        let id = "ntf_2nFr0cJ7cQ8m5hQX3GjTlV";
        let at = "2026-11-22 13:21:32Z";
        let link = "https://ci.example/a/long/way/down/7";
        let what = format!("the nightly build failed again, look at {link} before you go home");
        let mut table = Table::within(&["ID", "WHEN", "WHAT"], Some(80)).wrapping("WHAT");
        table.plain_row([id, at, &what]);
        let text = table.render();
        for whole in [id, at, link] {
            assert!(text.contains(whole), "{text}");
        }
        assert!(text.lines().count() > 3, "{text}");
        let short = |line: &str| line.chars().count() <= 26 + 20 + 36 + 3 * PADDING;
        assert!(text.lines().all(short), "{text}");
    }

    #[test]
    fn a_line_is_longer_than_the_terminal_rather_than_cut() {
        let mut table = Table::within(&["ID", "KID", "WHAT"], Some(60)).wrapping("WHAT");
        let (id, kid) = ("a".repeat(40), "b".repeat(40));
        table.plain_row([id.as_str(), &kid, "short"]);
        let text = table.render();
        let line = format!(" {id}  {kid}  short\n");
        assert!(text.ends_with(&line), "{text}");
    }
}
