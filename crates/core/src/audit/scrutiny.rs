//! Goes through a log from its beginning, record by record, and names the first thing that does not fit.
//!
//! A record is held against its own leaf, the leaves against every checkpoint on the way. A leaf tells which record was
//! changed. Who also rewrote the leaves is caught by the next checkpoint, which can only say between which records; who
//! holds the signing key too, by a checkpoint that was kept elsewhere.

use super::LoggedRecord;
use super::canonical;
use super::checkpoint::Checkpoint;
use super::tree::{Hash, Tree};
use std::collections::VecDeque;

/// A root that the log had when it was of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// How many records it covers.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl From<&Checkpoint> for Witness {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            size: checkpoint.size,
            root: checkpoint.root,
        }
    }
}

impl From<&Tree> for Witness {
    fn from(tree: &Tree) -> Self {
        Self {
            size: tree.size(),
            root: tree.root(),
        }
    }
}

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A record is not there although later ones are.
    #[error("record {seq} was dropped: record {found} follows on {}", seq - 1)]
    Dropped {
        /// The first one that is missing.
        seq: u64,
        /// What is in its place.
        found: u64,
    },
    /// A record stands where another belongs.
    #[error("record {found} was inserted or moved: it stands where record {seq} belongs")]
    Misplaced {
        /// What belongs there.
        seq: u64,
        /// What is there.
        found: u64,
    },
    /// A record does not have the hash that was stored when it was written.
    #[error("record {seq} was altered: it does not have the hash that was stored with it")]
    Altered {
        /// The record.
        seq: u64,
    },
    /// What stands there is no record.
    #[error("record {seq} was altered: it cannot be read")]
    Unreadable {
        /// The record.
        seq: u64,
    },
    /// The records fit their hashes, and the hashes do not have a root that they once had.
    #[error(
        "a record from {from} to {to} was altered, dropped or inserted, and the hashes were written anew"
    )]
    Rewritten {
        /// The first record that the last fitting root does not cover.
        from: u64,
        /// The last record that the root covers.
        to: u64,
    },
    /// The log is shorter than it was.
    #[error("record {seq} was dropped, and all up to {covered}: the log ends before it")]
    CutOff {
        /// The first one that is missing.
        seq: u64,
        /// How many there were at least.
        covered: u64,
    },
}

/// See the module.
#[derive(Debug)]
pub struct Scrutiny {
    tree: Tree,
    witnesses: VecDeque<Witness>,
    /// The size that the last fitting root covers.
    fitting: u64,
}

impl Scrutiny {
    /// Begins behind the records of `begins`, which only what follows can prove, with the roots to hold the log against.
    #[must_use]
    pub fn new(begins: Tree, witnesses: impl IntoIterator<Item = Witness>) -> Self {
        let mut witnesses: Vec<Witness> = witnesses.into_iter().collect();
        witnesses.retain(|witness| witness.size >= begins.size());
        witnesses.sort_by_key(|witness| witness.size);
        Self {
            fitting: begins.size(),
            tree: begins,
            witnesses: witnesses.into(),
        }
    }

    /// Looks at the next record.
    ///
    /// # Errors
    /// [`Fault`]; nothing behind it can be judged.
    pub fn look(&mut self, logged: &LoggedRecord) -> Result<(), Fault> {
        self.meet_witnesses()?;
        let seq = logged.record.seq;
        self.look_at_place(seq)?;
        if canonical::leaf(&logged.record) != logged.leaf {
            return Err(Fault::Altered { seq });
        }
        self.tree.append(logged.leaf);
        Ok(())
    }

    /// What is wrong when the next record, which says that it is `found`, cannot be read.
    #[must_use]
    pub fn unreadable(&mut self, found: u64) -> Fault {
        let before = self
            .meet_witnesses()
            .and_then(|()| self.look_at_place(found));
        before.err().unwrap_or(Fault::Unreadable { seq: found })
    }

    /// How many records fitted so far, with those before the first.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The size that the last root covers which fitted.
    #[must_use]
    pub const fn covered(&self) -> u64 {
        self.fitting
    }

    fn look_at_place(&self, found: u64) -> Result<(), Fault> {
        let seq = self.tree.size() + 1;
        match found.cmp(&seq) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Fault::Dropped { seq, found }),
            std::cmp::Ordering::Less => Err(Fault::Misplaced { seq, found }),
        }
    }

    fn meet_witnesses(&mut self) -> Result<(), Fault> {
        while let Some(witness) = self.witnesses.front() {
            if witness.size != self.tree.size() {
                break;
            }
            if witness.root != self.tree.root() {
                return Err(Fault::Rewritten {
                    from: self.fitting.min(witness.size.saturating_sub(1)) + 1,
                    to: witness.size,
                });
            }
            self.fitting = witness.size;
            self.witnesses.pop_front();
        }
        Ok(())
    }

    /// Says that the log ends here, and gives its tree.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn finish(mut self) -> Result<Tree, Fault> {
        self.meet_witnesses()?;
        match self.witnesses.back() {
            None => Ok(self.tree),
            Some(furthest) => Err(Fault::CutOff {
                seq: self.tree.size() + 1,
                covered: furthest.size,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical::tests::record;
    use super::*;

    fn log(count: u64) -> Vec<LoggedRecord> {
        (1..=count).map(|seq| record(seq).logged()).collect()
    }

    fn witness(log: &[LoggedRecord], size: usize) -> Witness {
        let mut tree = Tree::default();
        log[..size].iter().for_each(|one| tree.append(one.leaf));
        (&tree).into()
    }

    fn judge(log: &[LoggedRecord], witnesses: &[Witness]) -> Result<Tree, Fault> {
        let mut scrutiny = Scrutiny::new(Tree::default(), witnesses.iter().copied());
        for record in log {
            scrutiny.look(record)?;
        }
        scrutiny.finish()
    }

    /// The records from `seq` on under new numbers and with new hashes, as whoever knows the form would write them.
    fn renumber(log: &mut [LoggedRecord]) {
        for (seq, one) in (1..).zip(log.iter_mut()) {
            one.record.seq = seq;
            *one = one.record.clone().logged();
        }
    }

    #[test]
    fn p12_a_log_as_it_was_written_fits_all_its_checkpoints() {
        let log = log(20);
        let witnesses = [0, 1, 7, 7, 20].map(|size| witness(&log, size));
        assert_eq!(judge(&log, &witnesses).unwrap().size(), 20);
        assert_eq!(judge(&[], &[]).unwrap(), Tree::default());
        let mut tree = Tree::default();
        log[..9].iter().for_each(|one| tree.append(one.leaf));
        let mut from_the_middle = Scrutiny::new(tree, witnesses);
        for record in &log[9..] {
            from_the_middle.look(record).unwrap();
        }
        assert_eq!(from_the_middle.finish().unwrap().size(), 20);
    }

    #[test]
    fn p12_a_clumsy_hand_is_shown_the_record() {
        let whole = log(9);
        let last = [witness(&whole, 9)];
        let mut altered = whole.clone();
        altered[3].record.details[0].1 = "clerk".into();
        assert_eq!(judge(&altered, &last), Err(Fault::Altered { seq: 4 }));
        let mut dropped = whole.clone();
        dropped.remove(3);
        let fault = Fault::Dropped { seq: 4, found: 5 };
        assert_eq!(judge(&dropped, &last), Err(fault));
        let mut swapped = whole.clone();
        swapped.swap(3, 4);
        assert_eq!(judge(&swapped, &last), Err(fault));
        let mut twice = whole.clone();
        twice.insert(4, whole[3].clone());
        let fault = Fault::Misplaced { seq: 5, found: 4 };
        assert_eq!(judge(&twice, &last), Err(fault));
        let fault = Fault::CutOff { seq: 9, covered: 9 };
        assert_eq!(judge(&whole[..8], &last), Err(fault));
    }

    #[test]
    fn p12_a_skilled_hand_is_caught_by_the_next_checkpoint() {
        let whole = log(9);
        let witnesses = [witness(&whole, 3), witness(&whole, 7)];
        let fault = Err(Fault::Rewritten { from: 4, to: 7 });
        let mut altered = whole.clone();
        altered[3].record.subject = "agt_y".into();
        altered[3] = altered[3].record.clone().logged();
        assert_eq!(judge(&altered, &witnesses), fault);
        let mut dropped = whole.clone();
        dropped.remove(4);
        renumber(&mut dropped);
        assert_eq!(judge(&dropped, &witnesses), fault);
        let mut swapped = whole.clone();
        swapped.swap(3, 5);
        renumber(&mut swapped);
        assert_eq!(judge(&swapped, &witnesses), fault);
        // What no checkpoint covers yet is proven by none.
        let mut young = whole.clone();
        young[8].record.subject = "agt_y".into();
        renumber(&mut young);
        assert!(judge(&young, &witnesses).is_ok());
        assert_eq!(
            judge(&young, &[witness(&whole, 9)]),
            Err(Fault::Rewritten { from: 1, to: 9 })
        );
    }
}
