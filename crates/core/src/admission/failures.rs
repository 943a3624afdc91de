//! Credentials that failed, counted by source and minute for the record: memory is bounded, whoever tries from wherever.

use super::source::Source;
use crate::time::Timestamp;
use std::collections::HashMap;

/// Sources counted apart in one minute; what fails from others is counted together.
pub const COUNTED_APART: usize = 10_000;
/// How long failures are counted together, in milliseconds.
pub const MINUTE_MS: u64 = 60_000;

macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:literal,)*) => {
        /// What failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FailedCredential {
            $($(#[$doc])* $reason,)*
        }

        impl FailedCredential {
            /// All of them.
            pub const ALL: [Self; reasons!(@count $($reason)*)] = [$(Self::$reason,)*];

            /// Its name in the record.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$reason => $name,)*
                }
            }
        }
    };
    (@count $($reason:ident)*) => { <[()]>::len(&[$(reasons!(@one $reason)),*]) };
    (@one $reason:ident) => { () };
}

reasons! {
    /// Two different tokens at once.
    TwoTokens = "two_tokens",
    /// A credential of somebody else's.
    Foreign = "foreign",
    /// A token that is cut off or mistyped.
    Mangled = "mangled",
    /// A token that no plane with this pepper issued.
    MadeUp = "made_up",
    /// A token that is well formed and not known.
    Unknown = "unknown",
    /// A token that was revoked.
    Revoked = "revoked",
    /// A token whose time is over.
    Expired = "expired",
    /// An access token that is not what it seems.
    AccessForged = "access_forged",
    /// An access token whose time is over or has not come, or that is for others.
    AccessExpired = "access_expired",
    /// A password.
    Password = "password",
    /// A session or a device that is not known.
    Session = "session",
}

/// How many of each failed.
pub type Counts = [u32; FailedCredential::ALL.len()];

/// What failed from one place within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedMinute {
    /// When the minute began.
    pub from: Timestamp,
    /// From where; `None` for all that are not counted apart.
    pub source: Option<Source>,
    /// By the order of [`FailedCredential::ALL`].
    pub counts: Counts,
}

impl FailedMinute {
    /// What failed and how often, without what did not.
    pub fn reasons(&self) -> impl Iterator<Item = (FailedCredential, u32)> {
        let counts = FailedCredential::ALL.into_iter().zip(self.counts);
        counts.filter(|(_, count)| *count > 0)
    }
}

/// Failures of the minutes that were not taken yet.
#[derive(Debug, Default)]
pub struct FailureBook {
    minute: u64,
    apart: HashMap<Source, Counts>,
    others: Counts,
    over: Vec<FailedMinute>,
}

impl FailureBook {
    /// Counts one failure.
    pub fn note(&mut self, source: Source, what: FailedCredential, now: Timestamp) {
        self.turn_to(now.as_millis() / MINUTE_MS);
        let has_room = self.apart.len() < COUNTED_APART;
        let counts = match self.apart.get_mut(&source) {
            Some(counts) => counts,
            None if has_room => self.apart.entry(source).or_default(),
            None => &mut self.others,
        };
        let place = FailedCredential::ALL.iter().position(|one| *one == what);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }

    /// Takes the minutes that are over, one entry a source.
    pub fn take_over(&mut self, now: Timestamp) -> Vec<FailedMinute> {
        self.turn_to(now.as_millis() / MINUTE_MS);
        std::mem::take(&mut self.over)
    }

    /// Takes everything, also what the present minute has so far.
    pub fn take_all(&mut self) -> Vec<FailedMinute> {
        self.close();
        std::mem::take(&mut self.over)
    }

    fn turn_to(&mut self, minute: u64) {
        if minute != self.minute {
            self.close();
            self.minute = minute;
        }
    }

    /// Ends the minute. While nobody takes what is over, what does not fit is counted with the others.
    fn close(&mut self) {
        let from = Timestamp::from_millis(self.minute.saturating_mul(MINUTE_MS));
        let mut others = std::mem::take(&mut self.others);
        for (source, counts) in self.apart.drain() {
            if self.over.len() < COUNTED_APART {
                self.over.push(FailedMinute {
                    from,
                    source: Some(source),
                    counts,
                });
            } else {
                add(&mut others, &counts);
            }
        }
        if others != Counts::default() {
            self.over.push(FailedMinute {
                from,
                source: None,
                counts: others,
            });
        }
    }
}

fn add(sum: &mut Counts, more: &Counts) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{IpAddr, Ipv4Addr};

    fn source(number: u32) -> Source {
        Source::of(IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    fn at(second: u64) -> Timestamp {
        Timestamp::from_secs(1_790_000_040 + second)
    }

    fn total(minutes: &[FailedMinute]) -> u64 {
        let counts = minutes.iter().flat_map(|minute| minute.counts);
        counts.map(u64::from).sum()
    }

    #[test]
    fn p12_failures_are_counted_by_source_and_minute() {
        use FailedCredential::{MadeUp, Password};
        let mut book = FailureBook::default();
        for (second, number, what) in [
            (0, 1, MadeUp),
            (1, 1, MadeUp),
            (2, 2, Password),
            (59, 1, Password),
            (60, 1, MadeUp),
        ] {
            book.note(source(number), what, at(second));
        }
        let mut taken = book.take_over(at(61));
        taken.sort_by_key(|minute| minute.source);
        let told: Vec<_> = taken
            .iter()
            .map(|minute| (minute.source, minute.reasons().collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            told,
            [
                (Some(source(1)), vec![(MadeUp, 2), (Password, 1)]),
                (Some(source(2)), vec![(Password, 1)]),
            ]
        );
        assert!(taken.iter().all(|minute| minute.from == at(0)));
        assert_eq!(book.take_over(at(119)), []);
        assert_eq!(total(&book.take_all()), 1);
        assert_eq!(book.take_all(), []);
    }

    #[test]
    fn p12_sources_without_end_are_counted_together() {
        let mut book = FailureBook::default();
        let spray = |book: &mut FailureBook, second| {
            for number in 0..30_000 {
                book.note(source(number), FailedCredential::Unknown, at(second));
            }
        };
        spray(&mut book, 0);
        let taken = book.take_over(at(60));
        assert_eq!((taken.len(), total(&taken)), (COUNTED_APART + 1, 30_000));
        // Nobody takes them for ten minutes.
        (0..10).for_each(|minute| spray(&mut book, minute * 60));
        let taken = book.take_all();
        assert!(taken.len() <= COUNTED_APART + 20, "{}", taken.len());
        assert_eq!(total(&taken), 300_000);
    }
}
