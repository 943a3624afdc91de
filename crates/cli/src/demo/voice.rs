//! The story on the terminal: one line per happening, with the time since the start; colours only for people.

use std::io::{self, IsTerminal, Write};
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
}

impl Voice {
    /// Counts the time from now.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            coloured: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// One line of the story.
    pub(super) fn say(&self, mood: Mood, who: &str, what: &str) {
        let at = self.began.elapsed().as_secs_f64();
        self.line(&format!(
            "{at:6.1}s  {}  {what}",
            self.paint(mood, &format!("{who:<8}"))
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
