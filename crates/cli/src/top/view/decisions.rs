//! The last decisions: who asked, which keys were tried, how it ended and how long it took.

use super::agents::tone;
use super::grid::{self, Column, Side, cell};
use super::text::{clock, count, cut, cut_line, money, took, width};
use super::{Ink, panel};
use crate::output::Tone;
use crate::top::model::{Model, Panel};
use crate::top::rows::{DecisionRow, Ending};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const COLUMNS: &[Column<DecisionRow>] = &[
    Column {
        title: "TIME",
        least: 8,
        most: 8,
        rank: 3,
        side: Side::Left,
        cell: |row, _, ink| cell(clock(row.ended_ms()), Tone::Faint, ink),
    },
    Column {
        title: "AGENT",
        least: 8,
        most: 24,
        rank: 0,
        side: Side::Left,
        cell: |row, room, ink| {
            cell(
                cut(&ink.skin.safe(row.called()), room, ink.skin),
                Tone::Plain,
                ink,
            )
        },
    },
    Column {
        title: "MODEL",
        least: 14,
        most: 26,
        rank: 5,
        side: Side::Left,
        cell: |row, room, ink| {
            cell(
                cut(&ink.skin.safe(&row.model), room, ink.skin),
                Tone::Plain,
                ink,
            )
        },
    },
    Column {
        title: "KEYS TRIED",
        least: 12,
        most: 40,
        rank: 1,
        side: Side::Left,
        cell: keys,
    },
    Column {
        title: "ENDED",
        least: 8,
        most: 14,
        rank: 0,
        side: Side::Left,
        cell: |row, room, ink| cell(ended(row, room), tone(row.ending), ink),
    },
    Column {
        title: "WAIT",
        least: 5,
        most: 6,
        rank: 3,
        side: Side::Right,
        cell: |row, _, ink| match row.waited_us {
            0 => cell(ink.skin.glyphs().none, Tone::Faint, ink),
            waited => cell(took(waited), Tone::Warn, ink),
        },
    },
    Column {
        title: "FIRST",
        least: 5,
        most: 6,
        rank: 4,
        side: Side::Right,
        cell: |row, _, ink| match row.first_byte_us {
            Some(micros) => cell(took(micros), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "TOOK",
        least: 5,
        most: 6,
        rank: 2,
        side: Side::Right,
        cell: |row, _, ink| cell(took(row.total_us), Tone::Plain, ink),
    },
    Column {
        title: "TOKENS",
        least: 6,
        most: 7,
        rank: 6,
        side: Side::Right,
        cell: |row, _, ink| match row.tokens {
            Some(tokens) => cell(count(tokens), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "COST",
        least: 7,
        most: 8,
        rank: 7,
        side: Side::Right,
        cell: |row, _, ink| match row.cost_nanos {
            Some(nanos) => cell(money(nanos), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
];

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let shown = model.shown_decisions();
    let list = &model.decision_list;
    let typed = panel::typed(model, Panel::Decisions);
    let notes = panel::notes::<DecisionRow>(list, shown.len(), model.decisions.len(), typed, ink);
    let inside = panel::frame(model, Panel::Decisions, notes, area, buffer, ink);
    if shown.is_empty() {
        let words = match (model.answered, model.decisions.is_empty()) {
            (false, _) => "waiting for the plane",
            (true, true) => "no requests yet",
            (true, false) => "no decision matches",
        };
        return panel::empty(words, inside, buffer, ink);
    }
    let chosen = list
        .position(&shown)
        .filter(|_| model.focus == Panel::Decisions);
    grid::draw(COLUMNS, &shown, chosen, inside, buffer, ink);
}

/// `200`, `429 refused`, `left`: the status that the client saw, and where there is room what there is to say of it.
fn ended(row: &DecisionRow, room: usize) -> String {
    let whole = match (row.status, row.ending) {
        (0, ending) => return ending.word().to_owned(),
        (status, Ending::Served) => return status.to_string(),
        (status, ending) => format!("{status} {}", ending.word()),
    };
    if width(&whole) > room {
        row.status.to_string()
    } else {
        whole
    }
}

/// `amber→birch`: the keys in the order in which they were tried. Where they do not fit, the last of them is kept.
fn keys(row: &DecisionRow, room: usize, ink: &Ink<'_>) -> Line<'static> {
    let then = ink.skin.glyphs().then;
    let Some((last, before)) = row.keys.split_last() else {
        return cell(ink.skin.glyphs().none, Tone::Faint, ink);
    };
    let label = |name: &String| {
        // Which pool it was follows from the request; the label tells keys apart.
        let label = name
            .split_once(':')
            .map_or(name.as_str(), |(_, label)| label);
        ink.skin.safe(label)
    };
    let last = label(last);
    let mut tried = before
        .iter()
        .map(|name| label(name) + then)
        .collect::<String>();
    if !before.is_empty() && width(&tried) + width(&last) > room {
        tried = format!("{}x{then}", before.len());
    }
    let line = Line::from(vec![
        Span::styled(tried, ink.skin.tone(Tone::Warn)),
        Span::raw(last),
    ]);
    cut_line(line, room, ink.skin)
}
