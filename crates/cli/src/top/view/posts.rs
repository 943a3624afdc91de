//! What is written on boards, and what agents notify operators of.

use super::grid::{self, Column, Side, cell};
use super::text::{clock, cut};
use super::{Ink, panel};
use crate::output::Tone;
use crate::top::model::{Model, Panel};
use crate::top::rows::PostRow;
use portunus_api::notifications::Priority;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const COLUMNS: &[Column<PostRow>] = &[
    Column {
        title: "TIME",
        least: 8,
        most: 8,
        rank: 2,
        side: Side::Left,
        cell: |row, _, ink| cell(clock(row.at_ms), Tone::Faint, ink),
    },
    Column {
        title: "FROM",
        least: 8,
        most: 20,
        rank: 0,
        side: Side::Left,
        cell: |row, room, ink| {
            let name = cut(&ink.skin.safe(&row.from), room, ink.skin);
            cell(name, Tone::Plain, ink)
        },
    },
    Column {
        title: "WHERE",
        least: 8,
        most: 16,
        rank: 1,
        side: Side::Left,
        cell: |row, room, ink| {
            let place = cut(&ink.skin.safe(&row.place()), room, ink.skin);
            cell(place, tone(row), ink)
        },
    },
    Column {
        title: "TEXT",
        least: 16,
        most: 160,
        rank: 0,
        side: Side::Left,
        cell: |row, room, ink| {
            // One line of it: the rest is read where it is open.
            let line = row.text.lines().find(|line| !line.trim().is_empty());
            let text = cut(&ink.skin.safe(line.unwrap_or_default()), room, ink.skin);
            cell(text, Tone::Plain, ink)
        },
    },
];

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let shown = model.shown_posts();
    let list = &model.post_list;
    let typed = panel::typed(model, Panel::Posts);
    let notes = panel::notes::<PostRow>(list, shown.len(), model.posts.len(), typed, ink);
    let inside = panel::frame(model, Panel::Posts, notes, area, buffer, ink);
    if shown.is_empty() {
        let words = match (model.answered, model.posts.is_empty()) {
            (false, _) => "waiting for the plane",
            (true, true) => "nothing is written on a board, and no agent notified",
            (true, false) => "no message matches",
        };
        return panel::empty(words, inside, buffer, ink);
    }
    let chosen = list
        .position(&shown)
        .filter(|_| model.focus == Panel::Posts);
    grid::draw(COLUMNS, &shown, chosen, inside, buffer, ink);
}

/// What an operator has not read stands out by how soon they should look.
pub(super) const fn tone(row: &PostRow) -> Tone {
    match (row.is_unread, row.priority) {
        (true, Some(Priority::Urgent)) => Tone::Bad,
        (true, Some(Priority::High)) => Tone::Warn,
        (true, _) => Tone::Plain,
        (false, _) => Tone::Faint,
    }
}
