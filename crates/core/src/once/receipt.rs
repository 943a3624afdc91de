//! What is left of a change that was carried out under a claim, and how a repetition is judged by it.

use super::{Claim, Fingerprint};
use crate::time::Timestamp;

/// How long a receipt is kept, in milliseconds: 24 hours.
pub const KEPT_MS: u64 = 24 * 3600 * 1000;
/// How long an answer that shows a secret is kept, in milliseconds: 10 minutes.
pub const SECRET_KEPT_MS: u64 = 10 * 60 * 1000;

/// Whether an answer shows a secret that is shown nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It shows what every list shows.
    Plain,
    /// It shows a secret that was minted for it.
    Secret,
}

/// What happened, in the words of its audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Such as `agent.created`.
    pub action: String,
    /// The id or name of what it happened to.
    pub subject: String,
}

/// What is kept of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whose it is.
    pub claim: Claim,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// When it was carried out.
    pub at: Timestamp,
    /// What happened; `None` when all was as it was asked to be already.
    pub done: Option<Done>,
    /// The HTTP status of its answer.
    pub status: u16,
    /// Whether its answer shows a secret.
    pub secrecy: Secrecy,
    /// The body of its answer, sealed for this receipt; `None` when it was dropped.
    pub answer: Option<Vec<u8>>,
}

/// What becomes of a request under a claim whose receipt is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The receipt is too old to count: the request is the first.
    Expired,
    /// It asks for something else than the first did.
    Different,
    /// It gets the first's answer, which is sealed.
    Repeated(&'a [u8]),
    /// It is the same, and the answer is there no longer.
    Dropped,
}

impl Receipt {
    /// Judges a request with this fingerprint, at `now`. A clock that went back keeps a receipt longer and nothing else.
    #[must_use]
    pub fn judge(&self, asked: &Fingerprint, now: Timestamp) -> Verdict<'_> {
        let age = self.at.ms_until(now);
        if age >= KEPT_MS {
            return Verdict::Expired;
        }
        if self.fingerprint != *asked {
            return Verdict::Different;
        }
        match &self.answer {
            Some(answer) if self.secrecy == Secrecy::Plain || age < SECRET_KEPT_MS => {
                Verdict::Repeated(answer)
            }
            _ => Verdict::Dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Principal;
    use crate::ids::OperatorId;

    fn receipt(secrecy: Secrecy) -> Receipt {
        Receipt {
            claim: Claim {
                by: Principal::Operator(OperatorId::from_bytes([1; 16])),
                route: "POST /api/v1/agents".into(),
                key: "k".parse().unwrap(),
            },
            fingerprint: Fingerprint::from_bytes([1; 32]),
            at: Timestamp::from_secs(1000),
            done: None,
            status: 201,
            secrecy,
            answer: Some(b"sealed".to_vec()),
        }
    }

    #[test]
    fn p10_a_repetition_gets_the_answer_for_a_day_and_a_secret_for_ten_minutes() {
        let asked = Fingerprint::from_bytes([1; 32]);
        let after = |ms| Timestamp::from_secs(1000).plus_ms(ms);
        let (plain, secret) = (receipt(Secrecy::Plain), receipt(Secrecy::Secret));
        for age in [0, SECRET_KEPT_MS - 1] {
            let verdict = Verdict::Repeated(b"sealed");
            assert_eq!(plain.judge(&asked, after(age)), verdict);
            assert_eq!(secret.judge(&asked, after(age)), verdict);
        }
        assert_eq!(
            secret.judge(&asked, after(SECRET_KEPT_MS)),
            Verdict::Dropped
        );
        let last = after(KEPT_MS - 1);
        assert_eq!(plain.judge(&asked, last), Verdict::Repeated(b"sealed"));
        assert_eq!(secret.judge(&asked, last), Verdict::Dropped);
        assert_eq!(plain.judge(&asked, after(KEPT_MS)), Verdict::Expired);
        // The clock went back.
        assert_eq!(
            plain.judge(&asked, Timestamp::EPOCH),
            Verdict::Repeated(b"sealed")
        );
    }

    #[test]
    fn p10_another_request_under_the_key_is_told_apart_until_the_key_is_free() {
        let other = Fingerprint::from_bytes([2; 32]);
        let receipt = receipt(Secrecy::Plain);
        let after = |ms| Timestamp::from_secs(1000).plus_ms(ms);
        assert_eq!(receipt.judge(&other, after(0)), Verdict::Different);
        assert_eq!(receipt.judge(&other, after(KEPT_MS)), Verdict::Expired);
    }
}
