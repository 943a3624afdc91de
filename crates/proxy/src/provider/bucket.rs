//! Windows that come as a limit, what remains of it, and when it is full again.

use super::fields::Fields;
use super::reset;
use portunus_core::pool::answer::{Family, WindowId, WindowReading, WindowScope, WindowStatus};
use portunus_core::time::Timestamp;

/// Buckets read from one answer at most.
const MOST: usize = 16;

/// What a header says of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Limit,
    Remaining,
    Reset,
}

impl Part {
    /// By the word that providers use in the header's name.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "limit" => Some(Self::Limit),
            "remaining" => Some(Self::Remaining),
            "reset" => Some(Self::Reset),
            _ => None,
        }
    }
}

/// One bucket as an answer shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// What it counts.
    kind: &'a str,
    limit: Option<&'a [u8]>,
    remaining: Option<&'a [u8]>,
    reset: Option<&'a [u8]>,
}

impl Shown<'_> {
    /// Whether the answer says at all what remains.
    pub(super) const fn says_what_remains(&self) -> bool {
        self.remaining.is_some()
    }
}

/// The buckets of an answer in one look; `named` says of a header's name which bucket and what of it, if any. The first
/// of several headers of one name counts.
pub(super) fn shown<'a>(
    fields: &'a Fields,
    named: impl Fn(&'a str) -> Option<(&'a str, Part)>,
) -> Vec<Shown<'a>> {
    let mut buckets: Vec<Shown<'a>> = Vec::new();
    for (name, value) in fields.iter() {
        let Some((kind, part)) = named(name) else {
            continue;
        };
        let at = buckets.iter().position(|bucket| bucket.kind == kind);
        let at = at.unwrap_or(buckets.len());
        if at == buckets.len() && at < MOST {
            buckets.push(Shown {
                kind,
                limit: None,
                remaining: None,
                reset: None,
            });
        }
        if let Some(bucket) = buckets.get_mut(at) {
            let place = match part {
                Part::Limit => &mut bucket.limit,
                Part::Remaining => &mut bucket.remaining,
                Part::Reset => &mut bucket.reset,
            };
            place.get_or_insert(value);
        }
    }
    buckets
}

/// Reads one bucket; `None` when what it shows says nothing. Negative counts are none.
pub(super) fn read(family: &Family, now: Timestamp, bucket: &Shown<'_>) -> Option<WindowReading> {
    let remaining = trimmed(bucket.remaining).and_then(|text| text.parse::<u64>().ok());
    let limit = trimmed(bucket.limit).and_then(|text| text.parse::<u64>().ok());
    let limit = limit.filter(|limit| *limit > 0);
    let reset = trimmed(bucket.reset).and_then(|text| reset::read(now, text));
    if remaining.is_none() && reset.is_none() {
        return None;
    }
    Some(WindowReading {
        id: WindowId {
            scope: WindowScope::Family(family.clone()),
            kind: bucket.kind.into(),
        },
        status: match remaining {
            Some(left) if left > 0 => WindowStatus::Allowed,
            _ => WindowStatus::Unstated,
        },
        utilization: remaining
            .zip(limit)
            .map(|(left, limit)| 1.0 - fraction(left, limit)),
        remaining,
        reset,
    })
}

fn trimmed(value: Option<&[u8]>) -> Option<&str> {
    Some(std::str::from_utf8(value?).ok()?.trim_ascii())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a fraction of counts far below 2^53"
)]
fn fraction(left: u64, limit: u64) -> f64 {
    left.min(limit) as f64 / limit as f64
}

/// Marks the buckets that caused a refusal: the empty ones, or else the one that the error names. That one was not
/// empty, only too small for the request, so it rests until the answer's own wish when that is earlier than full.
pub(super) fn reject(
    windows: &mut [WindowReading],
    named: Option<&str>,
    stated: Option<Timestamp>,
) {
    let mut empty = windows
        .iter_mut()
        .filter(|window| window.remaining == Some(0))
        .peekable();
    if empty.peek().is_some() {
        empty.for_each(|window| window.status = WindowStatus::Rejected);
        return;
    }
    if let Some(window) = windows
        .iter_mut()
        .find(|window| named == Some(&*window.id.kind))
    {
        window.status = WindowStatus::Rejected;
        window.reset = match (window.reset, stated) {
            (Some(full), Some(stated)) => Some(full.min(stated)),
            (full, stated) => full.or(stated),
        };
    }
}
