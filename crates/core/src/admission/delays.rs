//! What wrong passwords cost the account that they were tried on: a delay that grows, and is forgotten.
//!
//! An attempt counts as wrong from its beginning until it turns out right, so that many at once gain nothing. Attempts
//! that are turned away do not count. Whoever proves an account in another way is not asked here.

use crate::ids::OperatorId;
use crate::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// So many wrong passwords cost nothing: people mistype.
pub const FREE: u32 = 3;
/// The first delay, in milliseconds; each further wrong password doubles it.
pub const FIRST_MS: u64 = 1_000;
/// The longest delay, in milliseconds.
pub const LONGEST_MS: u64 = 300_000;
/// After so long without an attempt all is forgotten, in milliseconds.
pub const FORGOTTEN_MS: u64 = 900_000;
/// Most names that are nobody's which are remembered. Accounts that exist are never forgotten for others.
pub const STRANGERS: usize = 10_000;

/// What a password is tried on. A name that is nobody's is delayed as any other, so that it is not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// An operator's.
    Of(OperatorId),
    /// Nobody's: the first bytes of the hash of the name.
    Nobodys([u8; 16]),
}

/// A password may be tried again after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong passwords; the next one is looked at in {} s", retry_after_ms.div_ceil(1000))]
pub struct Delayed {
    /// Milliseconds until the next attempt is looked at.
    pub retry_after_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    wrong: u32,
    last: Timestamp,
    /// When the attempt before the last one began; the epoch when there was none.
    before: Timestamp,
}

impl Record {
    /// When the next attempt is looked at.
    fn free_at(&self) -> Timestamp {
        let Some(beyond) = self.wrong.checked_sub(FREE) else {
            return Timestamp::EPOCH;
        };
        let doubled = FIRST_MS.checked_shl(beyond).unwrap_or(LONGEST_MS);
        let delay = if beyond >= 20 { LONGEST_MS } else { doubled };
        self.last.plus_ms(delay.min(LONGEST_MS))
    }

    /// One in the future was written before the clock went back, and binds nobody.
    fn counts(&self, now: Timestamp) -> bool {
        self.last <= now && self.last.ms_until(now) < FORGOTTEN_MS
    }
}

/// Every account on which a password was wrong lately.
#[derive(Debug, Default)]
pub struct Delays {
    records: HashMap<Account, Record>,
    /// Names that are nobody's, by their latest attempt.
    strangers: BTreeSet<(Timestamp, Account)>,
}

impl Delays {
    /// Begins an attempt, which counts as wrong until it is said to be right or was none.
    ///
    /// # Errors
    ///
    /// [`Delayed`]; asking does not extend it.
    pub fn begin(&mut self, account: Account, now: Timestamp) -> Result<(), Delayed> {
        let before = self.records.get(&account).copied();
        let before = before.filter(|record| record.counts(now));
        if let Some(record) = before
            && now < record.free_at()
        {
            return Err(Delayed {
                retry_after_ms: now.ms_until(record.free_at()),
            });
        }
        let record = Record {
            wrong: before.map_or(0, |record| record.wrong).saturating_add(1),
            last: now,
            before: before.map_or(Timestamp::EPOCH, |record| record.last),
        };
        self.put(account, record);
        Ok(())
    }

    /// The password was right: the account begins anew.
    pub fn right(&mut self, account: Account) {
        if let Some(record) = self.records.remove(&account) {
            self.strangers.remove(&(record.last, account));
        }
    }

    /// The password of the attempt that began then was not looked at after all: the delay is as it was before, so that
    /// nobody keeps an account waiting by attempts that cost nothing. Where others began since, it counts from theirs.
    pub fn take_back(&mut self, account: Account, began: Timestamp) {
        let Some(mut record) = self.records.get(&account).copied() else {
            return;
        };
        record.wrong = record.wrong.saturating_sub(1);
        if record.wrong == 0 {
            self.right(account);
            return;
        }
        if record.last == began && record.before != Timestamp::EPOCH {
            record.last = record.before;
        }
        self.put(account, record);
    }

    /// How long the next attempt waits; zero when it does not.
    #[must_use]
    pub fn wait_ms(&self, account: Account, now: Timestamp) -> u64 {
        let record = self.records.get(&account);
        let record = record.filter(|record| record.counts(now));
        record.map_or(0, |record| now.ms_until(record.free_at()))
    }

    fn put(&mut self, account: Account, record: Record) {
        if let Some(old) = self.records.insert(account, record) {
            self.strangers.remove(&(old.last, account));
        }
        match account {
            // There are as many as there are operators.
            Account::Of(_) => {}
            Account::Nobodys(_) => {
                self.strangers.insert((record.last, account));
                self.forget_beyond();
            }
        }
    }

    fn forget_beyond(&mut self) {
        while self.strangers.len() > STRANGERS {
            let Some((_, oldest)) = self.strangers.pop_first() else {
                return;
            };
            self.records.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_secs(1_793_491_200);
    const ANN: Account = Account::Of(OperatorId::from_bytes([1; 16]));
    const BOB: Account = Account::Of(OperatorId::from_bytes([2; 16]));

    fn at(ms: u64) -> Timestamp {
        START.plus_ms(ms)
    }

    fn nobody(number: u32) -> Account {
        Account::Nobodys(u128::from(number).to_be_bytes())
    }

    /// Tries as soon as it is let, and tells the delays.
    fn delays_of(delays: &mut Delays, account: Account, tries: usize) -> Vec<u64> {
        let mut now = 0;
        let mut waited = Vec::new();
        for _ in 0..tries {
            assert_eq!(delays.begin(account, at(now)), Ok(()));
            let wait = delays.wait_ms(account, at(now));
            waited.push(wait);
            now += wait;
        }
        waited
    }

    #[test]
    fn three_are_free_and_then_each_doubles_the_delay_up_to_five_minutes() {
        let mut delays = Delays::default();
        let waited = delays_of(&mut delays, ANN, 15);
        let mut expected = vec![0, 0];
        expected.extend((0..9).map(|power| 1_000 << power));
        expected.extend([300_000; 4]);
        assert_eq!(waited, expected);
        assert_eq!(delays.wait_ms(BOB, at(0)), 0, "somebody else");
        let mut again = Delays::default();
        assert_eq!(delays_of(&mut again, nobody(7), 15), expected);
    }

    #[test]
    fn asking_during_a_delay_does_not_extend_it() {
        let mut delays = Delays::default();
        for _ in 0..3 {
            delays.begin(ANN, at(0)).unwrap();
        }
        for ms in 0..1_000 {
            let left = Delayed {
                retry_after_ms: 1_000 - ms,
            };
            assert_eq!(delays.begin(ANN, at(ms)), Err(left));
        }
        assert_eq!(delays.begin(ANN, at(1_000)), Ok(()));
    }

    #[test]
    fn a_right_password_and_a_quarter_of_an_hour_forget_all() {
        let mut delays = Delays::default();
        delays_of(&mut delays, ANN, 8);
        delays.right(ANN);
        assert_eq!(delays_of(&mut delays, ANN, 2), [0, 0]);
        let mut delays = Delays::default();
        for _ in 0..3 {
            delays.begin(ANN, at(0)).unwrap();
        }
        delays.begin(ANN, at(900_000)).unwrap();
        assert_eq!(delays.wait_ms(ANN, at(900_000)), 0);
    }

    #[test]
    fn many_at_once_get_no_more_than_one_by_one() {
        let mut delays = Delays::default();
        let began = (0..100).filter(|_| delays.begin(ANN, at(0)).is_ok());
        assert_eq!(began.count(), 3);
        // One that could not be looked at is given back.
        delays.take_back(ANN, at(0));
        assert_eq!(delays.begin(ANN, at(1)), Ok(()));
        assert!(delays.begin(ANN, at(1)).is_err());
    }

    #[test]
    fn attempts_that_are_not_looked_at_do_not_begin_a_delay_anew() {
        for account in [ANN, nobody(7)] {
            let mut delays = Delays::default();
            for _ in 0..3 {
                delays.begin(account, at(0)).unwrap();
            }
            // The queue is full whenever the account is free.
            for ms in [1_000, 1_500, 60_000] {
                assert_eq!(delays.begin(account, at(ms)), Ok(()), "{ms}");
                delays.take_back(account, at(ms));
                assert_eq!(delays.wait_ms(account, at(ms)), 0, "{ms}");
            }
            // What was looked at counts.
            delays.begin(account, at(60_001)).unwrap();
            assert_eq!(delays.wait_ms(account, at(60_001)), 2_000);
        }
        let mut delays = Delays::default();
        delays.begin(ANN, at(0)).unwrap();
        delays.take_back(ANN, at(0));
        assert!(delays.records.is_empty());
    }

    #[test]
    fn a_flood_of_names_pushes_out_names_and_no_account() {
        let mut delays = Delays::default();
        for _ in 0..3 {
            delays.begin(ANN, at(0)).unwrap();
        }
        for number in 0..20_000 {
            delays.begin(nobody(number), at(1)).unwrap();
        }
        assert_eq!(delays.records.len(), STRANGERS + 1);
        assert!(delays.begin(ANN, at(2)).is_err());
    }

    #[test]
    fn a_clock_that_went_back_frees_whom_it_would_bind_for_longer() {
        let mut delays = Delays::default();
        for _ in 0..3 {
            delays.begin(ANN, at(3_600_000)).unwrap();
        }
        assert_eq!(delays.begin(ANN, at(0)), Ok(()));
    }

    proptest! {
        /// Whatever happens, nobody waits for longer than the longest delay, and names stay few.
        #[test]
        fn nobody_waits_for_longer_than_five_minutes(
            steps in prop::collection::vec((0_u32..4, 0_u64..400_000, 0_u8..6), 1..200),
        ) {
            let (mut delays, mut now) = (Delays::default(), 0);
            for (who, pause, what) in steps {
                now += pause / 4;
                let account = if who == 0 { ANN } else { nobody(who) };
                match what {
                    0 => delays.right(account),
                    1 => delays.take_back(account, at(now)),
                    _ => {
                        if let Err(delayed) = delays.begin(account, at(now)) {
                            prop_assert!(delayed.retry_after_ms <= LONGEST_MS);
                            prop_assert_eq!(delays.wait_ms(account, at(now)), delayed.retry_after_ms);
                        }
                    }
                }
                let names = delays.records.keys().filter(|who| matches!(who, Account::Nobodys(_)));
                prop_assert_eq!(names.count(), delays.strangers.len());
            }
        }
    }
}
