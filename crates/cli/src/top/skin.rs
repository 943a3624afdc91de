//! How the view looks on this terminal: which colours, which characters.
//!
//! Only the terminal's own sixteen colours are used, so that its theme, dark or light, decides what they look like.

use crate::output::{Colour, Tone};
use portunus_core::unseen::is_unseen;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// The characters that draw things.
#[derive(Debug)]
pub(crate) struct Glyphs {
    /// Frames of panels.
    pub(crate) frame: border::Set<'static>,
    /// The spent part of a bar.
    pub(crate) spent: &'static str,
    /// Half a step of it.
    pub(crate) half: &'static str,
    /// The rest of a bar.
    pub(crate) free: &'static str,
    /// Heights of a column in a history, from empty to full.
    pub(crate) heights: &'static [&'static str],
    /// Stands where text was cut.
    pub(crate) cut: &'static str,
    /// From one key to the next.
    pub(crate) then: &'static str,
    /// A sign of life.
    pub(crate) dot: &'static str,
    /// No sign of life.
    pub(crate) ring: &'static str,
    /// Between two facts.
    pub(crate) between: &'static str,
    /// Downwards: the usual order.
    pub(crate) down: &'static str,
    /// Upwards: the order turned round.
    pub(crate) up: &'static str,
    /// Nothing to show.
    pub(crate) none: &'static str,
}

/// For terminals whose locale is UTF-8.
static UNICODE: Glyphs = Glyphs {
    frame: border::ROUNDED,
    spent: "━",
    half: "╸",
    free: "─",
    heights: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    cut: "…",
    then: "→",
    dot: "●",
    ring: "○",
    between: "·",
    down: "↓",
    up: "↑",
    none: "–",
};

/// For all others.
static ASCII: Glyphs = Glyphs {
    frame: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    spent: "#",
    half: "+",
    free: ".",
    heights: &[" ", ".", ":", "-", "=", "+", "*", "#", "@"],
    cut: "~",
    then: ">",
    dot: "*",
    ring: "o",
    between: "|",
    down: "v",
    up: "^",
    none: "-",
};

/// What characters the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Unicode.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// Colours and characters together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skin {
    colour: Colour,
    alphabet: Alphabet,
}

impl Skin {
    /// From what is known.
    pub(crate) const fn new(colour: Colour, alphabet: Alphabet) -> Self {
        Self { colour, alphabet }
    }

    /// From the environment: `NO_COLOR`, `TERM` and the locale.
    pub(crate) fn of_environment() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let terminal = variable("TERM");
        // The terminals of that family, and what calls itself one, have no colours.
        let colour = if terminal.starts_with("vt") {
            Colour::Off
        } else {
            Colour::of(&std::io::stdout())
        };
        Self::new(colour, alphabet(variable))
    }

    /// The characters.
    pub(crate) const fn glyphs(&self) -> &'static Glyphs {
        match self.alphabet {
            Alphabet::Unicode => &UNICODE,
            Alphabet::Ascii => &ASCII,
        }
    }

    /// Text from elsewhere as it may be shown: nothing in it steers the terminal or turns its direction.
    pub(crate) fn safe(&self, text: &str) -> String {
        let mut safe = String::with_capacity(text.len());
        for letter in text.chars() {
            let shown = match self.alphabet {
                Alphabet::Unicode => !is_unseen(letter),
                Alphabet::Ascii => letter == ' ' || letter.is_ascii_graphic(),
            };
            if shown {
                safe.push(letter);
            } else {
                safe.extend(letter.escape_unicode());
            }
        }
        safe
    }

    /// The style of a meaning.
    pub(crate) fn tone(&self, tone: Tone) -> Style {
        let style = Style::new();
        match (tone, self.colour) {
            (Tone::Plain, _) | (Tone::Good, Colour::Off) => style,
            (Tone::Faint, _) => style.add_modifier(Modifier::DIM),
            (Tone::Warn, Colour::Off) => style.add_modifier(Modifier::BOLD),
            (Tone::Bad, Colour::Off) => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            (Tone::Good, Colour::On) => style.fg(Color::Green),
            (Tone::Warn, Colour::On) => style.fg(Color::Yellow),
            (Tone::Bad, Colour::On) => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// What names things: headings, and keys to press.
    pub(crate) fn accent(&self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        match self.colour {
            Colour::On => style.fg(Color::Cyan),
            Colour::Off => style,
        }
    }

    /// The chosen row.
    pub(crate) fn chosen(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

/// What the locale says; without one it is ASCII, as for every program.
fn alphabet(variable: impl Fn(&str) -> String) -> Alphabet {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") {
        Alphabet::Unicode
    } else {
        Alphabet::Ascii
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_alphabet() {
        let of = |set: &[(&str, &str)]| {
            alphabet(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map_or_else(String::new, |(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Alphabet::Ascii);
        assert_eq!(of(&[("LANG", "en_US.UTF-8")]), Alphabet::Unicode);
        assert_eq!(of(&[("LANG", "C.utf8"), ("LC_ALL", "C")]), Alphabet::Ascii);
        assert_eq!(of(&[("LC_CTYPE", "UTF-8")]), Alphabet::Unicode);
    }

    #[test]
    fn what_steers_a_terminal_is_shown_as_its_code() {
        let unicode = Skin::new(Colour::On, Alphabet::Unicode);
        assert_eq!(
            unicode.safe("a\u{1b}[2J\u{202e}b é 漢"),
            "a\\u{1b}[2J\\u{202e}b é 漢"
        );
        let ascii = Skin::new(Colour::On, Alphabet::Ascii);
        assert_eq!(ascii.safe("aé"), "a\\u{e9}");
    }
}
