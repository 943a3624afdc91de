//! The end of the demonstration: what the provider did, and what the clients saw of it.

use super::cast::{AGENTS, KEYS};
use super::chronicle::Told;
use super::tally::Numbers;
use super::voice::{Mood, Voice};
use portunus_testkit::provider::seen::{Ending, Seen};
use std::fmt::Write as _;

const BAR: u64 = 24;

/// How one key was used.
#[derive(Clone, Copy, Default)]
struct Usage {
    served: u64,
    limited: u64,
    failed: u64,
}

fn usage(seen: &[Seen], secret: &str) -> Usage {
    let mut usage = Usage::default();
    for one in seen.iter().filter(|one| one.key.as_deref() == Some(secret)) {
        match one.status {
            Some(200) if one.ending == Ending::Complete => usage.served += 1,
            Some(429) => usage.limited += 1,
            _ => usage.failed += 1,
        }
    }
    usage
}

/// Everything that the summary tells.
pub(super) struct Facts<'a> {
    pub(super) numbers: &'a Numbers,
    pub(super) told: Told,
    pub(super) seen: &'a [Seen],
}

/// Writes the summary; its last line is the one that programs read.
pub(super) fn tell(voice: &Voice, facts: &Facts<'_>) {
    let per_key: Vec<Usage> = KEYS
        .iter()
        .map(|part| usage(facts.seen, part.secret))
        .collect();
    let limits: u64 = per_key.iter().map(|usage| usage.limited).sum();
    voice.line("");
    voice.line("Summary");
    tell_numbers(voice, facts, limits);
    voice.line("");
    tell_keys(voice, &per_key);
    voice.line("");
    let failures = facts.numbers.failures;
    voice.line(&format!("client-visible failures: {failures}"));
}

fn tell_numbers(voice: &Voice, facts: &Facts<'_>, limits: u64) {
    let numbers = facts.numbers;
    let by = format!("by {} agents, each with a token of its own", AGENTS.len());
    let longest = numbers.longest_wait.as_secs_f64();
    let untold = numbers.waits_untold;
    let waits = format!("over 1 s, {untold} of them not told above; longest {longest:.1} s");
    let (replaced, waited) = (facts.told.replaced, facts.told.pools_waited);
    for (name, number, meaning) in [
        ("calls", numbers.calls, by.as_str()),
        ("limits met", limits, "answers 429 that the provider gave"),
        (
            "attempts replaced",
            replaced,
            "by one on another key, or by a second try",
        ),
        (
            "pools that waited",
            waited,
            "times that every key of one rested",
        ),
        ("waits", numbers.waits, &waits),
        (
            "sent again",
            numbers.sent_again,
            "calls that met no plane while it restarted",
        ),
        ("heartbeats", numbers.beats, "each agent at its own cadence"),
        (
            "messages read",
            numbers.read,
            "by the agents that they name",
        ),
    ] {
        row(voice, name, number, meaning);
    }
}

/// A bar for each key.
fn tell_keys(voice: &Voice, per_key: &[Usage]) {
    let most = per_key.iter().map(|usage| usage.served).max();
    let most = most.unwrap_or(0).max(1);
    for (part, usage) in KEYS.iter().zip(per_key) {
        let mut line = String::new();
        let filled = usage.served.saturating_mul(BAR).div_ceil(most);
        let _ = write!(line, "  {:<18}", format!("{}:{}", part.pool, part.label));
        line.push_str(&voice.paint(Mood::Good, &bar('█', filled)));
        line.push_str(&bar('░', BAR.saturating_sub(filled)));
        let _ = write!(
            line,
            " {:>4} served {:>4} limited {:>3} failed",
            usage.served, usage.limited, usage.failed,
        );
        voice.line(&line);
    }
}

fn bar(of: char, length: u64) -> String {
    (0..length).map(|_| of).collect()
}

fn row(voice: &Voice, name: &str, number: u64, meaning: &str) {
    voice.line(&format!("  {name:<18}{number:>6}  {meaning}"));
}
