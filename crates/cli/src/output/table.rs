//! Tables for people: aligned columns, colour by meaning. Columns of free text wrap to the terminal between words;
//! names, ids and moments stay whole, so that they can be copied. In a narrow terminal columns that matter least are left out,
//! which is said; the line is longer than the terminal if it must be.

use super::paint::Paint;
use super::{Colour, one_line};
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Width};

/// Fewest columns of a terminal that tables are wrapped to.
const NARROWEST: u16 = 40;

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
    /// Columns of the terminal, where there is one.
    room: Option<usize>,
}

/// What decides how wide a column is.
#[derive(Clone, Debug)]
struct Column {
    heading: String,
    /// Whether its text may be wrapped.
    wraps: bool,
    /// How many others are left out before it, if it may be left out.
    gives_way: Option<usize>,
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
            gives_way: None,
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

    /// How many letters of the line it takes at least.
    fn least(&self) -> usize {
        let letters = match self.wraps {
            true => self.longest_word.max(SHORTEST).min(self.longest),
            false => self.longest,
        };
        letters.saturating_add(PADDING)
    }

    fn constraint(&self) -> ColumnConstraint {
        if !self.wraps {
            return ColumnConstraint::ContentWidth;
        }
        let least = u16::try_from(self.least()).unwrap_or(u16::MAX);
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
            room: terminal.map(usize::from),
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

    /// The columns of these headings are left out where there is no room for all, the first of them first.
    pub(crate) fn giving_way(mut self, headings: &[&str]) -> Self {
        for column in &mut self.columns {
            let heading = column.heading.trim();
            column.gives_way = headings.iter().position(|gives_way| *gives_way == heading);
        }
        self
    }

    /// The columns for which there is no room, in the order in which they give way.
    fn without_room(&self) -> Vec<&Column> {
        let mut gone = Vec::new();
        let Some(room) = self.room else {
            return gone;
        };
        let mut needed: usize = self.columns.iter().map(Column::least).sum();
        let may_go = self
            .columns
            .iter()
            .filter(|column| column.gives_way.is_some());
        let mut may_go: Vec<&Column> = may_go.collect();
        may_go.sort_by_key(|column| column.gives_way);
        for column in may_go {
            // The last column has a blank at its end that nobody sees.
            if needed <= room.saturating_add(1) {
                break;
            }
            needed = needed.saturating_sub(column.least());
            gone.push(column);
        }
        // What matters more was wider perhaps than what there was no room for: what fits beside the others comes back.
        for at in (0..gone.len()).rev() {
            let least = gone.get(at).map_or(0, |column| column.least());
            if needed.saturating_add(least) <= room.saturating_add(1) {
                needed = needed.saturating_add(least);
                gone.remove(at);
            }
        }
        gone
    }

    /// What is not shown, in lines that fit.
    fn told(&self, gone: &[&str]) -> String {
        let words = format!("No room for {}; --json has all.", gone.join(", "));
        let room = self.room.unwrap_or(usize::MAX);
        let mut lines = vec![String::new()];
        for word in words.split(' ') {
            let line = lines.last().map_or(0, |line| line.chars().count());
            if line > 0 && line + 1 + word.chars().count() > room {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(' ');
                line.push_str(word);
            }
        }
        let paint = Paint(self.colour);
        let lines = lines
            .iter()
            .map(|line| paint.text(line, Tone::Faint) + "\n");
        lines.collect()
    }

    fn cell(&self, text: &str, tone: Tone) -> Cell {
        let cell = Cell::new(one_line(text));
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
                column.take(&one_line(text));
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
        let gone = self.without_room();
        let gone: Vec<&str> = gone.iter().map(|column| column.heading.trim()).collect();
        let mut inner = self.inner.clone();
        inner.set_constraints(self.columns.iter().map(|column| {
            match gone.contains(&column.heading.trim()) {
                true => ColumnConstraint::Hidden,
                false => column.constraint(),
            }
        }));
        let mut text = inner.lines().fold(String::new(), |mut text, line| {
            text.push_str(line.trim_end());
            text.push('\n');
            text
        });
        if !gone.is_empty() {
            text.push_str(&self.told(&gone));
        }
        text
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
    fn columns_give_way_in_their_order_and_no_more_than_must() {
        let table = |room| {
            let headings = ["NAME", "EVERY", "ID"];
            let mut table = Table::within(&headings, Some(room)).giving_way(&["ID", "EVERY"]);
            table.plain_row(["a-name-of-twenty-one-", "10m", &"i".repeat(26)]);
            table.render()
        };
        let id = "i".repeat(26);
        assert_eq!(
            table(60),
            format!(" NAME                   EVERY  ID\n a-name-of-twenty-one-  10m    {id}\n")
        );
        assert_eq!(
            table(50),
            " NAME                   EVERY\n a-name-of-twenty-one-  10m\n No room for ID; --json has all.\n"
        );
        assert_eq!(
            table(28),
            " NAME\n a-name-of-twenty-one-\n No room for ID, EVERY;\n --json has all.\n"
        );
        let headings = ["NAME", "N", "LONG", "SAID"];
        let mut table = Table::within(&headings, Some(40)).giving_way(&["N", "LONG"]);
        table.plain_row(["mayor", "7", &"l".repeat(30), "yes"]);
        let text = table.render();
        assert!(text.starts_with(" NAME   N  SAID\n"), "{text}");
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
