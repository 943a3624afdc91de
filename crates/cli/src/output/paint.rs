//! Colour for lines that are no table.

use super::{Colour, Tone, plain};

/// Puts text into the colour of its meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) Colour);

impl Paint {
    /// The text, harmless for the terminal and in its colour.
    pub(crate) fn text(self, text: &str, tone: Tone) -> String {
        let text = plain(text);
        let code = match (self.0, tone) {
            (Colour::Off, _) | (_, Tone::Plain) => return text,
            (Colour::On, Tone::Good) => "32",
            (Colour::On, Tone::Warn) => "33",
            (Colour::On, Tone::Bad) => "1;31",
            (Colour::On, Tone::Faint) => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_only() {
        assert_eq!(Paint(Colour::Off).text("a\u{1b}", Tone::Bad), "a\\u{1b}");
        assert_eq!(
            Paint(Colour::On).text("a", Tone::Good),
            "\u{1b}[32ma\u{1b}[0m"
        );
    }
}
