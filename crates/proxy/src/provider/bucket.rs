//! Windows that come as a limit, what remains of it, and when it is full again.

use super::reset;
use http::{HeaderMap, HeaderName};
use portunus_core::pool::answer::{Family, WindowId, WindowReading, WindowScope, WindowStatus};
use portunus_core::time::Timestamp;

/// The header names of one bucket.
#[derive(Debug)]
pub(super) struct Names {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
}

impl Names {
    /// Of a bucket that is known beforehand; nothing is parsed when an answer comes.
    pub(super) const fn known(
        limit: &'static str,
        remaining: &'static str,
        reset: &'static str,
    ) -> Self {
        Self {
            limit: HeaderName::from_static(limit),
            remaining: HeaderName::from_static(remaining),
            reset: HeaderName::from_static(reset),
        }
    }

    /// From a rule that makes a header name of `limit`, `remaining` or `reset`; `None` when that makes none.
    pub(super) fn new(name: impl Fn(&str) -> String) -> Option<Self> {
        let name = |part| HeaderName::try_from(name(part)).ok();
        Some(Self {
            limit: name("limit")?,
            remaining: name("remaining")?,
            reset: name("reset")?,
        })
    }
}

/// Reads one bucket; `None` when the answer does not show it. Negative counts say nothing.
pub(super) fn read(
    family: &Family,
    now: Timestamp,
    headers: &HeaderMap,
    kind: &str,
    names: &Names,
) -> Option<WindowReading> {
    let number = |name: &HeaderName| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let remaining = number(&names.remaining);
    let limit = number(&names.limit).filter(|limit| *limit > 0);
    let reset = reset::header(now, headers, &names.reset);
    if remaining.is_none() && reset.is_none() {
        return None;
    }
    Some(WindowReading {
        id: WindowId {
            scope: WindowScope::Family(family.clone()),
            kind: kind.into(),
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
