//! Draws the model: every function here is a pure function of the model and an area.

mod agents;
mod arrange;
mod bar;
mod decisions;
mod detail;
mod footer;
mod grid;
mod header;
mod help;
mod keys;
mod painted;
mod panel;
mod popup;
mod posts;
mod story;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use keys::state as state_words;
pub(crate) use text::{ago, count, took, until};

use super::model::{Model, Panel};
use super::skin::Skin;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What every part of the view draws with.
#[derive(Clone, Copy, Debug)]
struct Ink<'a> {
    skin: &'a Skin,
    /// The plane's clock, in milliseconds since 1970.
    now_ms: i64,
    /// Most windows that a key has.
    windows: usize,
}

/// Draws everything. Answers how far what is open can be scrolled, in lines.
pub(crate) fn draw(model: &Model, skin: &Skin, area: Rect, buffer: &mut Buffer) -> usize {
    let ink = Ink {
        skin,
        now_ms: model.now_ms(),
        windows: model
            .keys
            .iter()
            .map(|key| key.windows.len())
            .max()
            .unwrap_or(0),
    };
    let plan = arrange::arrange(model, area);
    header::draw(model, plan.header, buffer, &ink);
    for (panel, place) in plan.panels {
        match panel {
            Panel::Keys => keys::draw(model, place, buffer, &ink),
            Panel::Agents => agents::draw(model, place, buffer, &ink),
            Panel::Decisions => decisions::draw(model, place, buffer, &ink),
            Panel::Posts => posts::draw(model, place, buffer, &ink),
            Panel::Story => story::draw(model, place, buffer, &ink),
        }
    }
    footer::draw(model, plan.footer, buffer, &ink);
    popup::draw(model, area, buffer, &ink)
}
