//! What became of a message for one recipient: `queued → delivered → read`, or `failed` with a reason.
//!
//! | from | to | who moves it, and when |
//! | --- | --- | --- |
//! | queued | delivered | the recipient, by reading its inbox |
//! | delivered | delivered | the recipient again, once the time is over for which the message was hidden |
//! | delivered | read | the recipient, by acknowledging; a second time changes nothing |
//! | queued, delivered | failed | time, or that the recipient or the board is deleted |
//! | | failed | that the inbox was full when the message named its recipient |
//!
//! An attempt lasts as long as it was hidden for. What never arrived and is handed out again meanwhile is the same attempt:
//! a connection that breaks again and again uses up nothing at its own pace, and what kills its reader still comes to an end.
//!
//! `read` and `failed` are final. The end of a message is its sender's word: it holds for what is hidden as well, since
//! nobody can tell whether whoever took it still works on it.

use super::terms::MAX_ATTEMPTS;
use crate::time::Timestamp;

/// Why a delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// Nobody took it, or nobody acknowledged it, before the message expired.
    Expired,
    /// It was handed out [`MAX_ATTEMPTS`] times and never acknowledged.
    NotAcknowledged,
    /// The recipient was deleted.
    RecipientDeleted,
    /// The board was deleted.
    BoardDeleted,
    /// The recipient's inbox was full when the message was written.
    InboxFull,
}

impl FailureReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Expired,
        Self::NotAcknowledged,
        Self::RecipientDeleted,
        Self::BoardDeleted,
        Self::InboxFull,
    ];

    /// As it is stored and told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotAcknowledged => "not_acknowledged",
            Self::RecipientDeleted => "recipient_deleted",
            Self::BoardDeleted => "board_deleted",
            Self::InboxFull => "inbox_full",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Nobody took it yet.
    Queued,
    /// The recipient took it.
    Delivered {
        /// When, the last time.
        at: Timestamp,
        /// When it may be taken again.
        visible_at: Timestamp,
        /// Until when taking it again is the same attempt.
        counted_until: Timestamp,
    },
    /// The recipient acknowledged it.
    Read {
        /// When, the first time.
        at: Timestamp,
    },
    /// It will not come.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        reason: FailureReason,
    },
}

/// The delivery of one message to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was handed out, as far as that was not the same attempt.
    pub attempts: u32,
}

/// What an acknowledgement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// It was the first one.
    Now(Delivery),
    /// It was made before.
    Before,
}

/// Why a delivery cannot be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AckRefusal {
    /// It never was for this recipient, or it is forgotten.
    #[error("no such message was for this agent, or it is forgotten")]
    NotYours,
    /// The recipient never got it.
    #[error("it was not handed out yet")]
    NotDelivered,
    /// It failed.
    #[error("its delivery has failed")]
    Failed(FailureReason),
}

impl Delivery {
    /// Of a message that was just written.
    pub const NEW: Self = Self {
        state: DeliveryState::Queued,
        attempts: 0,
    };

    /// Of a message that is written at `at` to an inbox which holds `open` others that can still be taken or acknowledged,
    /// and may hold `most`. Whoever writes sees at once when there was no room.
    #[must_use]
    pub const fn written(at: Timestamp, open: u64, most: u64) -> Self {
        if open < most {
            return Self::NEW;
        }
        Self {
            state: DeliveryState::Failed {
                at,
                reason: FailureReason::InboxFull,
            },
            attempts: 0,
        }
    }

    /// Whether it can still be taken or acknowledged.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(
            self.state,
            DeliveryState::Queued | DeliveryState::Delivered { .. }
        )
    }

    /// When time alone will fail it; `None` when it is final.
    #[must_use]
    pub fn fails_at(&self, expires_at: Timestamp) -> Option<Timestamp> {
        self.end(expires_at).map(|(at, _)| at)
    }

    /// When and why time alone will fail it.
    fn end(&self, expires_at: Timestamp) -> Option<(Timestamp, FailureReason)> {
        match self.state {
            DeliveryState::Delivered {
                visible_at,
                counted_until,
                ..
            } if self.attempts >= MAX_ATTEMPTS && visible_at.max(counted_until) <= expires_at => {
                let over = visible_at.max(counted_until);
                Some((over, FailureReason::NotAcknowledged))
            }
            DeliveryState::Queued | DeliveryState::Delivered { .. } => {
                Some((expires_at, FailureReason::Expired))
            }
            DeliveryState::Read { .. } | DeliveryState::Failed { .. } => None,
        }
    }

    /// As it stands at `now`: what time has failed meanwhile is failed.
    #[must_use]
    pub fn settled(self, now: Timestamp, expires_at: Timestamp) -> Self {
        match self.end(expires_at) {
            Some((at, reason)) if at <= now => self.failed(at, reason),
            _ => self,
        }
    }

    /// Failed, unless it is final already.
    #[must_use]
    pub const fn failed(self, at: Timestamp, reason: FailureReason) -> Self {
        match self.state {
            DeliveryState::Queued | DeliveryState::Delivered { .. } => Self {
                state: DeliveryState::Failed { at, reason },
                ..self
            },
            DeliveryState::Read { .. } | DeliveryState::Failed { .. } => self,
        }
    }

    /// Handed out at `now` and hidden for `visibility_ms`; `None` when it is hidden or final.
    #[must_use]
    pub fn taken(self, now: Timestamp, visibility_ms: u64, expires_at: Timestamp) -> Option<Self> {
        let visible_at = now.plus_ms(visibility_ms);
        let (attempts, counted_until) = match self.settled(now, expires_at).state {
            DeliveryState::Queued => (1, visible_at),
            DeliveryState::Delivered {
                visible_at: free_at,
                counted_until,
                ..
            } if free_at <= now => {
                if now < counted_until {
                    (self.attempts, counted_until)
                } else {
                    (self.attempts.saturating_add(1), visible_at)
                }
            }
            _ => return None,
        };
        Some(Self {
            state: DeliveryState::Delivered {
                at: now,
                visible_at,
                counted_until,
            },
            attempts,
        })
    }

    /// Free to be taken again at `now`, because what was handed out never arrived. Taken again while it would have been
    /// hidden it is the same attempt; later it is another one, or what kills its reader would come for ever. `None` when it
    /// is not hidden.
    #[must_use]
    pub fn given_back(self, now: Timestamp, expires_at: Timestamp) -> Option<Self> {
        match self.settled(now, expires_at).state {
            DeliveryState::Delivered {
                at,
                visible_at,
                counted_until,
            } if visible_at > now => Some(Self {
                state: DeliveryState::Delivered {
                    at,
                    visible_at: now,
                    counted_until,
                },
                ..self
            }),
            _ => None,
        }
    }

    /// Acknowledged at `now`. Late is as good as in time, as long as it has not failed.
    pub fn acknowledged(
        self,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Acknowledged, AckRefusal> {
        match self.settled(now, expires_at).state {
            DeliveryState::Delivered { .. } => Ok(Acknowledged::Now(Self {
                state: DeliveryState::Read { at: now },
                ..self
            })),
            DeliveryState::Read { .. } => Ok(Acknowledged::Before),
            DeliveryState::Queued => Err(AckRefusal::NotDelivered),
            DeliveryState::Failed { reason, .. } => Err(AckRefusal::Failed(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXPIRES: Timestamp = Timestamp::from_millis(100_000);

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn take(delivery: Delivery, now: u64) -> Delivery {
        delivery.taken(at(now), 1_000, EXPIRES).unwrap()
    }

    #[test]
    fn what_was_taken_is_hidden_and_comes_again_unless_it_is_acknowledged() {
        let first = take(Delivery::NEW, 10);
        assert_eq!(first.taken(at(1_009), 1_000, EXPIRES), None);
        let second = take(first, 1_010);
        assert_eq!(second.attempts, 2);
        let Ok(Acknowledged::Now(read)) = second.acknowledged(at(1_020), EXPIRES) else {
            panic!("not read")
        };
        assert_eq!(read.state, DeliveryState::Read { at: at(1_020) });
        assert_eq!(read.taken(at(9_000), 1_000, EXPIRES), None);
        let again = read.acknowledged(at(1_030), EXPIRES);
        assert_eq!(again, Ok(Acknowledged::Before));
    }

    #[test]
    fn nobody_acknowledges_what_they_never_got() {
        let early = Delivery::NEW.acknowledged(at(5), EXPIRES);
        assert_eq!(early, Err(AckRefusal::NotDelivered));
    }

    #[test]
    fn it_fails_after_the_last_attempt_and_when_it_expires() {
        let mut delivery = Delivery::NEW;
        let mut now = 0;
        for _ in 0..MAX_ATTEMPTS {
            delivery = take(delivery, now);
            now += 1_000;
        }
        let in_time = delivery.acknowledged(at(now - 1), EXPIRES);
        assert!(matches!(in_time, Ok(Acknowledged::Now(_))));
        let reason = FailureReason::NotAcknowledged;
        let refused = delivery.acknowledged(at(now), EXPIRES);
        assert_eq!(refused, Err(AckRefusal::Failed(reason)));
        assert_eq!(delivery.taken(at(now), 1_000, EXPIRES), None);
        let expired = Delivery::NEW.settled(EXPIRES, EXPIRES).state;
        let reason = FailureReason::Expired;
        assert_eq!(
            expired,
            DeliveryState::Failed {
                at: EXPIRES,
                reason
            }
        );
    }

    #[test]
    fn it_fails_at_its_end_while_it_is_hidden_too() {
        let end = EXPIRES.as_millis();
        let taken = take(Delivery::NEW, end - 500);
        let in_time = taken.acknowledged(at(end - 1), EXPIRES);
        assert!(matches!(in_time, Ok(Acknowledged::Now(_))));
        let expired = DeliveryState::Failed {
            at: EXPIRES,
            reason: FailureReason::Expired,
        };
        assert_eq!(taken.settled(at(end), EXPIRES).state, expired);
        let late = taken.acknowledged(at(end), EXPIRES);
        assert_eq!(late, Err(AckRefusal::Failed(FailureReason::Expired)));
        // Its last attempt would have lasted longer.
        let last = Delivery {
            attempts: MAX_ATTEMPTS,
            ..taken
        };
        assert_eq!(last.settled(at(end), EXPIRES).state, expired);
    }

    #[test]
    fn what_never_arrived_is_free_at_once_and_counts_once_while_it_would_be_hidden() {
        let taken = take(take(Delivery::NEW, 10), 1_010);
        let back = taken.given_back(at(1_020), EXPIRES).unwrap();
        assert_eq!(back.attempts, 2);
        assert_eq!(back.given_back(at(1_020), EXPIRES), None, "once");
        assert_eq!(take(back, 2_009).attempts, 2);
        assert_eq!(take(back, 2_010).attempts, 3);
        assert_eq!(Delivery::NEW.given_back(at(5), EXPIRES), None);
        assert_eq!(
            taken.given_back(at(2_010), EXPIRES),
            None,
            "it is free already"
        );
    }

    #[test]
    fn a_link_that_breaks_all_the_time_uses_up_one_attempt_in_each_time_of_hiding() {
        let (mut delivery, mut now) = (take(Delivery::NEW, 0), 0);
        let mut taken = 1;
        let end = loop {
            now += 7;
            let Some(back) = delivery.given_back(at(now), EXPIRES) else {
                break delivery.settled(at(now), EXPIRES);
            };
            let Some(again) = back.taken(at(now), 1_000, EXPIRES) else {
                break back.settled(at(now), EXPIRES);
            };
            delivery = again;
            taken += 1;
        };
        let least = u64::from(MAX_ATTEMPTS) * 1_000;
        assert!(now >= least, "{now}");
        assert!(now < least + 1_000, "{now}");
        assert_eq!(taken, now.div_ceil(7));
        let reason = FailureReason::NotAcknowledged;
        assert_eq!(
            end.state,
            DeliveryState::Failed {
                at: at(now),
                reason
            }
        );
    }

    proptest! {
        #[test]
        fn final_states_stay_and_a_delivery_is_read_at_most_once(
            steps in prop::collection::vec((0..4_u8, 0..4_000_u64), 0..80),
        ) {
            let (mut delivery, mut now, mut reads) = (Delivery::NEW, 0, 0);
            for (step, pause) in steps {
                now += pause;
                let before = delivery;
                delivery = match step {
                    0 => delivery.taken(at(now), 1_000, EXPIRES).unwrap_or(delivery),
                    1 => match delivery.acknowledged(at(now), EXPIRES) {
                        Ok(Acknowledged::Now(read)) => { reads += 1; read }
                        Ok(Acknowledged::Before) | Err(_) => delivery,
                    },
                    2 => delivery.given_back(at(now), EXPIRES).unwrap_or(delivery),
                    _ => delivery.settled(at(now), EXPIRES),
                };
                prop_assert!(before.is_open() || before == delivery);
                prop_assert!(delivery.attempts <= MAX_ATTEMPTS);
                prop_assert_eq!(delivery.is_open(), delivery.fails_at(EXPIRES).is_some());
            }
            prop_assert!(reads <= 1);
        }
    }
}
