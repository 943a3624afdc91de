//! What a demonstration tells: the newest lines at the end, and above them what its clients counted.

use super::text::{cut_line, wrap};
use super::{Ink, panel};
use crate::output::Tone;
use crate::top::model::{Model, Panel, Stage};
use crate::top::story::{Line as Told, Mood};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns before what a line says: the time and whom it is about.
const MARGIN: usize = 18;

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let Some(stage) = &model.stage else {
        return;
    };
    let inside = panel::frame(model, Panel::Story, notes(stage, ink), area, buffer, ink);
    if stage.lines.is_empty() {
        return panel::empty("the curtain rises", inside, buffer, ink);
    }
    let height = usize::from(inside.height);
    // From the newest back, until the panel is full.
    let mut lines: Vec<Line<'static>> = Vec::new();
    for told in stage.lines.iter().rev().skip(stage.scrolled) {
        if lines.len() >= height {
            break;
        }
        lines.extend(
            words(told, usize::from(inside.width), ink)
                .into_iter()
                .rev(),
        );
    }
    lines.truncate(height);
    for (line, row) in lines.into_iter().rev().zip(inside.rows()) {
        let line = cut_line(line, usize::from(row.width), ink.skin);
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}

/// `12 of 20 s · 87 calls · client-visible failures: 0`.
fn notes(stage: &Stage, ink: &Ink<'_>) -> Vec<Span<'static>> {
    let between = ink.skin.glyphs().between;
    let faint = ink.skin.tone(Tone::Faint);
    let failures = stage.score.failures;
    let tone = if failures == 0 { Tone::Good } else { Tone::Bad };
    let mut notes = vec![
        Span::styled(
            format!(
                "{} of {} s {between} {} calls {between} ",
                stage.ran.as_secs(),
                stage.length.as_secs(),
                stage.score.calls
            ),
            faint,
        ),
        Span::styled(
            format!("client-visible failures: {failures} "),
            ink.skin.tone(tone),
        ),
    ];
    if stage.scrolled > 0 {
        let words = format!("{between} {} newer below ", stage.scrolled);
        notes.push(Span::styled(words, ink.skin.accent()));
    }
    notes
}

/// One happening, in as many lines as it takes.
fn words(told: &Told, columns: usize, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let tone = match told.mood {
        Mood::Plain => Tone::Plain,
        Mood::Good => Tone::Good,
        Mood::Trouble => Tone::Warn,
        Mood::Bad => Tone::Bad,
    };
    let at = format!("{}.{}s", told.at_tenths / 10, told.at_tenths % 10);
    let line = Line::from(vec![
        Span::styled(format!("{at:>6}  "), ink.skin.tone(Tone::Faint)),
        Span::styled(
            format!("{:<8}  ", ink.skin.safe(&told.who)),
            ink.skin.tone(tone),
        ),
        Span::raw(ink.skin.safe(&told.what)),
    ]);
    wrap(line, columns, MARGIN)
}
