//! Whether a request is sent again, when, and to whom. Pure: outcomes go in, the next step comes out.
//!
//! A change is repeated under one `Idempotency-Key`, so that it happens once however often it is sent.

use crate::backoff::Backoff;
use crate::refusal::{Meaning, Refusal};
use portunus_core::time::Tick;
use std::time::Duration;

/// The pause after the first round in which no plane answered; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What came of one try.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// No whole answer.
    Lost,
    /// Somebody else is there than who is meant, which will be so in a moment too.
    Stranger,
    /// An answer without success.
    Refused(&'a Refusal),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask the next address at once.
    Elsewhere,
    /// Ask the same one after a pause.
    Here(Duration),
    /// Ask the next address after a pause.
    Later(Duration),
    /// Enough was tried.
    Over,
}

/// Whether the one pause for a rate limit was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    NotMet,
    WaitedFor,
}

/// What one request has been through.
#[derive(Debug)]
pub(crate) struct Tries {
    addresses: usize,
    /// Addresses that failed since the last pause.
    failed: usize,
    /// Those of them where a stranger is.
    strangers: usize,
    backoff: Backoff,
    limit: Limit,
    /// Nothing is begun after it.
    ends_at: Tick,
}

impl Tries {
    /// For a request to a plane with so many addresses, which may take until `ends_at`.
    pub(crate) const fn new(addresses: usize, ends_at: Tick) -> Self {
        Self {
            addresses,
            failed: 0,
            strangers: 0,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            limit: Limit::NotMet,
            ends_at,
        }
    }

    /// What to do after `outcome`, at `now`.
    pub(crate) fn judge(&mut self, outcome: Outcome<'_>, now: Tick, chance: u64) -> Next {
        let next = match outcome {
            Outcome::Lost => self.elsewhere(None, chance),
            Outcome::Stranger => {
                self.strangers += 1;
                match self.strangers < self.addresses {
                    true => self.elsewhere(None, chance),
                    false => Next::Over,
                }
            }
            Outcome::Refused(refusal) => match refusal.meaning() {
                Meaning::Unavailable => self.elsewhere(refusal.retry_after, chance),
                Meaning::Running => Next::Here(
                    refusal
                        .retry_after
                        .unwrap_or_else(|| self.backoff.pause(chance)),
                ),
                Meaning::Limited if self.limit == Limit::NotMet => {
                    self.limit = Limit::WaitedFor;
                    Next::Here(
                        refusal
                            .retry_after
                            .unwrap_or_else(|| self.backoff.pause(chance)),
                    )
                }
                _ => Next::Over,
            },
        };
        match next {
            Next::Here(pause) | Next::Later(pause) if !self.has_time_for(pause, now) => Next::Over,
            Next::Elsewhere if now >= self.ends_at => Next::Over,
            next => next,
        }
    }

    /// Every address is asked before anybody waits.
    fn elsewhere(&mut self, asked_for: Option<Duration>, chance: u64) -> Next {
        self.failed += 1;
        if self.failed < self.addresses {
            return Next::Elsewhere;
        }
        (self.failed, self.strangers) = (0, 0);
        let pause = self.backoff.pause(chance);
        Next::Later(asked_for.map_or(pause, |asked_for| asked_for.min(LONGEST_PAUSE).max(pause)))
    }

    fn has_time_for(&self, pause: Duration, now: Tick) -> bool {
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        now.plus_ms(pause) < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const START: Tick = Tick::from_millis(0);
    const END: Tick = Tick::from_millis(60_000);

    fn refusal(status: u16, code: &str, retry_after: Option<u64>) -> Refusal {
        let body = json!({
            "type": "", "title": "t", "status": status, "detail": "", "instance": "", "code": code, "fix": "",
            "doc_url": "",
        });
        let retry_after = retry_after.map(Duration::from_secs);
        Refusal::read(status, retry_after, body.to_string().as_bytes())
    }

    fn after(tries: &mut Tries, refusal: &Refusal) -> Next {
        tries.judge(Outcome::Refused(refusal), START, 0)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn every_address_is_asked_before_anybody_waits() {
        let mut tries = Tries::new(3, END);
        let outcomes: Vec<Next> = (0..7)
            .map(|_| tries.judge(Outcome::Lost, START, 0))
            .collect();
        let pause = |millis| Next::Later(ms(millis));
        use Next::Elsewhere as E;
        assert_eq!(outcomes, [E, E, pause(250), E, E, pause(500), E]);
    }

    #[test]
    fn strangers_are_not_waited_for_and_a_plane_among_them_is() {
        let mut all = Tries::new(2, END);
        let judged = [(); 2].map(|()| all.judge(Outcome::Stranger, START, 0));
        assert_eq!(judged, [Next::Elsewhere, Next::Over]);
        let mut one = Tries::new(2, END);
        for pause in [250, 500, 1_000] {
            assert_eq!(one.judge(Outcome::Lost, START, 0), Next::Elsewhere);
            let after = one.judge(Outcome::Stranger, START, 0);
            assert_eq!(after, Next::Later(ms(pause)));
        }
    }

    #[test]
    fn a_plane_that_drains_is_left_at_once() {
        let mut tries = Tries::new(2, END);
        assert_eq!(
            after(&mut tries, &refusal(503, "draining", Some(1))),
            Next::Elsewhere
        );
        let alone = &mut Tries::new(1, END);
        assert_eq!(
            after(alone, &refusal(503, "draining", Some(2))),
            Next::Later(ms(2_000))
        );
        assert_eq!(
            after(alone, &refusal(503, "draining", Some(9_999))),
            Next::Later(ms(10_000))
        );
    }

    #[test]
    fn after_a_rate_limit_one_more_try_is_made_after_its_time() {
        let limited = refusal(429, "rate_limited", Some(7));
        let mut tries = Tries::new(2, END);
        assert_eq!(after(&mut tries, &limited), Next::Here(ms(7_000)));
        assert_eq!(after(&mut tries, &limited), Next::Over);
        let too_long = refusal(429, "rate_limited", Some(60));
        assert_eq!(after(&mut Tries::new(2, END), &too_long), Next::Over);
        let timeless = refusal(429, "rate_limited", None);
        assert_eq!(
            after(&mut Tries::new(2, END), &timeless),
            Next::Here(ms(250))
        );
    }

    #[test]
    fn a_change_that_is_being_made_is_asked_for_until_it_is_over() {
        let running = refusal(409, "request_running", Some(1));
        let mut tries = Tries::new(2, END);
        for _ in 0..20 {
            assert_eq!(after(&mut tries, &running), Next::Here(ms(1_000)));
        }
    }

    #[test]
    fn what_would_be_refused_again_is_not_asked_again() {
        for (status, code) in [
            (400, "invalid_body"),
            (401, "invalid_token"),
            (403, "insufficient_scope"),
            (404, "not_found"),
            (422, "idempotency_key_reused"),
            (418, "of_a_newer_plane"),
        ] {
            assert_eq!(
                after(&mut Tries::new(2, END), &refusal(status, code, Some(1))),
                Next::Over
            );
        }
    }

    #[test]
    fn nothing_is_begun_after_the_patience() {
        let mut tries = Tries::new(2, END);
        assert_eq!(tries.judge(Outcome::Lost, END, 0), Next::Over);
        let mut tries = Tries::new(1, END);
        let late = Tick::from_millis(59_900);
        assert_eq!(tries.judge(Outcome::Lost, late, 0), Next::Over);
    }
}
