//! The keys: what each can do, how many attempts run on it, its windows as bars with their countdown.

use super::bar::{bar, window_tone};
use super::grid::{self, Column, Side, cell};
use super::text::{cut, until, width};
use super::{Ink, panel};
use crate::output::Tone;
use crate::top::model::{Model, Panel};
use crate::top::rows::{Hold, KeyRow, WindowRow};
use portunus_api::keys::KeyCondition;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Least and most columns for the name of a key.
const SHORTEST: u16 = 9;
const LONGEST: u16 = 32;

/// Columns that the name of a window takes at least and at most.
const NAME: usize = 10;
const LONG_NAME: usize = 24;

/// Columns of its bar and of its countdown.
const BAR: usize = 7;
const BACK: usize = 6;

/// Columns of a window without its name: bar, fraction and countdown, with blanks before each.
const GAUGE: usize = 1 + BAR + 1 + 4 + 1 + BACK;

/// Columns between two windows.
const GAP: usize = 2;

/// Columns that say how many windows are not shown.
const MORE: usize = 3;

/// The columns, the first as wide as the longest name.
fn columns(longest: u16) -> [Column<KeyRow>; 4] {
    [
        Column {
            title: "KEY",
            least: SHORTEST,
            most: longest,
            rank: 0,
            side: Side::Left,
            cell: |key, room, ink| cell(name(key, room, ink), Tone::Plain, ink),
        },
        Column {
            title: "STATE",
            least: 10,
            most: 13,
            rank: 0,
            side: Side::Left,
            cell: |key, _, ink| {
                let (words, tone) = state(key, ink.now_ms);
                cell(words, tone, ink)
            },
        },
        Column {
            title: "RUNS",
            least: 4,
            most: 4,
            rank: 1,
            side: Side::Right,
            cell: |key, _, ink| {
                let tone = if key.in_flight > 0 {
                    Tone::Plain
                } else {
                    Tone::Faint
                };
                cell(key.in_flight.to_string(), tone, ink)
            },
        },
        Column {
            title: "WINDOWS",
            least: 20,
            most: u16::MAX,
            rank: 2,
            side: Side::Left,
            cell: windows,
        },
    ]
}

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let shown = model.shown_keys();
    let list = &model.key_list;
    let typed = panel::typed(model, Panel::Keys);
    let notes = panel::notes::<KeyRow>(list, shown.len(), model.keys.len(), typed, ink);
    let inside = panel::frame(model, Panel::Keys, notes, area, buffer, ink);
    if shown.is_empty() {
        let words = match (model.answered, model.keys.is_empty()) {
            (false, _) => "waiting for the plane",
            (true, true) => "no keys yet: portunus keys add",
            (true, false) => "no key matches",
        };
        return panel::empty(words, inside, buffer, ink);
    }
    let chosen = list.position(&shown).filter(|_| model.focus == Panel::Keys);
    let longest = model
        .keys
        .iter()
        .map(|key| width(&ink.skin.safe(&key.name)));
    let longest = u16::try_from(longest.max().unwrap_or(0)).unwrap_or(LONGEST);
    let columns = columns(longest.clamp(SHORTEST, LONGEST));
    grid::draw(&columns, &shown, chosen, inside, buffer, ink);
}

/// `pool:label`, or the label alone where both do not fit.
fn name(key: &KeyRow, room: usize, ink: &Ink<'_>) -> String {
    let whole = ink.skin.safe(&key.name);
    let label = whole.split_once(':').map(|(_, label)| label);
    let shown = match label {
        Some(label) if width(&whole) > room => label,
        _ => &whole,
    };
    cut(shown, room, ink.skin)
}

/// What a key can do, in a narrow column.
pub(crate) fn state(key: &KeyRow, now_ms: i64) -> (String, Tone) {
    let back = key.back_ms().map(|then| soon(now_ms, then));
    let back = back.unwrap_or_default();
    match key.condition {
        KeyCondition::Ready | KeyCondition::Ramping | KeyCondition::Spent if key.unreachable => {
            ("NO UPSTREAM".to_owned(), Tone::Bad)
        }
        KeyCondition::Ready => ("ready".to_owned(), Tone::Good),
        KeyCondition::Ramping => {
            let at_once = key.ramp.unwrap_or(1);
            (format!("ready for {at_once}"), Tone::Good)
        }
        KeyCondition::Spent => ("spent".to_owned(), Tone::Warn),
        KeyCondition::PartlyResting => (format!("partly {back}"), Tone::Warn),
        // Its time has come, and the plane's next answer will say so.
        KeyCondition::Resting if back == "now" => ("comes back".to_owned(), Tone::Warn),
        KeyCondition::Resting => (format!("rests {back}"), Tone::Warn),
        KeyCondition::Quarantined => ("QUARANTINED".to_owned(), Tone::Bad),
        KeyCondition::Disabled => ("disabled".to_owned(), Tone::Faint),
    }
}

/// How long until a moment, in the columns that there are for it: in its largest unit where two do not fit.
fn soon(now_ms: i64, then_ms: i64) -> String {
    let left = until(now_ms, then_ms);
    match left.split_once(' ') {
        Some((largest, _)) if left.len() > BACK => largest.to_owned(),
        _ => left,
    }
}

/// As many windows as fit; where not all do, the tightest of them, and how many more there are.
fn windows(key: &KeyRow, room: usize, ink: &Ink<'_>) -> Line<'static> {
    if key.windows.is_empty() {
        return cell(ink.skin.glyphs().none, Tone::Faint, ink);
    }
    // The same for every key, so that bars stand below each other.
    let all = room.saturating_sub(MORE).max(1);
    let fitting = (all + GAP) / (NAME + GAUGE + GAP);
    let fitting = fitting.min(ink.windows).max(1);
    let each = ((all + GAP) / fitting).saturating_sub(GAP);
    let mut places: Vec<usize> = (0..key.windows.len()).collect();
    if key.windows.len() > fitting {
        let spent = |at: &usize| key.windows.get(*at).map_or(0.0, WindowRow::spent);
        places.sort_by(|a, b| spent(b).total_cmp(&spent(a)).then(a.cmp(b)));
        places.truncate(fitting);
        places.sort_unstable();
    }
    let hidden = key.windows.len() - places.len();
    let mut spans = Vec::new();
    for window in places.into_iter().filter_map(|at| key.windows.get(at)) {
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        spans.extend(gauge(window, each, ink));
    }
    if hidden > 0 {
        spans.push(Span::styled(
            format!(" +{hidden}"),
            ink.skin.tone(Tone::Faint),
        ));
    }
    Line::from(spans)
}

/// One window: `requests   ━━━━╸───  62%   2.1s`. Narrow, it goes without the bar.
fn gauge(window: &WindowRow, room: usize, ink: &Ink<'_>) -> Vec<Span<'static>> {
    let tone = window_tone(window);
    let named = room.saturating_sub(GAUGE).clamp(NAME, LONG_NAME);
    let family = window.family.as_deref().unwrap_or_default();
    let name = format!("{} {family}", window.kind);
    let name = cut(ink.skin.safe(name.trim_end()).as_str(), named, ink.skin);
    let pad = " ".repeat(named.saturating_sub(width(&name)) + 1);
    let mut spans = vec![Span::raw(format!("{name}{pad}"))];
    if room >= NAME + GAUGE {
        spans.extend(bar(window.spent().min(1.0), tone, BAR, ink));
        spans.push(Span::raw(" "));
    }
    let share = format!("{:>4} ", fraction(window));
    spans.push(Span::styled(share, ink.skin.tone(tone)));
    let back = window.back_ms.map(|then| soon(ink.now_ms, then));
    let back_tone = match window.hold {
        Hold::Open => Tone::Faint,
        Hold::Rests | Hold::Money | Hold::Unstated => tone,
    };
    let back = format!("{:>BACK$}", back.unwrap_or_default());
    spans.push(Span::styled(back, ink.skin.tone(back_tone)));
    spans
}

/// How much is spent: a percentage, else how many units are left, else that it is empty.
pub(super) fn fraction(window: &WindowRow) -> String {
    match (
        window.utilization.filter(|spent| spent.is_finite()),
        window.remaining,
    ) {
        (Some(spent), _) => format!("{:.0}%", (spent.clamp(0.0, 9.99) * 100.0).round()),
        (None, Some(left)) => super::text::count(left),
        (None, None) if window.hold != Hold::Open => "full".to_owned(),
        (None, None) => "?".to_owned(),
    }
}
