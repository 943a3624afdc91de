//! The last line: the keys that matter here, most important first.

use super::Ink;
use super::text::width;
use crate::output::Tone;
use crate::top::command::Mode;
use crate::top::model::{Model, Pace};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws as many as fit.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    if area.is_empty() {
        return;
    }
    let pause = match model.pace {
        Pace::Moving => "pause",
        Pace::Paused => "go on",
    };
    let keys: &[(&str, &str)] = match model.mode() {
        Mode::Typing => &[("Enter", "keep filter"), ("Esc", "drop it")],
        Mode::Reading => &[("Esc", "close"), ("j k", "scroll")],
        Mode::Panels => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "panel"),
            ("j k", "row"),
            ("Enter", "open"),
            ("s", "sort"),
            ("r", "reverse"),
            ("/", "filter"),
            ("p", pause),
        ],
    };
    let mut spans = Vec::new();
    let mut left = usize::from(area.width.saturating_sub(1));
    for (key, words) in keys {
        let needed = width(key) + width(words) + 3;
        if needed > left {
            break;
        }
        left -= needed;
        spans.push(Span::styled((*key).to_owned(), ink.skin.accent()));
        spans.push(Span::styled(
            format!(" {words}  "),
            ink.skin.tone(Tone::Faint),
        ));
    }
    if area.width > 1 {
        buffer.set_line(area.x + 1, area.y, &Line::from(spans), area.width - 1);
    }
}
