//! Where everything goes: a large screen shows all panels, a small one those that matter and the one in focus.

use crate::top::model::{Model, Panel};
use ratatui::layout::Rect;

/// From this width on, agents and decisions stand side by side.
const WIDE: u16 = 110;

/// Below this height one panel is all there is room for.
const SHORT: u16 = 16;

/// From this many lines on, messages have a place of their own below agents and decisions.
const ROOMY: u16 = 20;

/// Lines that a panel needs beside its rows: its frame and its heading.
const AROUND: u16 = 3;

/// What goes where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The plane's own facts.
    pub(super) header: Rect,
    /// Panels and their places, from top to bottom.
    pub(super) panels: Vec<(Panel, Rect)>,
    /// What to press.
    pub(super) footer: Rect,
}

/// Plans the screen.
pub(super) fn arrange(model: &Model, area: Rect) -> Plan {
    let queues = u16::try_from(model.queues.len().max(1)).unwrap_or(u16::MAX);
    let header_lines = match area.height {
        ..8 => area.height.min(1),
        8..SHORT => 2,
        SHORT..30 => 3,
        // With room, every pool's queue has a line of its own.
        _ => 2 + queues.clamp(1, 4),
    };
    let (header, rest) = split_top(area, header_lines);
    let footer_lines = u16::from(rest.height > 3);
    let (middle, footer) = split_top(rest, rest.height - footer_lines);
    let panels = if middle.height == 0 {
        Vec::new()
    } else if area.height < SHORT {
        vec![(model.focus, middle)]
    } else {
        panels(model, middle)
    };
    Plan {
        header,
        panels,
        footer,
    }
}

fn panels(model: &Model, area: Rect) -> Vec<(Panel, Rect)> {
    let keys = u16::try_from(model.keys.len().max(1)).unwrap_or(u16::MAX);
    let wanted = keys.saturating_add(AROUND);
    let (keys_place, rest) = split_top(area, wanted.min(area.height * 2 / 5).max(4));
    let mut panels = vec![(Panel::Keys, keys_place)];
    let (rest, story) = match model.stage {
        Some(_) => {
            // A small screen shows some of both; on a large one the panels below want more.
            let lines = match rest.height {
                ..16 => rest.height / 2,
                height => (height * 2 / 5).min(14),
            };
            split_top(rest, rest.height.saturating_sub(lines))
        }
        None => (rest, Rect::ZERO),
    };
    let (rest, posts) = match (rest.height >= ROOMY, model.stage.is_some()) {
        (true, false) => split_top(rest, rest.height - (rest.height / 3).min(10)),
        _ => (rest, Rect::ZERO),
    };
    // Where they have none, they take the place of the decisions while they are in focus.
    let lower = match (posts.is_empty(), model.focus) {
        (true, Panel::Posts) => Panel::Posts,
        _ => Panel::Decisions,
    };
    if area.width >= WIDE {
        let (left, right) = split_left(rest, (area.width * 2 / 5).clamp(44, 64));
        panels.extend([(Panel::Agents, left), (lower, right)]);
    } else if rest.height >= 16 {
        let (upper, below) = split_top(rest, rest.height / 2);
        panels.extend([(Panel::Agents, upper), (lower, below)]);
    } else {
        // One place for all: the one in focus has it.
        let panel = match model.focus {
            Panel::Agents => Panel::Agents,
            Panel::Keys | Panel::Decisions | Panel::Posts | Panel::Story => lower,
        };
        panels.push((panel, rest));
    }
    if !posts.is_empty() {
        panels.push((Panel::Posts, posts));
    }
    if model.stage.is_some() {
        panels.push((Panel::Story, story));
    }
    panels
}

/// The first so many lines, and the rest.
fn split_top(area: Rect, lines: u16) -> (Rect, Rect) {
    let lines = lines.min(area.height);
    let top = Rect {
        height: lines,
        ..area
    };
    let rest = Rect {
        y: area.y.saturating_add(lines),
        height: area.height - lines,
        ..area
    };
    (top, rest)
}

/// The first so many columns, and the rest.
fn split_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect {
        width: columns,
        ..area
    };
    let rest = Rect {
        x: area.x.saturating_add(columns),
        width: area.width - columns,
        ..area
    };
    (left, rest)
}
