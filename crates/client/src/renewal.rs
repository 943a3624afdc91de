//! When an access token is renewed, and what of it is believed. Pure: the clock is an argument.
//!
//! It is due at half of its life, ten per cent earlier or later, as the plane says with `refresh_in`. One that has expired
//! is renewed within the grace, and the token is exchanged anew after that. What is held changes only when a successor is
//! there, so that a renewal that fails costs nothing while what is held lasts.

use portunus_api::access::TokenResponse;
use portunus_api::liveness::RenewedAccess;
use portunus_core::secret::Secret;
use portunus_core::time::Tick;
use std::sync::Arc;

/// How long after its end the plane still renews one, in milliseconds.
const GRACE_MS: u64 = 10 * 60 * 1000;
/// So long before its end one is not handed out any more, in milliseconds: it would end on its way. A tenth of its life
/// where that is shorter.
const MARGIN_MS: u64 = 5_000;

/// What the plane gives: an access token and its times.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    text: Secret,
    life_ms: u64,
    /// In how long it is due; 0 when the plane did not say anything that can be.
    due_ms: u64,
}

impl Grant {
    fn new(text: &str, expires_in: u64, refresh_in: u64) -> Self {
        let can_be = (1..expires_in).contains(&refresh_in);
        Self {
            text: Secret::new(text.to_owned()),
            life_ms: expires_in.saturating_mul(1_000),
            due_ms: if can_be {
                refresh_in.saturating_mul(1_000)
            } else {
                0
            },
        }
    }

    /// Whether it is over already, so that it is worth nothing.
    pub(crate) const fn is_over(&self) -> bool {
        self.life_ms == 0
    }
}

impl From<&TokenResponse> for Grant {
    fn from(answer: &TokenResponse) -> Self {
        Self::new(
            answer.access_token.expose(),
            answer.expires_in,
            answer.refresh_in,
        )
    }
}

impl From<&RenewedAccess> for Grant {
    fn from(renewed: &RenewedAccess) -> Self {
        Self::new(
            renewed.access_token.expose(),
            renewed.expires_in,
            renewed.refresh_in,
        )
    }
}

/// Which of the access tokens that were held, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Serial(u64);

/// An access token with its times on the caller's clock.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) text: Arc<Secret>,
    pub(crate) serial: Serial,
    due_at: Tick,
    /// When it is over for whoever would be given it now.
    ends_at: Tick,
    pub(crate) expires_at: Tick,
    /// How long the first of its family lasts, in milliseconds.
    first_life_ms: u64,
    life_ms: u64,
    is_refused: bool,
    is_in_use: bool,
}

/// What to do for whoever asks for an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Hand it out.
    Use,
    /// Hand it out, and renew it meanwhile.
    UseAndRenew,
    /// Renew it first.
    Renew,
    /// Exchange the token first.
    Exchange,
}

/// How a grant was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By an exchange of the token: a new family.
    Anew,
    /// As the successor of this one.
    After(Serial),
}

/// The access token that is held, if any.
#[derive(Debug, Default)]
pub(crate) struct Renewal {
    held: Option<Held>,
    count: u64,
    /// After a renewal that failed: not again before.
    rests_until: Tick,
}

impl Renewal {
    /// What is held, whatever it is worth.
    pub(crate) const fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// What to do for whoever asks at `now`.
    pub(crate) fn step(&self, now: Tick) -> Step {
        let Some(held) = &self.held else {
            return Step::Exchange;
        };
        // The last ones of a family get shorter and shorter, as the family ends with them.
        let is_last = held.life_ms < held.first_life_ms / 2;
        let may_go_on = !is_last && now < held.expires_at.plus_ms(GRACE_MS - MARGIN_MS);
        if held.is_refused || now >= held.ends_at {
            return if may_go_on {
                Step::Renew
            } else {
                Step::Exchange
            };
        }
        if now < held.due_at || now < self.rests_until {
            return Step::Use;
        }
        Step::UseAndRenew
    }

    /// How the next one is asked for.
    pub(crate) fn ask(&self, now: Tick) -> Asked {
        let is_due = matches!(self.step(now), Step::Renew | Step::UseAndRenew);
        match &self.held {
            Some(held) if is_due && held.life_ms >= held.first_life_ms / 2 => {
                Asked::After(held.serial)
            }
            _ => Asked::Anew,
        }
    }

    /// Takes what the plane gave for a request that was sent at `sent_at`. An answer to a question that others have
    /// answered since is left alone; says whether it was taken.
    pub(crate) fn accept(
        &mut self,
        grant: &Grant,
        asked: Asked,
        sent_at: Tick,
        chance: u64,
    ) -> Taken {
        let first_life_ms = match (asked, &self.held) {
            (Asked::Anew, _) => grant.life_ms,
            (Asked::After(serial), Some(held)) if held.serial == serial => held.first_life_ms,
            (Asked::After(_), _) => return Taken::TooLate,
        };
        if grant.is_over() {
            return Taken::TooLate;
        }
        self.count += 1;
        let margin = MARGIN_MS.min(grant.life_ms / 10);
        let expires_at = sent_at.plus_ms(grant.life_ms);
        self.held = Some(Held {
            text: Arc::new(grant.text.clone()),
            serial: Serial(self.count),
            due_at: sent_at.plus_ms(due_ms(grant, chance)),
            ends_at: sent_at.plus_ms(grant.life_ms - margin),
            expires_at,
            first_life_ms,
            life_ms: grant.life_ms,
            is_refused: false,
            is_in_use: false,
        });
        self.rests_until = Tick::default();
        Taken::Yes
    }

    /// Takes a successor that nobody asked for, unless what is held lasts as long.
    pub(crate) fn adopt(&mut self, grant: &Grant, received_at: Tick, chance: u64) -> Taken {
        let asked = match &self.held {
            None => Asked::Anew,
            Some(held) if received_at.plus_ms(grant.life_ms) <= held.expires_at => {
                return Taken::TooLate;
            }
            Some(held) => Asked::After(held.serial),
        };
        self.accept(grant, asked, received_at, chance)
    }

    /// The plane refused the one with this number: it is not handed out any more.
    pub(crate) fn refused(&mut self, serial: Serial) {
        if let Some(held) = self.held.as_mut().filter(|held| held.serial == serial) {
            held.is_refused = true;
        }
    }

    /// Whether there is nothing to hand out, and the plane is left alone for now because it could not give anything.
    pub(crate) fn rests_without(&self, now: Tick) -> bool {
        now < self.rests_until && matches!(self.step(now), Step::Renew | Step::Exchange)
    }

    /// A renewal failed; what is held is used until the next one, which is made no earlier than `until`.
    pub(crate) const fn rest(&mut self, until: Tick) {
        self.rests_until = until;
    }

    /// What is held cannot be renewed, or is not of this token: the next one is exchanged anew.
    pub(crate) fn forget(&mut self) {
        self.held = None;
    }

    /// What is held, to be handed out.
    pub(crate) fn hand_out(&mut self) -> Option<&Held> {
        let held = self.held.as_mut()?;
        held.is_in_use = true;
        Some(held)
    }

    /// When it should be renewed without anybody asking: when it is due, if it was handed out at all. Who does nothing is
    /// not kept awake.
    pub(crate) fn wanted_at(&self) -> Option<Tick> {
        let in_use = self.held.as_ref().filter(|held| held.is_in_use);
        in_use.map(|held| held.due_at.max(self.rests_until))
    }
}

/// Whether a grant was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    TooLate,
}

/// As the plane says, or half of its life with a tenth more or less.
fn due_ms(grant: &Grant, chance: u64) -> u64 {
    if grant.due_ms > 0 {
        return grant.due_ms;
    }
    let half = grant.life_ms / 2;
    let spread = half / 5;
    half - spread / 2 + chance % (spread + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: u64 = 60_000;

    fn grant(expires_in: u64, refresh_in: u64) -> Grant {
        Grant::new("eyJ", expires_in, refresh_in)
    }

    fn at(millis: u64) -> Tick {
        Tick::from_millis(millis)
    }

    /// One that was exchanged at 0, lives 10 minutes and is due after 5.
    fn exchanged() -> Renewal {
        let mut renewal = Renewal::default();
        let taken = renewal.accept(&grant(600, 300), Asked::Anew, at(0), 0);
        assert_eq!(taken, Taken::Yes);
        renewal
    }

    #[test]
    fn p4_it_is_renewed_at_half_life_and_never_handed_out_when_it_is_over() {
        let renewal = exchanged();
        for (now, step) in [
            (0, Step::Use),
            (5 * MINUTE - 1, Step::Use),
            (5 * MINUTE, Step::UseAndRenew),
            (10 * MINUTE - MARGIN_MS - 1, Step::UseAndRenew),
            (10 * MINUTE - MARGIN_MS, Step::Renew),
            (20 * MINUTE - MARGIN_MS - 1, Step::Renew),
            (20 * MINUTE - MARGIN_MS, Step::Exchange),
            (u64::MAX, Step::Exchange),
        ] {
            assert_eq!(renewal.step(at(now)), step, "at {now}");
        }
        assert_eq!(Renewal::default().step(at(0)), Step::Exchange);
    }

    #[test]
    fn p4_a_renewal_that_fails_costs_nothing_while_what_is_held_lasts() {
        let mut renewal = exchanged();
        renewal.rest(at(6 * MINUTE));
        assert_eq!(renewal.wanted_at(), None, "nobody uses it");
        renewal.hand_out().unwrap();
        assert_eq!(renewal.step(at(5 * MINUTE)), Step::Use);
        assert_eq!(renewal.wanted_at(), Some(at(6 * MINUTE)));
        assert_eq!(renewal.step(at(6 * MINUTE)), Step::UseAndRenew);
        assert_eq!(renewal.step(at(10 * MINUTE)), Step::Renew);
    }

    #[test]
    fn an_answer_that_others_were_faster_than_is_left_alone() {
        let mut renewal = exchanged();
        let asked = renewal.ask(at(5 * MINUTE));
        assert!(matches!(asked, Asked::After(_)));
        let first = renewal.accept(&grant(600, 300), asked, at(5 * MINUTE), 0);
        let second = renewal.accept(&grant(600, 300), asked, at(6 * MINUTE), 0);
        assert_eq!((first, second), (Taken::Yes, Taken::TooLate));
        assert_eq!(renewal.hand_out().unwrap().due_at, at(10 * MINUTE));
        assert_eq!(
            renewal.accept(&grant(0, 0), Asked::Anew, at(0), 0),
            Taken::TooLate
        );
    }

    #[test]
    fn one_that_the_plane_refused_is_renewed_and_then_exchanged() {
        let mut renewal = exchanged();
        let serial = renewal.held().unwrap().serial;
        renewal.refused(serial);
        assert_eq!(renewal.step(at(1)), Step::Renew);
        assert_eq!(renewal.ask(at(1)), Asked::After(serial));
        renewal.forget();
        assert_eq!(renewal.ask(at(1)), Asked::Anew);
        // A refusal of one that is not held any more changes nothing.
        renewal.accept(&grant(600, 300), Asked::Anew, at(1), 0);
        renewal.refused(serial);
        assert_eq!(renewal.step(at(2)), Step::Use);
    }

    #[test]
    fn the_last_of_a_family_is_not_renewed_but_exchanged() {
        let mut renewal = exchanged();
        let asked = renewal.ask(at(5 * MINUTE));
        renewal.accept(&grant(100, 50), asked, at(5 * MINUTE), 0);
        let due = at(5 * MINUTE + 50_000);
        assert_eq!(renewal.step(due), Step::UseAndRenew);
        assert_eq!(renewal.ask(due), Asked::Anew);
        assert_eq!(renewal.step(at(7 * MINUTE)), Step::Exchange);
    }

    proptest! {
        /// Whatever times the plane says, one is due before it ends and is not handed out after.
        #[test]
        fn times_that_cannot_be_do_no_harm(life in 1_u64..100_000, refresh in any::<u64>(), chance in any::<u64>()) {
            let mut renewal = Renewal::default();
            renewal.accept(&grant(life, refresh), Asked::Anew, at(0), chance);
            let due = renewal.hand_out().unwrap().due_at.as_millis();
            prop_assert!(due > 0 && due < life * 1_000);
            let over = renewal.step(at(life * 1_000));
            prop_assert!(matches!(over, Step::Renew | Step::Exchange));
            if !(1..life).contains(&refresh) {
                let half = life * 500;
                prop_assert!(due >= half - half / 10 && due <= half + half / 10);
            }
        }
    }
}
