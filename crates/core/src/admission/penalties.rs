//! What a source pays for credentials that failed: ten in a minute cost it five minutes, in which nothing that can be
//! guessed or is slow to check is taken from it. Whoever brings a valid credential is never asked about it (P1).

use super::source::Source;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Failures within [`WINDOW_MS`] that cost a penalty.
pub const FAILURES: usize = 10;
/// How long a failure counts, in milliseconds.
pub const WINDOW_MS: u64 = 60_000;
/// How long a penalty lasts, in milliseconds.
pub const PENALTY_MS: u64 = 300_000;
/// Sources remembered at most. One without a penalty makes room for another; one with a penalty never does.
pub const TRACKED: usize = 10_000;

/// What became of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It counts.
    Counted,
    /// It was the one too many: a penalty began, of the source or of its wider network.
    Penalised(Source),
    /// A penalty is in force already, and is not extended.
    Ignored,
    /// There is no room: every source that is remembered has a penalty.
    Untracked,
}

/// A source that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Which.
    pub source: Source,
    /// Failures that count; of a wider network, how many of its networks failed.
    pub failures: usize,
    /// The latest of them.
    pub last_failed_at: Timestamp,
    /// When its penalty ends; `None` when it has none.
    pub penalised_until: Option<Timestamp>,
}

#[derive(Debug)]
enum Record {
    /// The moments of its failures, oldest first; fewer than [`FAILURES`].
    Watched(Vec<Timestamp>),
    /// The failure that was one too many; the penalty counts from there.
    Penalised(Timestamp),
}

impl Record {
    /// The latest failure that counted: what the order of forgetting goes by.
    fn last(&self) -> Timestamp {
        match self {
            Self::Watched(moments) => moments.last().copied().unwrap_or_default(),
            Self::Penalised(since) => *since,
        }
    }
}

/// Every source that failed lately.
#[derive(Debug, Default)]
pub struct PenaltyBook {
    records: BTreeMap<Source, Record>,
    /// Those without a penalty, by their latest failure.
    watched: BTreeSet<(Timestamp, Source)>,
    /// Those with one, by its beginning.
    penalised: BTreeSet<(Timestamp, Source)>,
}

impl PenaltyBook {
    /// Notes that a credential from `source` failed. The first failure of an IPv6 network also counts once for its
    /// site, so that whoever owns many networks pays as one.
    pub fn failed(&mut self, source: Source, now: Timestamp) -> Noted {
        self.forget_old(now);
        let is_new = !self.records.contains_key(&source);
        let noted = self.note(source, now);
        match source.wider() {
            Some(wider) if is_new => match self.note(wider, now) {
                Noted::Penalised(site) => Noted::Penalised(site),
                _ => noted,
            },
            _ => noted,
        }
    }

    /// When the penalty of `source`, or of the wider network that it lies in, ends; `None` when it has none.
    #[must_use]
    pub fn penalty(&self, source: Source, now: Timestamp) -> Option<Timestamp> {
        let own = self.ends(source, now);
        let wider = source.wider().and_then(|wider| self.ends(wider, now));
        own.max(wider)
    }

    /// Those that are remembered, in their order, from behind `after`.
    pub fn tracked(
        &mut self,
        after: Option<Source>,
        now: Timestamp,
    ) -> impl Iterator<Item = Tracked> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.forget_old(now);
        let from = after.map_or(Unbounded, Excluded);
        let records = self.records.range((from, Unbounded));
        records.map(|(source, record)| show(*source, record))
    }

    /// Forgets `source` and what overlaps it, so that no penalty that it felt is left. Gives what was forgotten.
    pub fn clear(&mut self, source: Source, now: Timestamp) -> Vec<Tracked> {
        self.forget_old(now);
        let found = self
            .records
            .iter()
            .filter(|(other, _)| source.overlaps(**other));
        let found: Vec<Tracked> = found.map(|(other, record)| show(*other, record)).collect();
        for tracked in &found {
            self.forget(tracked.source);
        }
        found
    }

    /// How many have a penalty now.
    pub fn penalised(&mut self, now: Timestamp) -> usize {
        self.forget_old(now);
        self.penalised.len()
    }

    fn ends(&self, source: Source, now: Timestamp) -> Option<Timestamp> {
        match self.records.get(&source)? {
            Record::Penalised(since) => Some(*since)
                .filter(|since| is_within(*since, PENALTY_MS, now))
                .map(|since| since.plus_ms(PENALTY_MS)),
            Record::Watched(_) => None,
        }
    }

    fn note(&mut self, source: Source, now: Timestamp) -> Noted {
        let mut moments = match self.records.remove(&source) {
            Some(Record::Watched(moments)) => {
                let last = moments.last().copied().unwrap_or_default();
                self.watched.remove(&(last, source));
                moments
            }
            Some(penalised) => {
                self.records.insert(source, penalised);
                return Noted::Ignored;
            }
            None if self.has_room() => Vec::new(),
            None => return Noted::Untracked,
        };
        moments.retain(|at| is_within(*at, WINDOW_MS, now));
        moments.push(now);
        let (record, noted) = if moments.len() < FAILURES {
            self.watched.insert((now, source));
            (Record::Watched(moments), Noted::Counted)
        } else {
            self.penalised.insert((now, source));
            (Record::Penalised(now), Noted::Penalised(source))
        };
        self.records.insert(source, record);
        noted
    }

    /// Whether one more can be remembered; the one without a penalty that failed longest ago makes room.
    fn has_room(&mut self) -> bool {
        if self.records.len() < TRACKED {
            return true;
        }
        let oldest = self.watched.first().map(|(_, source)| *source);
        oldest.is_some_and(|source| {
            self.forget(source);
            true
        })
    }

    /// Forgets what counts no longer. What lies in the future was written before the clock went back.
    fn forget_old(&mut self, now: Timestamp) {
        while let Some(source) = self.old(now) {
            self.forget(source);
        }
    }

    /// One that counts no longer.
    fn old(&self, now: Timestamp) -> Option<Source> {
        let lists = [(&self.watched, WINDOW_MS), (&self.penalised, PENALTY_MS)];
        lists.into_iter().find_map(|(list, lasts_ms)| {
            let ends = [list.first(), list.last()].into_iter().flatten();
            let mut old = ends.filter(|(at, _)| !is_within(*at, lasts_ms, now));
            old.next().map(|(_, source)| *source)
        })
    }

    fn forget(&mut self, source: Source) {
        if let Some(record) = self.records.remove(&source) {
            let place = (record.last(), source);
            self.watched.remove(&place);
            self.penalised.remove(&place);
        }
    }
}

/// Whether what happened `at` still counts at `now`.
fn is_within(at: Timestamp, lasts_ms: u64, now: Timestamp) -> bool {
    at <= now && at.ms_until(now) < lasts_ms
}

fn show(source: Source, record: &Record) -> Tracked {
    let (failures, penalised_until) = match record {
        Record::Watched(moments) => (moments.len(), None),
        Record::Penalised(since) => (FAILURES, Some(since.plus_ms(PENALTY_MS))),
    };
    Tracked {
        source,
        failures,
        last_failed_at: record.last(),
        penalised_until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_secs(1_793_491_200);

    fn at(ms: u64) -> Timestamp {
        START.plus_ms(ms)
    }

    fn source(text: &str) -> Source {
        text.parse().unwrap()
    }

    fn v4(number: u32) -> Source {
        Source::V4(number.into())
    }

    fn fail(book: &mut PenaltyBook, source: Source, times: usize, now: Timestamp) {
        for _ in 0..times {
            book.failed(source, now);
        }
    }

    #[test]
    fn ten_failures_in_a_minute_cost_five_minutes() {
        let (mut book, bad) = (PenaltyBook::default(), v4(1));
        fail(&mut book, bad, 9, at(0));
        assert_eq!(book.penalty(bad, at(0)), None);
        assert_eq!(book.failed(bad, at(59_999)), Noted::Penalised(bad));
        assert_eq!(book.penalty(bad, at(59_999)), Some(at(359_999)));
        assert_eq!(book.penalty(bad, at(359_998)), Some(at(359_999)));
        assert_eq!(book.penalty(bad, at(359_999)), None);
        assert_eq!(book.penalty(v4(2), at(60_000)), None, "a neighbour");
    }

    #[test]
    fn nine_failures_and_one_a_minute_later_cost_nothing() {
        let (mut book, bad) = (PenaltyBook::default(), v4(1));
        fail(&mut book, bad, 9, at(0));
        assert_eq!(book.failed(bad, at(60_000)), Noted::Counted);
        assert_eq!(book.penalty(bad, at(60_000)), None);
    }

    #[test]
    fn attempts_during_a_penalty_do_not_extend_it_and_count_for_nothing_after_it() {
        let (mut book, bad) = (PenaltyBook::default(), v4(1));
        fail(&mut book, bad, 10, at(0));
        for second in 1..300 {
            assert_eq!(book.failed(bad, at(second * 1_000)), Noted::Ignored);
        }
        assert_eq!(book.penalty(bad, at(299_999)), Some(at(300_000)));
        assert_eq!(book.failed(bad, at(300_000)), Noted::Counted);
        assert_eq!(book.penalty(bad, at(300_000)), None);
        fail(&mut book, bad, 9, at(300_001));
        assert_eq!(book.penalty(bad, at(300_001)), Some(at(600_001)));
    }

    #[test]
    fn ten_networks_of_one_site_pay_as_one() {
        let mut book = PenaltyBook::default();
        let network = |number: u64| source(&format!("2001:db8:7:{number:x}::/64"));
        for number in 0..9 {
            fail(&mut book, network(number), 9, at(0));
        }
        assert_eq!(book.penalty(network(100), at(0)), None);
        let site = source("2001:db8:7::/48");
        assert_eq!(book.failed(network(9), at(0)), Noted::Penalised(site));
        assert_eq!(book.penalty(network(100), at(0)), Some(at(300_000)));
        assert_eq!(book.penalty(source("2001:db8:8::1"), at(0)), None);
        let cleared = book.clear(network(3), at(0));
        let cleared: Vec<Source> = cleared.iter().map(|tracked| tracked.source).collect();
        assert_eq!(cleared, [site, network(3)]);
        assert_eq!(book.penalty(network(100), at(0)), None);
    }

    #[test]
    fn at_most_ten_thousand_are_tracked_and_a_penalty_is_never_pushed_out() {
        let mut book = PenaltyBook::default();
        fail(&mut book, v4(0), 10, at(0));
        for number in 1..=20_000 {
            assert_eq!(
                book.failed(v4(number), at(u64::from(number))),
                Noted::Counted
            );
        }
        assert_eq!(book.tracked(None, at(20_000)).count(), TRACKED);
        assert!(book.penalty(v4(0), at(20_000)).is_some());
        assert!(
            book.tracked(None, at(20_000))
                .all(|tracked| tracked.source != v4(1))
        );
    }

    #[test]
    fn when_all_that_are_tracked_have_a_penalty_nobody_else_is() {
        let mut book = PenaltyBook::default();
        for number in 0..10_000 {
            fail(&mut book, v4(number), 10, at(0));
        }
        assert_eq!(book.failed(v4(10_000), at(1)), Noted::Untracked);
        assert_eq!(book.penalised(at(299_999)), TRACKED);
        assert_eq!(book.failed(v4(10_000), at(300_000)), Noted::Counted);
        assert_eq!(book.tracked(None, at(300_000)).count(), 1);
    }

    #[test]
    fn what_was_cleared_begins_anew() {
        let (mut book, bad) = (PenaltyBook::default(), v4(1));
        fail(&mut book, bad, 10, at(0));
        let cleared = book.clear(bad, at(1));
        assert_eq!(cleared.len(), 1);
        assert_eq!(cleared[0].penalised_until, Some(at(300_000)));
        assert_eq!(book.penalty(bad, at(1)), None);
        assert!(book.clear(bad, at(1)).is_empty());
        fail(&mut book, bad, 9, at(1));
        assert_eq!(book.penalty(bad, at(1)), None);
    }

    #[test]
    fn the_list_goes_on_behind_any_source() {
        let mut book = PenaltyBook::default();
        for number in [5, 3, 9] {
            book.failed(v4(number), at(0));
        }
        let behind = |book: &mut PenaltyBook, after| -> Vec<Source> {
            book.tracked(after, at(0))
                .map(|tracked| tracked.source)
                .collect()
        };
        assert_eq!(behind(&mut book, None), [v4(3), v4(5), v4(9)]);
        assert_eq!(behind(&mut book, Some(v4(4))), [v4(5), v4(9)]);
    }

    #[test]
    fn a_clock_that_went_back_frees_whom_it_would_bind_for_longer() {
        let (mut book, bad) = (PenaltyBook::default(), v4(1));
        fail(&mut book, bad, 10, at(3_600_000));
        assert_eq!(book.penalty(bad, at(0)), None);
        assert_eq!(book.failed(bad, at(0)), Noted::Counted);
        assert_eq!(book.tracked(None, at(0)).count(), 1);
    }

    proptest! {
        /// Whatever fails and is cleared, the two orders hold exactly what the records say.
        #[test]
        fn the_orders_agree_with_the_records(
            steps in proptest::collection::vec((0_u32..4, 0_u64..30_000, 0_u8..10), 1..400),
        ) {
            let (mut book, mut now) = (PenaltyBook::default(), 0);
            for (number, pause, what) in steps {
                now += pause / 8;
                let source = match number {
                    3 => Source::Network(u64::from(what) << 20),
                    number => v4(number),
                };
                if what == 0 {
                    book.clear(source, at(now));
                } else {
                    book.failed(source, at(now));
                }
                let penalised = book.records.values().filter(|r| matches!(r, Record::Penalised(_))).count();
                prop_assert_eq!(book.penalised.len(), penalised);
                prop_assert_eq!(book.watched.len() + penalised, book.records.len());
                for (source, record) in &book.records {
                    let place = (record.last(), *source);
                    prop_assert!(book.watched.contains(&place) || book.penalised.contains(&place));
                }
            }
        }
    }
}
