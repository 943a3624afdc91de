//! The story: one line per happening, with the time since the start. It goes to standard output, with colours only for
//! people, or to the screen that a person watches.

use crate::output::{Colour, table};
use crate::top::Message;
pub(super) use crate::top::story::Mood;
use crate::top::story::{Line, Score};
use std::io::{self, Write};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// Tells the story. A reader that went away is no reason to stop.
#[derive(Clone)]
pub(super) struct Voice {
    began: Instant,
    coloured: bool,
    /// Columns of the terminal; none when nobody looks at one, and lines are then left whole.
    columns: Option<usize>,
    /// The screen, if there is one.
    screen: Option<UnboundedSender<Message>>,
}

/// Columns before what a line says: the time and who.
const MARGIN: usize = 19;

impl Voice {
    /// Counts the time from now; tells it to `screen` if there is one.
    pub(super) fn new(screen: Option<UnboundedSender<Message>>) -> Self {
        Self {
            began: Instant::now(),
            coloured: Colour::of(&io::stdout()) == Colour::On,
            columns: table::columns(),
            screen,
        }
    }

    /// One line of the story.
    pub(super) fn say(&self, mood: Mood, who: &str, what: &str) {
        let line = Line {
            at_tenths: u64::try_from(self.began.elapsed().as_millis() / 100).unwrap_or(u64::MAX),
            mood,
            who: who.to_owned(),
            what: what.to_owned(),
        };
        match &self.screen {
            Some(screen) => {
                let _ = screen.send(Message::Story(line));
            }
            None => self.write(&line),
        }
    }

    /// What the clients counted so far, for those who watch.
    pub(super) fn score(&self, score: Score) {
        if let Some(screen) = &self.screen {
            let _ = screen.send(Message::Score(score));
        }
    }

    /// Writes a line of the story to standard output.
    pub(super) fn write(&self, line: &Line) {
        let what = &line.what;
        self.line(&format!(
            "{:>6}s  {}  {}",
            format!("{}.{}", line.at_tenths / 10, line.at_tenths % 10),
            self.paint(line.mood, &format!("{:<8}", line.who)),
            self.columns
                .map_or_else(|| what.clone(), |columns| wrap(what, columns)),
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
