//! Text that `output::paint` has coloured for a terminal, as a line of the view.

use crate::output::Tone;
use crate::top::skin::Skin;
use ratatui::text::{Line, Span};

/// What begins and ends the code of a colour.
const BEGIN: &str = "\u{1b}[";
const END: char = 'm';

/// One line. Whatever else in it would steer the terminal is shown as its code.
pub(super) fn line(text: &str, skin: &Skin) -> Line<'static> {
    let mut pieces = text.split(BEGIN);
    let mut spans = Vec::new();
    if let Some(first) = pieces.next() {
        spans.push(Span::raw(skin.safe(first)));
    }
    for piece in pieces {
        let (code, words) = piece.split_once(END).unwrap_or(("", piece));
        let style = skin.tone(tone(code));
        spans.push(Span::styled(skin.safe(words), style));
    }
    spans.retain(|span| !span.content.is_empty());
    Line::from(spans)
}

/// The meaning that a code was written for.
fn tone(code: &str) -> Tone {
    match code {
        "32" => Tone::Good,
        "33" => Tone::Warn,
        "1;31" => Tone::Bad,
        "2" => Tone::Faint,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Colour;
    use crate::output::paint::Paint;
    use crate::top::skin::Alphabet;

    #[test]
    fn every_colour_of_the_paint_is_known() {
        let skin = Skin::new(Colour::On, Alphabet::Unicode);
        for tone in [Tone::Plain, Tone::Good, Tone::Warn, Tone::Bad, Tone::Faint] {
            let painted = format!("a {}", Paint(Colour::On).text("b\u{1b}[2J", tone));
            let line = line(&painted, &skin);
            assert_eq!(line.to_string(), "a b\\u{1b}[2J");
            let last = line.spans.last().unwrap();
            assert_eq!(last.style, skin.tone(tone), "{tone:?}");
        }
    }
}
