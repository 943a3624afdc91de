//! What opens behind a row: a key with all its windows, an agent with its last requests, a decision with its story.

use super::agents::{status_tone, tone as ending_tone};
use super::bar::{bar, window_tone};
use super::keys::{fraction, state};
use super::popup::Paragraph;
use super::posts::tone as post_tone;
use super::text::{ago, clock, count, cut, took, until, width};
use super::{Ink, painted};
use crate::commands::{remedy, story};
use crate::output::paint::Paint;
use crate::output::{Colour, Tone};
use crate::top::rows::{AgentRow, DecisionRow, Hold, KeyRow, PostRow, WindowRow};
use portunus_core::usage::Money;
use ratatui::text::{Line, Span};
use std::collections::VecDeque;

/// Decisions of an agent that are named.
const NAMED: usize = 12;

/// Columns of the names of facts.
const HANG: usize = 14;

/// One fact: its name faint, then its words.
fn fact(name: &str, words: impl Into<String>, tone: Tone, ink: &Ink<'_>) -> Paragraph {
    let line = Line::from(vec![
        Span::styled(format!("{name:<HANG$}"), ink.skin.tone(Tone::Faint)),
        Span::styled(words.into(), ink.skin.tone(tone)),
    ]);
    Paragraph::Words(line, HANG)
}

/// A key.
pub(super) fn key(key: &KeyRow, ink: &Ink<'_>) -> Vec<Paragraph> {
    let (words, tone) = state(key, ink.now_ms);
    let used = key.last_used_ms;
    let used = used.map_or_else(|| "never".to_owned(), |then| long_ago(ink.now_ms, then));
    let mut all = vec![
        fact("state", words, tone, ink),
        fact("in flight", key.in_flight.to_string(), Tone::Plain, ink),
        fact("priority", key.priority.to_string(), Tone::Plain, ink),
        fact("last used", used, Tone::Plain, ink),
        fact("id", ink.skin.safe(&key.id), Tone::Faint, ink),
        Paragraph::gap(),
    ];
    if key.windows.is_empty() {
        all.push(Paragraph::text(
            "The provider has not told of any window yet.",
            ink.skin.tone(Tone::Faint),
        ));
    }
    all.extend(key.windows.iter().map(|one| window(one, ink)));
    if let Some(remedy) = remedy(key.quarantine, &key.name) {
        all.push(Paragraph::gap());
        let words = remedy.lines().map(|line| ink.skin.safe(line));
        all.extend(words.map(|line| Paragraph::text(line, ink.skin.tone(Tone::Plain))));
    }
    all
}

/// A window with a longer bar and whole words.
fn window(window: &WindowRow, ink: &Ink<'_>) -> Paragraph {
    const NAME: usize = 24;
    let name = cut(&ink.skin.safe(&window.name()), NAME, ink.skin);
    let pad = " ".repeat(NAME.saturating_sub(width(&name)) + 1);
    let tone = window_tone(window);
    let mut spans = vec![Span::raw(format!("{name}{pad}"))];
    spans.extend(bar(window.spent().min(1.0), tone, 20, ink));
    let share = format!(" {:>4}  ", fraction(window));
    spans.push(Span::styled(share, ink.skin.tone(tone)));
    let left = window.back_ms.map(|then| until(ink.now_ms, then));
    let words = match (window.hold, left) {
        (Hold::Rests, Some(left)) => format!("rests, back in {left}"),
        (Hold::Rests, None) => "rests".to_owned(),
        (Hold::Money, left) => {
            format!("no money left, tried again in {}", left.unwrap_or_default())
        }
        (Hold::Unstated, left) => format!(
            "no reset was named, tried again in {}",
            left.unwrap_or_default()
        ),
        (Hold::Open, Some(left)) => format!("full again in {left}"),
        (Hold::Open, None) => String::new(),
    };
    spans.push(Span::styled(
        words,
        ink.skin.tone(if window.hold == Hold::Open {
            Tone::Faint
        } else {
            tone
        }),
    ));
    if let Some(left) = window.remaining {
        let words = format!(", {} left", count(left));
        spans.push(Span::styled(words, ink.skin.tone(Tone::Faint)));
    }
    Paragraph::Row(Line::from(spans))
}

/// How an agent stands, what it promised and says.
fn standing(agent: &AgentRow, ink: &Ink<'_>) -> Vec<Paragraph> {
    let mut all = Vec::new();
    if agent.display_name.is_some() {
        all.push(fact("name", ink.skin.safe(&agent.name), Tone::Plain, ink));
    }
    if let Some(status) = agent.status {
        all.push(fact("status", status.as_str(), status_tone(status), ink));
    }
    if let Some(cadence) = &agent.cadence {
        let words = format!("every {}", ink.skin.safe(cadence));
        all.push(fact("beats", words, Tone::Plain, ink));
    }
    if let Some(then) = agent.seen_ms {
        all.push(fact(
            "last seen",
            long_ago(ink.now_ms, then),
            Tone::Plain,
            ink,
        ));
    }
    if let Some(note) = &agent.note {
        all.push(fact("says", ink.skin.safe(note), Tone::Plain, ink));
    }
    all
}

/// `4s ago`, `just now`.
fn long_ago(now_ms: i64, then: i64) -> String {
    match ago(now_ms, then).as_str() {
        "now" => "just now".to_owned(),
        ago => format!("{ago} ago"),
    }
}

/// An agent and its newest requests among the kept ones.
pub(super) fn agent(
    agent: &AgentRow,
    decisions: &VecDeque<DecisionRow>,
    ink: &Ink<'_>,
) -> Vec<Paragraph> {
    let failed = if agent.failed > 0 {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let cost = Money::from_nanos(agent.cost_nanos).to_string();
    let mut all = standing(agent, ink);
    all.extend([
        fact(
            "last minute",
            format!("{} requests", agent.per_minute),
            Tone::Plain,
            ink,
        ),
        fact(
            "counted",
            format!("{} requests", agent.requests),
            Tone::Plain,
            ink,
        ),
        fact("failed", agent.failed.to_string(), failed, ink),
        fact("tokens", agent.tokens.to_string(), Tone::Plain, ink),
        fact("cost", cost, Tone::Plain, ink),
    ]);
    if let Some(median) = agent.median_us {
        let words = format!("{} (median)", took(median));
        all.push(fact("first byte", words, Tone::Plain, ink));
    }
    all.push(Paragraph::gap());
    let newest = decisions.iter().filter(|row| row.agent == agent.name);
    let before = all.len();
    all.extend(newest.take(NAMED).map(|row| request(row, ink)));
    if all.len() == before {
        let words = "None of the last requests is its.";
        all.push(Paragraph::text(words, ink.skin.tone(Tone::Faint)));
    }
    all
}

fn request(row: &DecisionRow, ink: &Ink<'_>) -> Paragraph {
    let then = ink.skin.glyphs().then;
    let keys: Vec<String> = row.keys.iter().map(|key| ink.skin.safe(key)).collect();
    Paragraph::Row(Line::from(vec![
        Span::styled(
            format!("{}  ", clock(row.at_ms)),
            ink.skin.tone(Tone::Faint),
        ),
        Span::styled(
            format!("{:<10}  ", row.ending.word()),
            ink.skin.tone(ending_tone(row.ending)),
        ),
        Span::raw(format!("{:>6}  ", took(row.total_us))),
        Span::raw(keys.join(then)),
    ]))
}

/// A message or a notification, with all that it says.
pub(super) fn post(row: &PostRow, ink: &Ink<'_>) -> Vec<Paragraph> {
    let place = if row.board.is_some() {
        "board"
    } else {
        "priority"
    };
    let mut all = vec![
        fact("written", long_ago(ink.now_ms, row.at_ms), Tone::Plain, ink),
        fact(place, ink.skin.safe(&row.place()), post_tone(row), ink),
        fact("id", ink.skin.safe(&row.id), Tone::Faint, ink),
        Paragraph::gap(),
    ];
    let texts = [Some(&row.text), row.more.as_ref()];
    for text in texts.into_iter().flatten() {
        let lines = text.lines().map(|line| ink.skin.safe(line));
        all.extend(lines.map(|line| Paragraph::text(line, ink.skin.tone(Tone::Plain))));
    }
    all
}

/// A decision: the words of `portunus explain`.
pub(super) fn decision(row: &DecisionRow, ink: &Ink<'_>) -> Vec<Paragraph> {
    let story = story(&row.whole, Paint(Colour::On));
    let lines = story.lines().map(|line| painted::line(line, ink.skin));
    lines
        .map(|line| {
            let hang = margin(&line.to_string());
            Paragraph::Words(line, hang)
        })
        .collect()
}

/// Where the words of a line begin: after its moment, `   +12ms  words`, or after its blanks.
fn margin(line: &str) -> usize {
    let words = line.trim_start_matches(' ');
    let blanks = line.len() - words.len();
    match words.split_once("  ") {
        Some((moment, _)) if moment.starts_with('+') => blanks + width(moment) + 2,
        _ => blanks,
    }
}
