//! The frame of a panel: its name, how it is sorted and narrowed, how many rows it has.

use super::Ink;
use super::text::{cut_line, width};
use crate::output::Tone;
use crate::top::list::{Direction, List, Listed};
use crate::top::model::{Model, Panel};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Widget};

/// Below this many lines a frame would leave nothing inside.
const FRAMED: u16 = 4;

/// Draws a frame and answers what is inside. A panel without room for one has its name in nothing but the header.
pub(super) fn frame(
    model: &Model,
    panel: Panel,
    notes: Vec<Span<'static>>,
    area: Rect,
    buffer: &mut Buffer,
    ink: &Ink<'_>,
) -> Rect {
    if area.height < FRAMED || area.width < 24 {
        return area;
    }
    let focused = model.focus == panel;
    let style = if focused {
        ink.skin.accent()
    } else {
        ink.skin.tone(Tone::Faint)
    };
    let block = Block::new()
        .borders(Borders::ALL)
        .border_set(ink.skin.glyphs().frame)
        .border_style(style);
    let inside = block.inner(area);
    block.render(area, buffer);
    let room = usize::from(area.width.saturating_sub(4));
    let name_style = if focused {
        ink.skin.accent()
    } else {
        ratatui::style::Style::new()
    };
    let mut title = vec![Span::styled(format!(" {} ", name(panel)), name_style)];
    title.extend(notes);
    let title = cut_line(Line::from(title), room, ink.skin);
    let columns = u16::try_from(title.width()).unwrap_or(area.width);
    buffer.set_line(area.x.saturating_add(2), area.y, &title, columns);
    // One column of air on both sides.
    Rect {
        x: inside.x.saturating_add(1),
        width: inside.width.saturating_sub(2),
        ..inside
    }
}

const fn name(panel: Panel) -> &'static str {
    match panel {
        Panel::Keys => "Keys",
        Panel::Agents => "Agents",
        Panel::Decisions => "Decisions",
        Panel::Posts => "Messages",
        Panel::Story => "What happens",
    }
}

/// `12  by trouble ↓  /amber`: how many rows, their order, and what they are narrowed to.
pub(super) fn notes<R: Listed>(
    list: &List,
    shown: usize,
    all: usize,
    typed: Option<&str>,
    ink: &Ink<'_>,
) -> Vec<Span<'static>> {
    let glyphs = ink.skin.glyphs();
    let arrow = match list.direction() {
        Direction::Usual => glyphs.down,
        Direction::Reversed => glyphs.up,
    };
    let count = if shown == all {
        all.to_string()
    } else {
        format!("{shown} of {all}")
    };
    let faint = ink.skin.tone(Tone::Faint);
    let mut notes = vec![Span::styled(
        format!(
            "{count} {} {} {arrow} ",
            glyphs.between,
            list.sort_name::<R>()
        ),
        faint,
    )];
    let filter = typed.unwrap_or_else(|| list.filter());
    if typed.is_some() || !filter.is_empty() {
        let cursor = if typed.is_some() { "_" } else { "" };
        let text = format!("/{}{cursor} ", ink.skin.safe(filter));
        notes.push(Span::styled(text, ink.skin.accent()));
    }
    notes
}

/// The filter that is being typed into this panel.
pub(super) fn typed(model: &Model, panel: Panel) -> Option<&str> {
    model.typing.as_deref().filter(|_| model.focus == panel)
}

/// A word in the middle of an empty panel.
pub(super) fn empty(words: &str, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let columns = u16::try_from(width(words)).unwrap_or(u16::MAX);
    let line = Rect {
        x: area
            .x
            .saturating_add(area.width.saturating_sub(columns) / 2),
        y: area.y.saturating_add(area.height / 2),
        width: columns.min(area.width),
        height: area.height.min(1),
    };
    if !line.is_empty() {
        let text = Line::styled(words.to_owned(), ink.skin.tone(Tone::Faint));
        let text = cut_line(text, usize::from(line.width), ink.skin);
        buffer.set_line(line.x, line.y, &text, line.width);
    }
}
