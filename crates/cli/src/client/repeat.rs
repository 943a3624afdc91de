//! Repeats a change whose reply did not come: under the key that it was first sent with, so that it happens once.

use super::transport::{Reply, Unreachable};
use crate::failure::{Failure, Kind};
use portunus_api::{ErrorCode, Problem};
use portunus_app::entropy;
use std::fmt::Write as _;
use std::time::Duration;

/// How often a change is sent at most, besides asking a plane that is still at it.
const TRIES: u32 = 4;
/// How often a plane that is still at it is asked: for about ten minutes, which a large import may take on a small machine.
const ASKED: u32 = 40;
/// The pause before the second try; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, also when the plane asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A key that nothing else was sent under: 128 random bits.
pub(super) fn new_key() -> Result<String, Failure> {
    let bytes = entropy::draw::<16>();
    let bytes = bytes.map_err(|error| Failure::new(Kind::General, error.to_string()))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// What one change has been through.
#[derive(Debug, Default)]
pub(super) struct Tries {
    made: u32,
    /// How often the plane said that it is still at it.
    asked: u32,
    /// Whether a try may have reached the plane without a reply.
    is_in_doubt: bool,
}

/// Another try is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) after: Duration,
    /// What happened, and that nothing happens twice.
    pub(super) words: String,
}

impl Tries {
    /// Whether to send the change again after this outcome. One that was never sent is not: whoever typed it is told at once.
    pub(super) fn judge(&mut self, outcome: &Result<Reply, Unreachable>) -> Option<Again> {
        if outcome.as_ref().is_ok_and(is_running) {
            return self.ask_again();
        }
        self.made += 1;
        let (why, asked_for) = match outcome {
            Ok(reply) => (refused(reply)?, reply.retry_after),
            Err(Unreachable::Lost(lost)) if !lost.may_have_arrived() && !self.is_in_doubt => {
                return None;
            }
            Err(lost) if lost.may_pass() => {
                self.is_in_doubt = true;
                (format!("the plane {lost}"), None)
            }
            Err(_) => return None,
        };
        if self.made >= TRIES {
            return None;
        }
        let pause = FIRST_PAUSE * 2_u32.pow(self.made - 1);
        let after = asked_for.map_or(pause, Duration::from_secs);
        let after = after.min(LONGEST_PAUSE);
        let (seconds, next) = (after.as_secs(), self.made + 1);
        let words = format!(
            "{why}; asking again in {seconds} s under the same key, so that it happens once ({next} of {TRIES})"
        );
        Some(Again { after, words })
    }

    /// The plane works on what it was sent: whoever waits long enough gets the answer.
    fn ask_again(&mut self) -> Option<Again> {
        self.asked += 1;
        if self.asked > ASKED {
            return None;
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.asked - 1).min(64);
        let after = pause.min(LONGEST_PAUSE);
        let words = format!(
            "the plane is still at it; asking for its answer in {} s",
            after.as_secs()
        );
        Some(Again { after, words })
    }

    /// What a failure for good says besides, when the change may have happened all the same.
    pub(super) const fn doubt(&self) -> Option<&'static str> {
        match self.is_in_doubt {
            true => Some(
                "it may have been carried out: look before you send it again, which would be another request",
            ),
            false => None,
        }
    }
}

/// Whether the plane works on the very same change.
fn is_running(reply: &Reply) -> bool {
    let problem = serde_json::from_slice::<Problem>(&reply.body);
    let says = |problem: Problem| problem.code == ErrorCode::RequestRunning.as_str();
    reply.retry_after.is_some() && problem.is_ok_and(says)
}

/// Why a refusal may be another answer soon.
fn refused(reply: &Reply) -> Option<String> {
    reply.retry_after?;
    (reply.status == 503).then(|| "the plane cannot do it at the moment".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_client::Lost;

    fn broken() -> Result<Reply, Unreachable> {
        Err(Lost::Broken("reset".into()).into())
    }

    fn refused() -> Result<Reply, Unreachable> {
        Err(Lost::NotConnected("connection refused".into()).into())
    }

    fn silent() -> Result<Reply, Unreachable> {
        Err(Lost::Silent(Duration::from_secs(60)).into())
    }

    fn reply(status: u16, retry_after: Option<u64>, body: &str) -> Result<Reply, Unreachable> {
        Ok(Reply {
            status,
            retry_after,
            body: body.to_owned().into(),
        })
    }

    fn pauses(tries: &mut Tries, outcomes: Vec<Result<Reply, Unreachable>>) -> Vec<Option<u64>> {
        let judged = outcomes.iter().map(|outcome| tries.judge(outcome));
        judged
            .map(|again| again.map(|again| again.after.as_secs()))
            .collect()
    }

    #[test]
    fn p10_a_lost_reply_is_asked_for_again_and_not_for_ever() {
        let mut tries = Tries::default();
        let outcomes = vec![broken(), refused(), silent(), broken()];
        assert_eq!(
            pauses(&mut tries, outcomes),
            [Some(1), Some(2), Some(4), None]
        );
        assert!(tries.doubt().is_some());
    }

    #[test]
    fn what_was_never_sent_is_told_at_once() {
        let mut tries = Tries::default();
        assert_eq!(pauses(&mut tries, vec![refused()]), [None]);
        assert!(tries.doubt().is_none());
        assert_eq!(tries.judge(&Err(Unreachable::Token)), None);
    }

    #[test]
    fn a_plane_that_says_when_is_asked_then() {
        let running = r#"{"type": "", "title": "", "status": 409, "detail": "", "instance": "", "code": "request_running",
            "fix": "", "doc_url": ""}"#;
        let taken = running.replace("request_running", "name_taken");
        for (outcome, pause) in [
            (reply(503, Some(3), ""), Some(3)),
            (reply(503, Some(900), ""), Some(15)),
            (reply(503, None, ""), None),
            (reply(409, Some(1), running), Some(1)),
            (reply(409, Some(1), &taken), None),
            (reply(429, Some(1), ""), None),
            (reply(201, None, ""), None),
        ] {
            let mut tries = Tries::default();
            assert_eq!(pauses(&mut tries, vec![outcome]), [pause]);
            assert!(tries.doubt().is_none());
        }
    }

    #[test]
    fn a_plane_that_is_at_it_is_asked_until_it_is_done() {
        let running = r#"{"type": "", "title": "", "status": 409, "detail": "", "instance": "", "code": "request_running",
            "fix": "", "doc_url": ""}"#;
        let mut tries = Tries::default();
        let mut outcomes = vec![silent()];
        outcomes.extend((0..41).map(|_| reply(409, Some(1), running)));
        let pauses = pauses(&mut tries, outcomes);
        assert_eq!(pauses[..6], [1, 1, 2, 4, 8, 15].map(Some));
        let waited: u64 = pauses.iter().flatten().sum();
        assert!((540..660).contains(&waited), "{waited} s");
        assert_eq!(pauses.last(), Some(&None));
        assert!(tries.doubt().is_some());
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let (one, two) = (new_key().unwrap(), new_key().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }
}
