//! The story on the terminal: one line per happening, with the time since the start; colours only for people.

use crate::output::{Colour, table};
use std::io::{self, Write};
use std::time::Instant;

/// How a line should feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// As expected.
    Plain,
    /// The plane did its work.
    Good,
    /// The provider makes trouble.
    Trouble,
    /// A client saw it.
    Bad,
}

/// Writes lines to standard output. A reader that went away is no reason to stop.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    began: Instant,
    coloured: bool,
    /// Columns of the terminal; none when nobody looks at one, and lines are then left whole.
    columns: Option<usize>,
}

/// Columns before what a line says: the time and who.
const MARGIN: usize = 19;

impl Voice {
    /// Counts the time from now.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            coloured: Colour::of(&io::stdout()) == Colour::On,
            columns: table::columns(),
        }
    }

    /// One line of the story.
    pub(super) fn say(&self, mood: Mood, who: &str, what: &str) {
        let at = self.began.elapsed().as_secs_f64();
        self.line(&format!(
            "{at:6.1}s  {}  {}",
            self.paint(mood, &format!("{who:<8}")),
            self.columns
                .map_or_else(|| what.to_owned(), |columns| wrap(what, columns)),
        ));
    }

    /// A line outside the story.
    pub(super) fn line(&self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Text in the colour of a mood.
    pub(super) fn paint(&self, mood: Mood, text: &str) -> String {
        let code = match mood {
            Mood::Plain => return text.to_owned(),
            Mood::Good => 32,
            Mood::Trouble => 33,
            Mood::Bad => 31,
        };
        if self.coloured {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Words in lines that end before the last of `columns`; all but the first begin at the margin.
fn wrap(what: &str, columns: usize) -> String {
    let mut text = String::new();
    let mut used = MARGIN;
    for word in what.split(' ') {
        let length = word.chars().count();
        if used > MARGIN && used + 1 + length > columns {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', MARGIN));
            used = MARGIN;
        } else if used > MARGIN {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_at_the_margin() {
        let margin = " ".repeat(MARGIN);
        assert_eq!(wrap("one two three", 28), format!("one two\n{margin}three"));
        assert_eq!(wrap("one two three", 80), "one two three");
    }
}
