//! Whether a connection that ended is made again, when, and with which credential. Pure: ends go in, the next step comes out.
//!
//! | what happened | what follows |
//! | --- | --- |
//! | it broke, the plane restarts, or said something unknown | again, with backoff or after the time that the plane says |
//! | the credential is over or was replaced | again with a renewed one, once until `hello` |
//! | the credential is missing or wrong | stop; an access token is renewed once first |
//! | the same, and a paired device's token would do | again with it, once, and only where it is certain who hears it |
//! | the token gives no access tokens any more | with a paired device's token, as above |
//! | a limit is reached | again once, after its time; stop when it is met again |
//! | the scope does not suffice, or the program is mistaken | stop |
//!
//! Backoff begins anew with `hello` and not before: a connection alone is no sign that all is well.

use crate::backoff::Backoff;
use crate::refusal::{Meaning, Refusal};
use portunus_api::push::{PushError, PushErrorCode, PushStep, close};
use std::fmt;
use std::time::Duration;

/// The first pause is at most so long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause of ours is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A plane that says when to come again is believed up to here.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// How a connection ended, or why there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It broke or never came about, and nobody said why.
    Lost(String),
    /// It was turned away before the upgrade.
    TurnedAway(Box<Refusal>),
    /// The plane ended it, and said why.
    Refused(Box<PushError>),
    /// It was closed with this code (RFC 6455 §7.4) and nothing else.
    Closed(u16),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "the connection is lost ({why})"),
            Self::TurnedAway(refusal) => write!(f, "{refusal}"),
            Self::Refused(error) => write!(f, "{} ({})", error.message, error.code.as_str()),
            Self::Closed(code) => write!(f, "the plane closed the connection ({code})"),
        }
    }
}

/// What a credential is, for whoever may try another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// An access token, which can be renewed.
    Access,
    /// The token itself.
    Token,
    /// The token, to exchange it: nothing is said then of a device's.
    Exchanged,
    /// The token of a paired device.
    Device,
}

/// Whether a device's token may be sent where the connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceToken {
    /// There is none.
    None,
    /// There is one, and it is certain who hears it: an address of this machine, or a pinned certificate.
    MayBeSent,
    /// There is one, and it is not certain who hears it.
    StaysHere,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Connect after a pause.
    Again {
        /// The pause.
        after: Duration,
        /// What to present.
        with: Credential,
    },
    /// Connect at once without the cursor, which the plane does not take.
    WithoutCursor,
    /// No more: somebody has to change something first.
    Stop,
}

/// What to present next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// As usual.
    Usual,
    /// Another access token than the last one.
    Renewed,
    /// The token of the paired device.
    Device,
}

/// Whether something that is done once was done since the last `hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Once {
    NotYet,
    Done,
}

/// What connecting has been through since the last `hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reconnect {
    backoff: Backoff,
    renewed: Once,
    device: Once,
    waited: Once,
    cursor: Once,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            renewed: Once::NotYet,
            device: Once::NotYet,
            waited: Once::NotYet,
            cursor: Once::NotYet,
        }
    }
}

impl Reconnect {
    /// The plane said `hello`: all is well, and everything may be tried once again.
    pub(crate) fn greeted(&mut self) {
        *self = Self::default();
    }

    /// What to do after a connection on which `presented` was presented ended so. `chance` is any number.
    pub(crate) fn ended(
        &mut self,
        end: &End,
        presented: Presented,
        device: DeviceToken,
        chance: u64,
    ) -> Next {
        match end {
            End::Lost(_) => self.later(None, chance),
            End::Closed(close::ROTATED | close::AUTH) => self.renew(presented, chance),
            End::Closed(_) => self.later(None, chance),
            End::TurnedAway(refusal) => self.turned_away(refusal, presented, device, chance),
            End::Refused(error) => self.refused(error, presented, device, chance),
        }
    }

    fn refused(
        &mut self,
        error: &PushError,
        presented: Presented,
        device: DeviceToken,
        chance: u64,
    ) -> Next {
        let asked_for = error.retry_after_ms.map(Duration::from_millis);
        if error.code == PushErrorCode::Unknown {
            return self.later(asked_for, chance);
        }
        if error.code == PushErrorCode::BadCursor {
            return self.once(|this| &mut this.cursor, Next::WithoutCursor);
        }
        match error.recommended_next_step {
            PushStep::GiveCredential | PushStep::ForgetToken => {
                self.rejected(error.can_retry_with_device_token, presented, device)
            }
            PushStep::UseSuccessor | PushStep::RenewCredential => self.renew(presented, chance),
            PushStep::Wait => self.wait(asked_for, chance),
            PushStep::AskOperator | PushStep::FixClient => Next::Stop,
            PushStep::GoOn | PushStep::Reconnect | PushStep::Unknown => {
                self.later(asked_for, chance)
            }
        }
    }

    fn turned_away(
        &mut self,
        refusal: &Refusal,
        presented: Presented,
        device: DeviceToken,
        chance: u64,
    ) -> Next {
        let would_do = refusal
            .auth
            .as_ref()
            .is_some_and(|auth| auth.can_retry_with_device_token)
            || presented == Presented::Exchanged;
        match refusal.meaning() {
            Meaning::Rejected => self.rejected(would_do, presented, device),
            Meaning::Limited => self.wait(refusal.retry_after, chance),
            Meaning::Forbidden | Meaning::Mistaken => Next::Stop,
            Meaning::Unavailable | Meaning::Running | Meaning::Unknown => {
                self.later(refusal.retry_after, chance)
            }
        }
    }

    /// The credential is missing or wrong.
    fn rejected(
        &mut self,
        device_would_do: bool,
        presented: Presented,
        device: DeviceToken,
    ) -> Next {
        if presented == Presented::Access && self.renewed == Once::NotYet {
            self.renewed = Once::Done;
            return now(Credential::Renewed);
        }
        if device_would_do && device == DeviceToken::MayBeSent && presented != Presented::Device {
            return self.once(|this| &mut this.device, now(Credential::Device));
        }
        Next::Stop
    }

    /// What was presented is over. The first time there is another one at once.
    fn renew(&mut self, presented: Presented, chance: u64) -> Next {
        if presented == Presented::Device {
            return Next::Stop;
        }
        let after = match self.renewed {
            Once::NotYet => Duration::ZERO,
            Once::Done => self.backoff.pause(chance),
        };
        self.renewed = Once::Done;
        Next::Again {
            after,
            with: Credential::Renewed,
        }
    }

    /// A limit is reached.
    fn wait(&mut self, asked_for: Option<Duration>, chance: u64) -> Next {
        let again = self.later(asked_for, chance);
        self.once(|this| &mut this.waited, again)
    }

    fn later(&mut self, asked_for: Option<Duration>, chance: u64) -> Next {
        let pause = self.backoff.pause(chance);
        Next::Again {
            after: asked_for.map_or(pause, |asked_for| asked_for.min(LONGEST_WAIT)),
            with: Credential::Usual,
        }
    }

    fn once(&mut self, which: impl Fn(&mut Self) -> &mut Once, next: Next) -> Next {
        let done = which(self);
        match *done {
            Once::NotYet => {
                *done = Once::Done;
                next
            }
            Once::Done => Next::Stop,
        }
    }
}

const fn now(with: Credential) -> Next {
    Next::Again {
        after: Duration::ZERO,
        with,
    }
}

#[cfg(test)]
mod tests;
