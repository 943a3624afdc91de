//! The plane's own facts: where it is, whether it answers, how much it serves, who waits.

use super::Ink;
use super::bar::history;
use super::text::{count, cut_line, money, rate, until, width};
use crate::output::{Tone, moment};
use crate::top::model::{Link, Model, Pace};
use crate::top::rows::QueueRow;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Most columns of the history of requests.
const HISTORY: u16 = 60;

/// Draws the lines that there is room for: where, how much, then the queues.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let mut lines = area.rows();
    let Some(first) = lines.next() else {
        return;
    };
    place(model, first, buffer, ink);
    if area.height >= 2
        && let Some(line) = lines.next()
    {
        put(load(model, line.width, ink), line, buffer, ink);
    }
    let mut queues = queues(model, usize::from(area.height.saturating_sub(2)), ink).into_iter();
    for line in lines {
        if let Some(queue) = queues.next() {
            put(queue, line, buffer, ink);
        }
    }
}

/// Writes a line one column in, cut to the width.
fn put(line: Line<'static>, place: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let room = place.width.saturating_sub(2);
    let line = cut_line(line, usize::from(room), ink.skin);
    if place.width > 1 {
        buffer.set_line(place.x + 1, place.y, &line, room);
    }
}

/// Who and where on the left, how it stands with the plane on the right; the right side wins.
fn place(model: &Model, area: Rect, buffer: &mut Buffer, ink: &Ink<'_>) {
    let link = cut_line(
        link(model, ink),
        usize::from(area.width.saturating_sub(2)),
        ink.skin,
    );
    let right = u16::try_from(link.width()).unwrap_or(area.width);
    let left = Rect {
        width: area.width.saturating_sub(right.saturating_add(1)),
        ..area
    };
    let faint = ink.skin.tone(Tone::Faint);
    let mut spans = vec![
        Span::styled("Portunus", ink.skin.accent()),
        Span::raw(format!("  {}", ink.skin.safe(&model.face.url))),
    ];
    if model.answered {
        let up = moment::span(model.face.uptime_ms);
        let version = ink.skin.safe(&model.face.version);
        spans.push(Span::styled(format!("  {version}, up {up}"), faint));
    }
    put(Line::from(spans), left, buffer, ink);
    let x = area
        .right()
        .saturating_sub(right.saturating_add(1))
        .max(area.x);
    buffer.set_line(x, area.y, &link, right);
}

/// How it stands with the plane, in one word where all is well.
fn link(model: &Model, ink: &Ink<'_>) -> Line<'static> {
    let glyphs = ink.skin.glyphs();
    let (text, tone) = match (&model.link, model.pace) {
        (Link::Away { why, since }, _) => {
            // The address stands on the left already.
            let url = format!("{}: ", model.face.url);
            let why = ink.skin.safe(why.strip_prefix(&url).unwrap_or(why));
            let text = format!(
                "{} reconnecting for {} s: {why}",
                glyphs.ring,
                since.as_secs()
            );
            (text, Tone::Bad)
        }
        (Link::Live, Pace::Paused) => (format!("{} paused, p goes on", glyphs.ring), Tone::Warn),
        (Link::Live, Pace::Moving) if !model.answered => {
            (format!("{} connecting", glyphs.ring), Tone::Faint)
        }
        (Link::Live, Pace::Moving) => match model.face.warnings.split_first() {
            Some((first, [])) => (format!("{} {first}", glyphs.dot), Tone::Bad),
            Some((first, more)) => (
                format!("{} {first} (+{})", glyphs.dot, more.len()),
                Tone::Bad,
            ),
            None => (format!("{} live", glyphs.dot), Tone::Good),
        },
    };
    Line::from(Span::styled(text, ink.skin.tone(tone)))
}

/// Requests a second with their history, failures, tokens, money, agents.
fn load(model: &Model, columns: u16, ink: &Ink<'_>) -> Line<'static> {
    let faint = ink.skin.tone(Tone::Faint);
    let (failed, tokens) = model.minute();
    let glyphs = ink.skin.glyphs();
    let now = model
        .requests
        .now()
        .map_or_else(|| glyphs.none.to_owned(), rate);
    let mut spans = vec![
        Span::styled(format!("{now:>4}"), ink.skin.accent()),
        Span::raw(" req/s "),
    ];
    let room = columns.saturating_sub(68).min(HISTORY);
    let seconds = model.requests.seconds(usize::from(room));
    if !seconds.is_empty() {
        let history = history(&seconds, ink);
        spans.push(Span::styled(history + " ", ink.skin.tone(Tone::Good)));
    }
    let failed_tone = if failed > 0 { Tone::Bad } else { Tone::Plain };
    let mut facts = vec![
        (count(failed), "failed/min", failed_tone),
        (count(tokens), "tokens/min", Tone::Plain),
        (count(model.face.agents), "agents", Tone::Plain),
    ];
    if model.face.offline > 0 {
        facts.push((count(model.face.offline), "offline", Tone::Bad));
    }
    if let Some(nanos) = model.cost_nanos {
        facts.push((money(nanos), "today", Tone::Plain));
    }
    let mut left = usize::from(columns).saturating_sub(2 + Line::from(spans.clone()).width());
    for (number, words, tone) in facts {
        let needed = 3 + width(&number) + width(words);
        if needed > left {
            break;
        }
        left -= needed;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(number, ink.skin.tone(tone)));
        spans.push(Span::styled(format!(" {words}"), faint));
    }
    Line::from(spans)
}

/// Every pool's queue on a line of its own where there is room, else all in one line, those that wait first.
fn queues(model: &Model, lines: usize, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let mut pools: Vec<&QueueRow> = model.queues.iter().collect();
    if pools.len() <= lines {
        return pools
            .into_iter()
            .map(|pool| Line::from(queue(pool, Quiet::Told, ink)))
            .collect();
    }
    pools.sort_by_key(|pool| std::cmp::Reverse(pool.waiting));
    let mut spans = Vec::new();
    for pool in pools {
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.extend(queue(pool, Quiet::Untold, ink));
    }
    vec![Line::from(spans)]
}

/// Whether an empty queue is worth words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quiet {
    /// There is room for them.
    Told,
    /// There is not.
    Untold,
}

/// `anthropic 0/3 ready, 4 wait 1.2s, next key in 0.8s`.
fn queue(pool: &QueueRow, quiet: Quiet, ink: &Ink<'_>) -> Vec<Span<'static>> {
    let faint = ink.skin.tone(Tone::Faint);
    let keys_tone = match (pool.ready, pool.keys) {
        (_, 0) => Tone::Faint,
        (0, _) => Tone::Warn,
        _ => Tone::Good,
    };
    let mut spans = vec![
        Span::raw(format!("{} ", ink.skin.safe(&pool.pool))),
        Span::styled(
            format!("{}/{} ready", pool.ready, pool.keys),
            ink.skin.tone(keys_tone),
        ),
    ];
    match pool.waiting {
        0 if quiet == Quiet::Untold => {}
        0 => spans.push(Span::styled(", nobody waits", faint)),
        waiting => {
            let since = pool.oldest_ms.map(|since| until(since, ink.now_ms));
            let verb = if waiting == 1 { "waits" } else { "wait" };
            let words = format!(", {waiting} {verb} {}", since.unwrap_or_default());
            spans.push(Span::styled(
                words.trim_end().to_owned(),
                ink.skin.tone(Tone::Warn),
            ));
        }
    }
    if let Some(ready) = pool.ready_ms.filter(|_| pool.ready == 0 && pool.keys > 0) {
        let words = format!(", next key in {}", until(ink.now_ms, ready));
        spans.push(Span::styled(words, ink.skin.tone(Tone::Warn)));
    }
    spans
}
