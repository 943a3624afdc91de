//! The agents: who is alive, how much each asks, what it used, how its newest request ended.

use super::grid::{self, Column, Side, cell};
use super::text::{ago, count, cut, money, took};
use super::{Ink, panel};
use crate::output::Tone;
use crate::top::model::{Model, Panel};
use crate::top::rows::{AgentRow, Ending};
use portunus_api::liveness::AgentStatus;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const STATUS: &str = "STATUS";

/// From so many columns on a status has the room that it needs.
const ROOMY: u16 = 50;

const COLUMNS: &[Column<AgentRow>] = &[
    Column {
        title: "AGENT",
        least: 10,
        most: 32,
        rank: 0,
        side: Side::Left,
        cell: |agent, room, ink| {
            let name = cut(&ink.skin.safe(agent.called()), room, ink.skin);
            let tone = if agent.last.is_some() {
                Tone::Plain
            } else {
                Tone::Faint
            };
            cell(name, tone, ink)
        },
    },
    Column {
        title: STATUS,
        least: 7,
        most: 12,
        rank: 1,
        side: Side::Left,
        cell: |agent, room, ink| match agent.status {
            Some(status) => cell(
                cut(status.as_str(), room, ink.skin),
                status_tone(status),
                ink,
            ),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "EVERY",
        least: 5,
        most: 5,
        rank: 5,
        side: Side::Right,
        cell: |agent, _, ink| match &agent.cadence {
            Some(cadence) => cell(ink.skin.safe(cadence), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "SEEN",
        least: 4,
        most: 5,
        rank: 3,
        side: Side::Right,
        cell: |agent, _, ink| match agent.seen_ms {
            Some(then) => cell(ago(ink.now_ms, then), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "/MIN",
        least: 4,
        most: 5,
        rank: 0,
        side: Side::Right,
        cell: |agent, _, ink| number(agent.per_minute, Tone::Plain, ink),
    },
    Column {
        title: "FAILED",
        least: 6,
        most: 6,
        rank: 4,
        side: Side::Right,
        cell: |agent, _, ink| number(agent.failed, Tone::Bad, ink),
    },
    Column {
        title: "TOKENS",
        least: 6,
        most: 7,
        rank: 3,
        side: Side::Right,
        cell: |agent, _, ink| number(agent.tokens, Tone::Plain, ink),
    },
    Column {
        title: "COST",
        least: 7,
        most: 8,
        rank: 7,
        side: Side::Right,
        cell: |agent, _, ink| match agent.cost_nanos {
            0 => cell(ink.skin.glyphs().none, Tone::Faint, ink),
            nanos => cell(money(nanos), Tone::Plain, ink),
        },
    },
    Column {
        title: "FIRST",
        least: 5,
        most: 6,
        rank: 6,
        side: Side::Right,
        cell: |agent, _, ink| match agent.median_us {
            Some(micros) => cell(took(micros), Tone::Plain, ink),
            None => cell(ink.skin.glyphs().none, Tone::Faint, ink),
        },
    },
    Column {
        title: "LAST",
        least: 10,
        most: 15,
        rank: 2,
        side: Side::Left,
        cell: |agent, _, ink| last(agent, ink),
    },
];

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let shown = model.shown_agents();
    let list = &model.agent_list;
    let typed = panel::typed(model, Panel::Agents);
    let notes = panel::notes::<AgentRow>(list, shown.len(), model.all_agents(), typed, ink);
    let inside = panel::frame(model, Panel::Agents, notes, area, buffer, ink);
    if shown.is_empty() {
        let words = match (model.answered, model.agents.is_empty()) {
            (false, _) => "waiting for the plane",
            (true, true) => "no agents yet: portunus agents create NAME",
            (true, false) if model.agents.len() < model.all_agents() => {
                "none of those that are read matches: portunus agents list"
            }
            (true, false) => "no agent matches",
        };
        return panel::empty(words, inside, buffer, ink);
    }
    let chosen = list
        .position(&shown)
        .filter(|_| model.focus == Panel::Agents);
    grid::draw(
        &columns(&shown, inside),
        &shown,
        chosen,
        inside,
        buffer,
        ink,
    );
}

/// The columns; where there is room, a status is not cut for the sake of numbers that matter less.
fn columns(shown: &[&AgentRow], inside: Rect) -> Vec<Column<AgentRow>> {
    let words = shown.iter().filter_map(|agent| agent.status);
    let longest = words.map(|status| status.as_str().len()).max();
    let longest = longest.and_then(|longest| u16::try_from(longest).ok());
    let mut columns = COLUMNS.to_vec();
    for column in &mut columns {
        if column.title == STATUS && inside.width >= ROOMY {
            column.least = column
                .least
                .max(longest.unwrap_or_default())
                .min(column.most);
        }
    }
    columns
}

fn number(number: u64, tone: Tone, ink: &Ink<'_>) -> ratatui::text::Line<'static> {
    let tone = if number == 0 { Tone::Faint } else { tone };
    cell(count(number), tone, ink)
}

/// `4s served`: how long ago, and how it ended.
fn last(agent: &AgentRow, ink: &Ink<'_>) -> ratatui::text::Line<'static> {
    let (Some(when), Some(ending)) = (agent.last_ms, agent.last) else {
        return cell("silent", Tone::Faint, ink);
    };
    let words = format!("{:>3} {}", ago(ink.now_ms, when), ending.word());
    cell(words, tone(ending), ink)
}

/// The colour of a status.
pub(super) const fn status_tone(status: AgentStatus) -> Tone {
    match status {
        AgentStatus::Online => Tone::Good,
        AgentStatus::Late => Tone::Warn,
        AgentStatus::Offline => Tone::Bad,
        AgentStatus::Provisioning | AgentStatus::Paused | AgentStatus::Unmonitored => Tone::Faint,
    }
}

/// The colour of an ending.
pub(super) const fn tone(ending: Ending) -> Tone {
    match ending {
        Ending::Served => Tone::Good,
        Ending::ClientFault | Ending::ClientLeft => Tone::Warn,
        Ending::Refused | Ending::BrokenOff => Tone::Bad,
    }
}
