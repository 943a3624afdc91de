//! What the agents count: calls, waits and failures, as a client sees them.

use super::cast::Tongue;
use super::voice::{Mood, Voice};
use crate::top::story::Score;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// From this on, an answer counts as one that had to wait.
const WAIT: Duration = Duration::from_secs(1);

/// From this on, every wait is worth a line; a shorter one is while it is the longest so far.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// More failures than this are counted without a line each.
const FAILURES_TOLD: u64 = 12;

/// One call as its agent saw it.
pub(super) struct Call {
    /// What was wrong; nothing when the answer was whole.
    pub(super) failure: Option<String>,
    /// From the question to the first byte of the answer.
    pub(super) first_byte: Duration,
}

/// The numbers so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Calls that ended.
    pub(super) calls: u64,
    /// Calls that waited more than a second for their first byte.
    pub(super) waits: u64,
    /// Those among them that were too short for a line of their own.
    pub(super) waits_untold: u64,
    /// The longest of them.
    pub(super) longest_wait: Duration,
    /// Failures that a client saw.
    pub(super) failures: u64,
    /// Heartbeats that were answered.
    pub(super) beats: u64,
    /// Messages that their recipients have read.
    pub(super) read: u64,
    /// Times that a call met no plane and was sent again.
    pub(super) sent_again: u64,
}

/// Counts for all agents and tells what is worth telling.
pub(super) struct Tally {
    numbers: Mutex<Numbers>,
    voice: Voice,
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new(voice: Voice) -> Self {
        Self {
            numbers: Mutex::default(),
            voice,
        }
    }

    fn locked(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one call.
    pub(super) fn called(&self, name: &str, tongue: Tongue, call: Call) {
        let mut numbers = self.locked();
        numbers.calls += 1;
        self.voice.score(Score {
            calls: numbers.calls,
            failures: numbers.failures + u64::from(call.failure.is_some()),
        });
        if let Some(failure) = call.failure {
            numbers.failures += 1;
            let nth = numbers.failures;
            drop(numbers);
            self.tell_failure(nth, name, tongue, &failure);
            return;
        }
        let waited = call.first_byte;
        if waited < WAIT {
            return;
        }
        let worth_a_line = waited >= LONG_WAIT || waited > numbers.longest_wait;
        numbers.waits += 1;
        numbers.waits_untold += u64::from(!worth_a_line);
        numbers.longest_wait = numbers.longest_wait.max(waited);
        drop(numbers);
        if worth_a_line {
            let seconds = waited.as_secs_f64();
            let words = tongue.words();
            self.voice.say(
                Mood::Good,
                "agent",
                &format!("{name} ({words}) waited {seconds:.1} s for its answer"),
            );
        }
    }

    fn tell_failure(&self, nth: u64, name: &str, tongue: Tongue, failure: &str) {
        let told = match nth {
            ..=FAILURES_TOLD => format!("{name} ({}) saw a failure: {failure}", tongue.words()),
            n if n == FAILURES_TOLD + 1 => {
                "failures go on; from here they are only counted".to_owned()
            }
            _ => return,
        };
        self.voice.say(Mood::Bad, "agent", &told);
    }

    /// Counts a heartbeat.
    pub(super) fn beat(&self) {
        self.locked().beats += 1;
    }

    /// Counts a message that was read.
    pub(super) fn read(&self) {
        self.locked().read += 1;
    }

    /// Counts a call that is sent again because it met no plane.
    pub(super) fn sent_again(&self) {
        self.locked().sent_again += 1;
    }

    /// The story.
    pub(super) const fn voice(&self) -> &Voice {
        &self.voice
    }

    /// The numbers now.
    pub(super) fn numbers(&self) -> Numbers {
        self.locked().clone()
    }
}
