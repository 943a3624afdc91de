//! What stands in front of the panels: a frame, a title, wrapped lines that can be scrolled.

use super::text::{cut, cut_line, wrap};
use super::{Ink, detail, help};
use crate::output::Tone;
use crate::top::model::{Model, Open};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Widget};

/// Widest that text is comfortable to read at, with its frame.
const WIDEST: u16 = 104;

/// One paragraph.
pub(super) enum Paragraph {
    /// Wrapped to the width; lines after the first begin so many columns in.
    Words(Line<'static>, usize),
    /// Cut at the width; columns would not survive wrapping.
    Row(Line<'static>),
}

impl Paragraph {
    /// Text in one style.
    pub(super) fn text(text: impl Into<String>, style: Style) -> Self {
        Self::Words(Line::from(Span::styled(text.into(), style)), 0)
    }

    /// An empty line.
    pub(super) fn gap() -> Self {
        Self::Row(Line::default())
    }
}

/// Draws what is open. Answers how many lines can be scrolled.
pub(super) fn draw(model: &Model, screen: Rect, buffer: &mut Buffer, ink: &Ink<'_>) -> usize {
    let Some(open) = &model.open else {
        return 0;
    };
    let (title, paragraphs) = match open {
        Open::Help => ("Help".to_owned(), help::paragraphs(ink)),
        Open::Key(id) => match model.keys.iter().find(|key| key.id == *id) {
            Some(key) => (format!("Key {}", key.name), detail::key(key, ink)),
            None => gone("Key"),
        },
        Open::Agent(name) => match model.agents.iter().find(|agent| agent.name == *name) {
            Some(agent) => (
                format!("Agent {}", agent.called()),
                detail::agent(agent, &model.decisions, ink),
            ),
            None => gone("Agent"),
        },
        Open::Post(row) => (format!("From {}", row.from), detail::post(row, ink)),
        Open::Decision(row) => (format!("Request {}", row.id), detail::decision(row, ink)),
    };
    let small = screen.width < 40 || screen.height < 10;
    let room = Rect {
        x: screen.x + if small { 0 } else { 2 },
        y: screen.y + u16::from(!small),
        width: screen.width - if small { 0 } else { 4 },
        height: screen.height - if small { 0 } else { 3 },
    };
    let width = room.width.min(WIDEST);
    let lines = lines(paragraphs, usize::from(width.saturating_sub(4)), ink);
    let wanted = u16::try_from(lines.len().saturating_add(2)).unwrap_or(u16::MAX);
    let height = room.height.min(wanted);
    let area = Rect {
        x: room.x + (room.width - width) / 2,
        y: room.y + (room.height - height) / 2,
        width,
        height,
    };
    frame(&title, area, buffer, ink);
    fill(&lines, model.scrolled, area, buffer, ink)
}

fn gone(what: &str) -> (String, Vec<Paragraph>) {
    let words = "It is no longer there.";
    (what.to_owned(), vec![Paragraph::text(words, Style::new())])
}

fn frame(title: &str, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    Clear.render(area, buffer);
    Block::new()
        .borders(Borders::ALL)
        .border_set(ink.skin.glyphs().frame)
        .border_style(ink.skin.accent())
        .render(area, buffer);
    let room = usize::from(area.width.saturating_sub(6));
    let title = cut(&ink.skin.safe(title), room, ink.skin);
    if area.width > 8 && area.height > 0 {
        let title = Line::styled(format!(" {title} "), ink.skin.accent());
        buffer.set_line(area.x + 2, area.y, &title, area.width - 4);
    }
}

/// Writes the lines in sight and answers how far they can be scrolled.
fn fill(
    lines: &[Line<'static>],
    scrolled: usize,
    area: Rect,
    buffer: &mut Buffer,
    ink: &Ink<'_>,
) -> usize {
    let inside = Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    if inside.is_empty() {
        return 0;
    }
    let limit = lines.len().saturating_sub(usize::from(inside.height));
    let from = scrolled.min(limit);
    for (line, row) in lines.iter().skip(from).zip(inside.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    let below = limit - from;
    if below > 0 && area.width > 20 {
        let words = format!(" {below} more {} ", ink.skin.glyphs().down);
        let words = Line::styled(words, ink.skin.tone(Tone::Warn));
        let columns = u16::try_from(words.width()).unwrap_or(0);
        let x = area.right().saturating_sub(columns + 2);
        buffer.set_line(x, area.bottom() - 1, &words, columns);
    }
    limit
}

fn lines(paragraphs: Vec<Paragraph>, columns: usize, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        match paragraph {
            Paragraph::Row(line) => lines.push(cut_line(line, columns, ink.skin)),
            Paragraph::Words(line, hang) => lines.extend(wrap(line, columns, hang)),
        }
    }
    lines
}
