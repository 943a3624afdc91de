//! What happens to one request, written down while it happens. When the record is dropped the request is over, however
//! it ended: its decision goes to the plane, and one line into the log.

use crate::provider::endpoint::Endpoint;
use crate::provider::repeated::without_secrets;
use crate::provider::sse::Event;
use crate::provider::usage::{Expected, UsageReader};
use crate::refusal::Refusal;
use crate::shared::Shared;
use http::HeaderMap;
use portunus_app::Session;
use portunus_app::budgets::{Amounts, OverBudget, Reservation};
use portunus_app::liveness::Presence;
use portunus_app::pools::Lease;
use portunus_core::agent::Principal;
use portunus_core::decision::{Attempt, Decision, Outcome, Step};
use portunus_core::ids::{KeyId, RequestId};
use portunus_core::pool::{Class, PassedOver};
use portunus_core::time::Timestamp;
use portunus_core::trace::TraceContext;
use portunus_core::usage::{Counted, Money, Usage};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the record calls an attempt that never came to an end, because the client or the plane left first.
const UNFINISHED: &str = "unfinished";
/// Characters of a message that are kept: an upstream may write as many as it likes, and a refusal may repeat them.
const KEPT_CHARS: usize = 400;
/// Bytes of a message that are looked through for them: what is struck out makes it shorter, and nobody quotes so much.
const SEARCHED_BYTES: usize = 16 * 1024;

/// The running record of one request. Without an outcome the client left.
pub(crate) struct Record {
    door: Arc<Shared>,
    started: Instant,
    decision: Decision,
    /// The wait that goes on.
    waiting: Option<Waiting>,
    /// The attempt that goes on; its status, class and duration are still open.
    attempt: Option<Attempt>,
    /// What the request was expected to use.
    expected: Expected,
    /// What budgets hold for it.
    reservation: Option<Reservation>,
    /// Counts along while a stream passes.
    counting: Option<UsageReader>,
    outcome: Option<Outcome>,
    /// That its agent lives, for as long as it runs.
    presence: Option<Presence>,
}

struct Waiting {
    at_us: u64,
    obstacles: Vec<PassedOver>,
    earliest: Option<Timestamp>,
}

impl Record {
    /// Begins the record of request `id`.
    #[must_use]
    pub(crate) fn begin(door: Arc<Shared>, id: RequestId) -> Self {
        let decision = Decision {
            id,
            at: door.plane.now(),
            agent: None,
            agent_name: None,
            endpoint: Cow::Borrowed("-"),
            model: None,
            steps: Vec::new(),
            outcome: Outcome::ClientLeft,
            status: 0,
            reason: None,
            first_byte_us: None,
            total_us: 0,
            usage: None,
            usage_source: None,
            cost: None,
            trace: None,
        };
        door.plane.metrics().began();
        Self {
            door,
            started: Instant::now(),
            decision,
            waiting: None,
            attempt: None,
            expected: Expected::default(),
            reservation: None,
            counting: None,
            outcome: None,
            presence: None,
        }
    }

    /// Where its client's trace is, while somebody wants to know.
    pub(crate) fn follows(&mut self, headers: &HeaderMap) {
        if self.door.plane.telemetry().is_on() {
            let parent = headers.get("traceparent");
            let parent = parent.and_then(|value| value.to_str().ok());
            self.decision.trace = parent.and_then(TraceContext::parse);
        }
    }

    /// As answered in `x-request-id`.
    pub(crate) const fn id(&self) -> RequestId {
        self.decision.id
    }

    /// Who asks is proven.
    pub(crate) fn proven(&mut self, session: &Session) {
        if let Principal::Agent(agent) = session.principal {
            self.decision.agent = Some(agent);
        }
        self.decision.agent_name = Some(Arc::clone(session.name()));
        self.presence = session.presence();
    }

    /// What is asked for.
    pub(crate) fn asks_for(&mut self, endpoint: &'static str) {
        self.decision.endpoint = Cow::Borrowed(endpoint);
    }

    /// Of which model.
    pub(crate) fn asks_model(&mut self, model: Arc<str>) {
        self.decision.model = Some(model);
    }

    /// It gets the answer of another request, which was sent for both.
    pub(crate) fn repeats(&mut self, original: RequestId) {
        let at_us = self.elapsed_us();
        self.decision.steps.push(Step::Repeated { at_us, original });
    }

    /// Budgets hold this much for it.
    pub(crate) fn reserved(&mut self, reservation: Reservation) {
        self.reservation = Some(reservation);
    }

    /// A budget has no room for it.
    pub(crate) fn over_budget(&mut self, over: &OverBudget) {
        let at_us = self.elapsed_us();
        self.decision.steps.push(Step::OverBudget {
            at_us,
            budget: Cow::Owned(over.budget()),
        });
    }

    /// It stands in the queue from now on, because of these keys.
    pub(crate) fn begin_wait(&mut self, obstacles: Vec<PassedOver>, earliest: Option<Timestamp>) {
        self.waiting = Some(Waiting {
            at_us: self.elapsed_us(),
            obstacles,
            earliest,
        });
    }

    /// It has left the queue.
    pub(crate) fn end_wait(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            let took_us = self.elapsed_us().saturating_sub(waiting.at_us);
            self.decision.steps.push(Step::Waited {
                at_us: waiting.at_us,
                took_us,
                obstacles: waiting.obstacles,
                earliest: waiting.earliest,
            });
        }
    }

    /// A lease is there, and the request goes upstream with its key.
    pub(crate) fn begin_attempt(&mut self, lease: &mut Lease) {
        let at_us = self.elapsed_us();
        if let Some(reservation) = &mut self.reservation {
            reservation.dispatched();
        }
        let pool = lease.pool().settings();
        self.attempt = Some(Attempt {
            at_us,
            took_us: 0,
            pool: pool.id,
            pool_name: pool.name.clone(),
            key: lease.key(),
            label: lease.label().clone(),
            choice: lease.take_choice(),
            status: None,
            class: Cow::Borrowed(UNFINISHED),
            detail: None,
        });
    }

    /// The upstream's status line is there.
    pub(crate) fn answered(&mut self, status: u16) {
        if let Some(attempt) = &mut self.attempt {
            attempt.status = Some(status);
        }
    }

    /// The attempt has an answer for the client.
    pub(crate) fn attempt_serves(&mut self) {
        self.close_attempt(Class::Ok.as_str(), None);
    }

    /// The attempt came to nothing.
    pub(crate) fn attempt_failed(&mut self, class: &Class, detail: &str) {
        let detail = beginning(detail);
        self.close_attempt(class.as_str(), Some(Cow::Owned(detail)));
    }

    /// The keys of its attempts that are over.
    pub(crate) fn tried(&self) -> impl Iterator<Item = KeyId> {
        self.decision.attempts().map(|attempt| attempt.key)
    }

    fn close_attempt(&mut self, class: &'static str, detail: Option<Cow<'static, str>>) {
        if let Some(mut attempt) = self.attempt.take() {
            attempt.took_us = self.elapsed_us().saturating_sub(attempt.at_us);
            attempt.class = Cow::Borrowed(class);
            attempt.detail = detail;
            self.decision.steps.push(Step::Attempted(attempt));
        }
    }

    /// The upstream's first byte for the client is here.
    pub(crate) fn first_byte(&mut self) {
        let elapsed = self.elapsed_us();
        self.decision.first_byte_us.get_or_insert(elapsed);
    }

    /// What it is expected to use.
    pub(crate) fn expects(&mut self, expected: Expected) {
        self.expected = expected;
    }

    /// What the answer used.
    pub(crate) fn used(&mut self, counted: Counted) {
        if let Some(model) = &self.decision.model {
            self.decision.cost = self.door.plane.prices().cost(model, &counted);
        }
        self.decision.usage = Some(counted.usage);
        self.decision.usage_source = Some(counted.source);
    }

    /// The answer is a stream that begins to pass.
    pub(crate) fn begin_counting(&mut self, endpoint: Endpoint) {
        self.counting = Some(UsageReader::new(endpoint, self.expected));
    }

    /// An event of the stream, whether or not the client gets it.
    pub(crate) fn count(&mut self, event: &Event) {
        if let Some(counting) = &mut self.counting {
            counting.absorb(event);
        }
    }

    /// What was used as far as the answer went.
    fn close_usage(&mut self) {
        let counting = self.counting.take();
        let is_unfinished = self.attempt.is_some() || counting.is_some();
        if let Some(counted) = counting.and_then(|counting| counting.finish()) {
            self.used(counted);
        } else if is_unfinished && self.expected != Expected::default() {
            // The provider has the request and may well charge for it, though nobody waits for the answer or little came.
            self.used(Counted::estimated(Usage {
                input: self.expected.input,
                ..Usage::default()
            }));
        }
    }

    /// The status that the client sees.
    pub(crate) fn shows(&mut self, status: u16) {
        self.decision.status = status;
    }

    /// The client is told no, before or after its answer began.
    pub(crate) fn refused(&mut self, refusal: &Refusal, outcome: Outcome) {
        if self.outcome.is_none() {
            self.decision.reason = Some(Cow::Owned(beginning(refusal.message())));
            self.outcome = Some(outcome);
        }
    }

    /// The first word on how it ended counts.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// As much of a message as is kept; whoever wrote it may have quoted a secret (P11).
fn beginning(message: &str) -> String {
    let end = message.floor_char_boundary(SEARCHED_BYTES);
    let mut searched = message.get(..end).unwrap_or_default();
    if searched.len() < message.len() {
        // Half a secret would look like none.
        searched = searched
            .rsplit_once(char::is_whitespace)
            .map_or(searched, |(whole_words, _)| whole_words);
    }
    let struck = without_secrets(searched);
    let mut kept: String = struck.chars().take(KEPT_CHARS).collect();
    if kept.len() < struck.len() || searched.len() < message.len() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// Milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    fn drop(&mut self) {
        // Whoever leaves in the queue has waited, and whoever leaves during an attempt has made it.
        self.end_wait();
        self.close_usage();
        self.close_attempt(UNFINISHED, None);
        let total_us = self.elapsed_us();
        let decision = &mut self.decision;
        decision.total_us = total_us;
        decision.outcome = self.outcome.unwrap_or(Outcome::ClientLeft);
        if let Some(reservation) = &mut self.reservation {
            settle(reservation, decision);
        }
        if let Some(presence) = self.presence.take() {
            self.door.plane.liveness().leave(presence);
        }
        log(decision);
        self.door.plane.finished(decision);
    }
}

/// Budgets get what was used. A request that was sent and came to nothing counts as a request that used nothing; one
/// that was never sent does not count.
fn settle(reservation: &mut Reservation, decision: &Decision) {
    let was_sent = decision.attempts().next().is_some();
    if was_sent {
        let money = match decision.usage {
            Some(_) => decision.cost,
            None => Some(Money::ZERO),
        };
        reservation.settle(Amounts {
            tokens: decision.usage.map_or(0, |usage| usage.total()),
            money,
        });
    } else {
        reservation.release();
    }
}

/// One line, for those who read logs.
fn log(decision: &Decision) {
    let last = decision.attempts().last();
    tracing::info!(
        target: "portunus::request",
        request_id = %decision.id,
        agent = decision.agent_name.as_deref().unwrap_or("-"),
        pool = last.map_or("-", |attempt| attempt.pool_name.as_str()),
        key = last.map_or("-", |attempt| attempt.label.as_str()),
        model = decision.model.as_deref().unwrap_or("-"),
        endpoint = decision.endpoint.as_ref(),
        status = decision.status,
        attempts = decision.attempts().count(),
        waited_ms = decision.waited_us() / 1_000,
        first_byte_ms = decision.first_byte_us.map(|us| us / 1_000),
        total_ms = decision.total_us / 1_000,
        outcome = decision.outcome.as_str(),
        "request"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_message_the_beginning_is_kept_and_says_that_it_was_cut() {
        assert_eq!(beginning("no such model"), "no such model");
        let long = "word ".repeat(200_000);
        let kept = beginning(&long);
        assert_eq!(kept.chars().count(), KEPT_CHARS);
        assert!(kept.ends_with('…') && long.starts_with(kept.trim_end_matches('…')));
    }

    #[test]
    fn p11_no_half_of_a_secret_is_kept() {
        let key = format!("sk-{} ", "a".repeat(2_000));
        for ahead in 0..SEARCHED_BYTES / 2_000 {
            let message = format!("{}{}", "-".repeat(ahead), key.repeat(20));
            let kept = beginning(&message);
            assert!(kept.contains("[secret]") && !kept.contains("sk-"), "{kept}");
        }
    }
}
