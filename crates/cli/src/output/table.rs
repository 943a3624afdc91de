//! Tables for people: aligned columns, colour by meaning, wrapped to the terminal.

use super::{Colour, plain};
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ContentArrangement};

/// Fewest columns of a terminal that tables are wrapped to.
const NARROWEST: u16 = 60;

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
    let columns = comfy_table::Table::new().width();
    columns
        .filter(|columns| *columns >= NARROWEST)
        .map(usize::from)
}

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    inner: comfy_table::Table,
    colour: Colour,
}

impl Table {
    /// A table with these column headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let colour = Colour::of(&std::io::stdout());
        let mut inner = comfy_table::Table::new();
        inner.load_style(NOTHING);
        inner.set_content_arrangement(ContentArrangement::Dynamic);
        if colour == Colour::On {
            inner.enforce_styling();
        } else {
            inner.force_no_tty();
        }
        // Some terminals say that they have no columns; wrapping to that would write one letter a line.
        if columns().is_none() {
            inner.set_content_arrangement(ContentArrangement::Disabled);
        }
        let mut table = Self { inner, colour };
        let heading = headings.iter().map(|text| table.cell(text, Tone::Faint));
        let heading: Vec<Cell> = heading.collect();
        table.inner.set_header(heading);
        table
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
        let cells: Vec<Cell> = cells
            .into_iter()
            .map(|(text, tone)| self.cell(text, tone))
            .collect();
        self.inner.add_row(cells);
    }

    /// Adds a row without meaning in its colours.
    pub(crate) fn plain_row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.row(cells.into_iter().map(|text| (text, Tone::Plain)));
    }

    /// The table as lines, without blanks at their ends.
    pub(crate) fn render(&self) -> String {
        self.inner.lines().fold(String::new(), |mut text, line| {
            text.push_str(line.trim_end());
            text.push('\n');
            text
        })
    }
}
