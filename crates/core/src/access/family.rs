//! Families: the chain of access tokens that were renewed from one exchange, and what a renewal does to it.
//!
//! Only the newest token of a family may be renewed. Until it is used for the first time its predecessor may be renewed
//! too and gives the same successor: the reply was lost, or two renewals met. After that, whoever renews an older one
//! has a copy that it should not have, and the family ends.

use crate::agent::Principal;
use crate::scope::ScopeSet;
use crate::time::Timestamp;
use crate::token::Kid;

pub use crate::ids::FamilyId;

/// How long things last, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// An access token.
    pub life_ms: u64,
    /// How long after its end it can still be renewed.
    pub grace_ms: u64,
    /// A family.
    pub family_ms: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            life_ms: 10 * 60 * 1000,
            grace_ms: 10 * 60 * 1000,
            family_ms: 24 * 3600 * 1000,
        }
    }
}

/// The newest access token of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its public handle.
    pub jti: Kid,
    /// When it was issued, in whole seconds.
    pub at: Timestamp,
    /// When it was presented for the first time.
    pub used_at: Option<Timestamp>,
}

/// A family as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFamily {
    /// Its name, as `fam` in its tokens.
    pub id: FamilyId,
    /// Who acts.
    pub principal: Principal,
    /// The token that it was exchanged from; it ends with it.
    pub token: Kid,
    /// The family that it was narrowed from; it ends with it.
    pub parent: Option<FamilyId>,
    /// What its tokens hold.
    pub scope: ScopeSet,
    /// The generation of its principal when it began.
    pub generation: u64,
    /// Its newest token.
    pub current: Issue,
    /// The one before.
    pub previous: Option<Kid>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is over, whoever renews it.
    pub ends_at: Timestamp,
    /// When the token that it was exchanged from expires, if that is settled: nothing minted by it may last longer.
    pub token_expires_at: Option<Timestamp>,
}

/// What a renewal comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The family as it is afterwards; its newest token is the answer.
    Renewed(TokenFamily),
    /// An older token was renewed although its successor is in use: a copy is about.
    Reused,
    /// The family is over; the token is exchanged anew.
    Over,
}

impl TokenFamily {
    /// When its newest token expires.
    #[must_use]
    pub fn expires_at(&self, terms: &Terms) -> Timestamp {
        self.current.at.plus_ms(terms.life_ms).min(self.ends_at)
    }

    /// From when on it need not be remembered: nothing of it can be renewed any more.
    #[must_use]
    pub fn forgotten_at(&self, terms: &Terms) -> Timestamp {
        self.expires_at(terms).plus_ms(terms.grace_ms)
    }

    /// When its newest token should be renewed: at half of its life, ten per cent earlier or later, so that a fleet
    /// that began together does not renew together.
    #[must_use]
    pub fn due_at(&self, terms: &Terms) -> Timestamp {
        let half = self.current.at.ms_until(self.expires_at(terms)) / 2;
        let spread = half / 5;
        let [byte, ..] = *self.current.jti.as_bytes();
        let shift = spread * u64::from(byte) / 255;
        self.current.at.plus_ms(half - spread / 2 + shift)
    }

    /// Renews the token `presented` at `now`, which is a whole second. `fresh` becomes the handle of a new one. Whether
    /// the presented token is genuine and within its grace is known already.
    #[must_use]
    pub fn renew(&self, presented: Kid, fresh: Kid, now: Timestamp, terms: &Terms) -> Renewal {
        if now >= self.ends_at {
            return Renewal::Over;
        }
        if presented == self.current.jti {
            return Renewal::Renewed(Self {
                current: Issue {
                    jti: fresh,
                    at: now,
                    used_at: None,
                },
                previous: Some(presented),
                ..self.clone()
            });
        }
        if self.previous != Some(presented) || self.current.used_at.is_some() {
            return Renewal::Reused;
        }
        // The successor, under the same handle; one that is half gone gets a new life, or it would be of little use.
        let at = if now >= self.due_at(terms) {
            now
        } else {
            self.current.at
        };
        Renewal::Renewed(Self {
            current: Issue { at, ..self.current },
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AgentId;
    use proptest::prelude::*;

    const TERMS: Terms = Terms {
        life_ms: 600_000,
        grace_ms: 600_000,
        family_ms: 86_400_000,
    };

    const fn kid(number: u8) -> Kid {
        Kid::from_bytes([number; 16])
    }

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn family() -> TokenFamily {
        TokenFamily {
            id: FamilyId::from_bytes([1; 16]),
            principal: Principal::Agent(AgentId::from_bytes([1; 16])),
            token: kid(100),
            parent: None,
            scope: ScopeSet::agent(),
            generation: 0,
            current: Issue {
                jti: kid(1),
                at: at(1_000),
                used_at: None,
            },
            previous: None,
            created_at: at(1_000),
            ends_at: at(1_000).plus_ms(TERMS.family_ms),
            token_expires_at: None,
        }
    }

    fn renewed(renewal: Renewal) -> TokenFamily {
        match renewal {
            Renewal::Renewed(family) => family,
            other => panic!("{other:?}"),
        }
    }

    fn used(mut family: TokenFamily, when: u64) -> TokenFamily {
        family.current.used_at = Some(at(when));
        family
    }

    #[test]
    fn p4_a_lost_reply_is_given_again() {
        let first = renewed(family().renew(kid(1), kid(2), at(1_300), &TERMS));
        assert_eq!((first.current.jti, first.previous), (kid(2), Some(kid(1))));
        let again = renewed(first.renew(kid(1), kid(3), at(1_310), &TERMS));
        assert_eq!(again, first);
        // After long, the same successor with a new life.
        let late = renewed(first.renew(kid(1), kid(3), at(2_100), &TERMS));
        assert_eq!((late.current.jti, late.current.at), (kid(2), at(2_100)));
    }

    #[test]
    fn a_second_renewal_after_the_successors_first_use_is_reuse() {
        let first = renewed(family().renew(kid(1), kid(2), at(1_300), &TERMS));
        let in_use = used(first, 1_400);
        assert_eq!(
            in_use.renew(kid(1), kid(3), at(1_500), &TERMS),
            Renewal::Reused
        );
        let second = renewed(in_use.renew(kid(2), kid(3), at(1_500), &TERMS));
        assert_eq!(
            second.renew(kid(1), kid(4), at(1_510), &TERMS),
            Renewal::Reused
        );
        assert_eq!(
            second.renew(kid(9), kid(4), at(1_510), &TERMS),
            Renewal::Reused
        );
    }

    #[test]
    fn a_family_is_over_after_its_day() {
        let last = at(1_000 + 86_400);
        assert_eq!(family().renew(kid(1), kid(2), last, &TERMS), Renewal::Over);
        let late = at(1_000 + 86_100);
        let shortened = renewed(family().renew(kid(1), kid(2), late, &TERMS));
        assert_eq!(shortened.expires_at(&TERMS), last);
        assert!(shortened.due_at(&TERMS) < last);
    }

    #[test]
    fn renewal_is_due_at_half_life_ten_per_cent_around() {
        for byte in 0..=255 {
            let mut family = family();
            family.current.jti = kid(byte);
            let due = family.current.at.ms_until(family.due_at(&TERMS));
            assert!((270_000..=330_000).contains(&due), "{due}");
        }
    }

    proptest! {
        /// Two clients that share a family by theft: whatever order they renew and use in, as soon as both hold a
        /// token of their own line, the next renewal of the older line is noticed.
        #[test]
        fn only_one_line_of_tokens_goes_on(steps in prop::collection::vec((0u8..4, 0u64..200), 1..40)) {
            let (mut family, mut now, mut fresh) = (family(), 1_000, 1u8);
            let mut seen = vec![kid(1)];
            for (step, pause) in steps {
                now += pause;
                match step {
                    0 => family = used(family, now),
                    _ => {
                        fresh = fresh.wrapping_add(1);
                        let which = seen.len().saturating_sub(usize::from(step));
                        let presented = seen[which.min(seen.len() - 1)];
                        match family.renew(presented, kid(fresh), at(now), &TERMS) {
                            Renewal::Renewed(after) => {
                                let is_current = presented == family.current.jti;
                                let is_lost = family.previous == Some(presented)
                                    && family.current.used_at.is_none();
                                prop_assert!(is_current || is_lost);
                                prop_assert!(after.current.at >= family.current.at);
                                prop_assert_eq!(&after.scope, &family.scope);
                                prop_assert_eq!(after.ends_at, family.ends_at);
                                if after.current.jti != family.current.jti {
                                    seen.push(after.current.jti);
                                }
                                family = after;
                            }
                            Renewal::Reused => break,
                            Renewal::Over => prop_assert!(at(now) >= family.ends_at),
                        }
                    }
                }
            }
        }
    }
}
