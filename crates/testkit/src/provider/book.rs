//! The provider's memory: what it will answer to whom, and what it has seen.

use super::answer::Answer;
use super::asked::{Asked, Endpoint};
use super::limit::{Limit, Verdict};
use super::seen::{Ending, Seen};
use bytes::Bytes;
use parking_lot::Mutex;
use portunus_core::time::{Clock, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What is planned for one key, or for all of them.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) script: VecDeque<Answer>,
    pub(crate) always: Option<Answer>,
    pub(crate) limits: Vec<Limit>,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) seen: Vec<Seen>,
    pub(crate) by_key: HashMap<String, Plan>,
    pub(crate) anyone: Plan,
    pub(crate) strangers_refused: bool,
    pub(crate) pace: Pace,
}

/// How long a healthy answer takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) before_headers: Duration,
    pub(crate) between_events: Duration,
}

/// Shared between the handle and the connections.
pub(crate) struct Book {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pages: Mutex<Pages>,
}

/// What was decided for one request.
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    /// Limit headers that a natural answer carries.
    pub(crate) limits: Vec<(String, String)>,
}

impl Book {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            pages: Mutex::default(),
        }
    }

    /// Notes a request whose head has arrived and gives it its number.
    pub(crate) fn open(self: &Arc<Self>, seen: impl FnOnce(u64) -> Seen) -> Entry {
        let mut pages = self.pages.lock();
        let number = u64::try_from(pages.seen.len()).unwrap_or(u64::MAX);
        pages.seen.push(seen(number));
        Entry {
            book: Arc::clone(self),
            number,
        }
    }

    /// Decides what to answer: scripts first, then what always holds, then strangers, then limits.
    pub(crate) fn decide(&self, key: Option<&str>, asked: &Asked) -> Decision {
        let now = self.clock.now();
        let mut pages = self.pages.lock();
        let pages = &mut *pages;
        let mut own = key.and_then(|key| pages.by_key.get_mut(key));
        let scripted = own
            .as_mut()
            .and_then(|plan| plan.script.pop_front())
            .or_else(|| pages.anyone.script.pop_front())
            .or_else(|| own.as_ref().and_then(|plan| plan.always.clone()))
            .or_else(|| pages.anyone.always.clone());
        if let Some(answer) = scripted {
            return Decision::plain(answer);
        }
        if pages.strangers_refused && own.is_none() {
            return Decision::plain(Answer::dead_key());
        }
        if matches!(
            asked.endpoint,
            Endpoint::CountTokens | Endpoint::Models | Endpoint::Unknown
        ) {
            return Decision::plain(Answer::ok());
        }
        let healthy = Answer::ok()
            .after(pages.pace.before_headers)
            .gap(pages.pace.between_events);
        match own {
            Some(plan) => charge_all(&mut plan.limits, asked.model(), now, healthy),
            None => Decision::plain(healthy),
        }
    }
}

/// Charges every limit that binds the model; the first that is spent refuses.
fn charge_all(limits: &mut [Limit], model: &str, now: Timestamp, healthy: Answer) -> Decision {
    let mut told = Vec::new();
    for limit in limits.iter_mut().filter(|limit| limit.binds(model)) {
        match limit.charge(now) {
            Verdict::Allowed(headers) => told.extend(headers),
            Verdict::Rejected(headers) => {
                return Decision {
                    answer: Answer::rate_limited(),
                    limits: headers,
                };
            }
        }
    }
    Decision {
        answer: healthy,
        limits: told,
    }
}

impl Decision {
    const fn plain(answer: Answer) -> Self {
        Self {
            answer,
            limits: Vec::new(),
        }
    }
}

/// One request's line in the book; dropped while open, it says that the client left.
pub(crate) struct Entry {
    book: Arc<Book>,
    pub(crate) number: u64,
}

impl Entry {
    fn edit(&self, change: impl FnOnce(&mut Seen)) {
        let mut pages = self.book.pages.lock();
        let index = usize::try_from(self.number).unwrap_or(usize::MAX);
        if let Some(seen) = pages.seen.get_mut(index) {
            change(seen);
        }
    }

    pub(crate) fn body_arrived(&self, body: Bytes) {
        self.edit(|seen| seen.body = body);
    }

    pub(crate) fn answered(&self, status: u16) {
        self.edit(|seen| seen.status = Some(status));
    }

    /// Closes the line; later endings do not count.
    pub(crate) fn close(&self, ending: Ending) {
        self.edit(|seen| {
            if seen.ending == Ending::Open {
                seen.ending = ending;
            }
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.close(Ending::ClientLeft);
    }
}
