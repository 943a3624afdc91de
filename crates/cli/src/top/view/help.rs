//! What the keys do and what the columns mean.

use super::Ink;
use super::popup::Paragraph;
use crate::output::Tone;
use ratatui::text::{Line, Span};

/// Columns of the keys and the words that are explained.
const HANG: usize = 18;

const KEYS: &[(&str, &str)] = &[
    ("q, Ctrl-C", "quit"),
    ("Esc", "close what is open, drop the filter, else quit"),
    ("Tab, h l, arrows", "another panel"),
    ("j k, arrows", "another row; PgUp, PgDn, g and G go further"),
    ("Enter", "open the chosen key, agent, decision or message"),
    ("s, r", "sort by the next column; reverse"),
    ("/", "filter by what rows say; Enter keeps it, Esc drops it"),
    ("p, Space", "pause the picture, and let it go on"),
    ("Ctrl-Z", "suspend; fg brings it back"),
];

const WORDS: &[(&str, &str)] = &[
    ("RUNS", "attempts that run on the key"),
    (
        "WINDOWS",
        "its quotas: how much is spent, when each is full again",
    ),
    (
        "ready for N",
        "back from a rest, and only N requests at once yet",
    ),
    (
        "partly",
        "some models must wait for that long, others are served",
    ),
    ("spent", "a window looks empty, so the key is used last"),
    (
        "QUARANTINED",
        "set aside until a person acts; Enter says what to do",
    ),
    ("/MIN", "requests of the last minute"),
    ("FIRST", "time to the first byte; of an agent, its median"),
    ("WAIT", "time in the queue for a key"),
    (
        "WHERE",
        "the board; ! and how soon, for what agents notify of",
    ),
];

/// The whole help.
pub(super) fn paragraphs(ink: &Ink<'_>) -> Vec<Paragraph> {
    let mut all = rows(KEYS, ink);
    all.push(Paragraph::gap());
    all.extend(rows(WORDS, ink));
    all.push(Paragraph::gap());
    all.push(Paragraph::text(
        "Times of day are UTC. Countdowns go by the plane's clock.",
        ink.skin.tone(Tone::Faint),
    ));
    all
}

fn rows(rows: &[(&str, &str)], ink: &Ink<'_>) -> Vec<Paragraph> {
    let row = |(what, words): &(&str, &str)| {
        let line = Line::from(vec![
            Span::styled(format!("{what:<HANG$}"), ink.skin.accent()),
            Span::raw((*words).to_owned()),
        ]);
        Paragraph::Words(line, HANG)
    };
    rows.iter().map(row).collect()
}
