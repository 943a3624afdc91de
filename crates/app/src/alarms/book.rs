//! Open alarms in memory, and which of them the store does not know yet.

use portunus_core::alarm::{Alarm, AlarmKind};
use portunus_core::ids::AlarmId;
use portunus_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Open alarms of one kind. What else happens is counted in one alarm about [`OTHERS`], so that nobody who can cause
/// one fills memory and database.
const MOST_OF_A_KIND: usize = 100;
const OTHERS: &str = "others";
/// How many of the others are remembered by name, of one kind.
const MOST_OTHERS: usize = 10_000;

/// What came of raising an alarm.
#[derive(Debug)]
pub(super) enum Raised {
    /// A new one.
    New(Alarm),
    /// It is open already, and its trouble was over in between.
    Back(Alarm),
    /// It is open already.
    Again,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    open: BTreeMap<(AlarmKind, String), Alarm>,
    /// Whose trouble is counted in the alarm about [`OTHERS`] and lasts.
    among_others: BTreeMap<AlarmKind, Others>,
    unsaved: BTreeSet<AlarmId>,
}

/// Those that have no alarm of their own.
#[derive(Debug)]
enum Others {
    /// Each by its name.
    Known(BTreeSet<String>),
    /// Too many to remember: nobody can say when the last of them is over.
    Uncounted,
}

impl Others {
    fn add(&mut self, subject: &str) {
        if let Self::Known(subjects) = self {
            subjects.insert(subject.to_owned());
            if subjects.len() > MOST_OTHERS {
                *self = Self::Uncounted;
            }
        }
    }

    /// Whether the last one is over with this.
    fn end_with(&mut self, subject: &str) -> bool {
        match self {
            Self::Known(subjects) => subjects.remove(subject) && subjects.is_empty(),
            Self::Uncounted => false,
        }
    }
}

impl Book {
    /// Takes one over that the store has.
    pub(super) fn know(&mut self, alarm: Alarm) {
        self.open.insert((alarm.kind, alarm.subject.clone()), alarm);
    }

    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// `id` is for a new one.
    pub(super) fn raise(
        &mut self,
        id: AlarmId,
        kind: AlarmKind,
        subject: &str,
        says: String,
        now: Timestamp,
    ) -> Raised {
        let is_known = self.open.contains_key(&(kind, subject.to_owned()));
        let of_kind = self.open.keys().filter(|(other, _)| *other == kind).count();
        let subject = if is_known || of_kind < MOST_OF_A_KIND {
            subject
        } else {
            let others = self.among_others.entry(kind);
            let none = || Others::Known(BTreeSet::new());
            others.or_insert_with(none).add(subject);
            OTHERS
        };
        if let Some(alarm) = self.open.get_mut(&(kind, subject.to_owned())) {
            let was_over = alarm.over_at.is_some();
            alarm.again(says, now);
            self.unsaved.insert(alarm.id);
            return match was_over {
                true => Raised::Back(alarm.clone()),
                false => Raised::Again,
            };
        }
        let alarm = Alarm {
            id,
            kind,
            subject: subject.to_owned(),
            says,
            count: 1,
            first_at: now,
            last_at: now,
            over_at: None,
            acknowledged: None,
        };
        self.unsaved.insert(id);
        self.know(alarm.clone());
        Raised::New(alarm)
    }

    /// The alarms whose trouble ended just now: that about the subject, and that about [`OTHERS`] with the last of them.
    pub(super) fn over(&mut self, kind: AlarmKind, subject: &str, now: Timestamp) -> Vec<Alarm> {
        let others = self.among_others.get_mut(&kind);
        let was_last = others.is_some_and(|others| others.end_with(subject));
        let subjects = [Some(subject), was_last.then_some(OTHERS)];
        let ended = subjects.into_iter().flatten();
        ended
            .filter_map(|subject| self.end(kind, subject, now))
            .collect()
    }

    fn end(&mut self, kind: AlarmKind, subject: &str, now: Timestamp) -> Option<Alarm> {
        let alarm = self.open.get_mut(&(kind, subject.to_owned()))?;
        if alarm.over_at.is_some() {
            return None;
        }
        alarm.over_at = Some(now);
        self.unsaved.insert(alarm.id);
        Some(alarm.clone())
    }

    /// Those that the store does not know as they are; they count as known from now on.
    pub(super) fn take_unsaved(&mut self) -> Vec<Alarm> {
        let unsaved = std::mem::take(&mut self.unsaved);
        let alarms = self.open.values();
        alarms
            .filter(|alarm| unsaved.contains(&alarm.id))
            .cloned()
            .collect()
    }

    /// The store did not take them.
    pub(super) fn put_back(&mut self, alarms: &[Alarm]) {
        self.unsaved.extend(alarms.iter().map(|alarm| alarm.id));
    }

    /// Learns what the store has in place of one that it did not take. Another node raised one of its kind and subject before:
    /// ours is counted in that. Or somebody looked at ours on another node: it is returned if it has happened since.
    pub(super) fn give_way_to(&mut self, mut stands: Alarm) -> Option<Alarm> {
        let key = (stands.kind, stands.subject.clone());
        let own = self.open.remove(&key)?;
        if let Some(who) = stands.acknowledged {
            return (own.over_at.is_none() && own.last_at > who.at).then_some(own);
        }
        stands.says = own.says;
        stands.count = stands.count.saturating_add(own.count);
        stands.last_at = stands.last_at.max(own.last_at);
        stands.over_at = own.over_at;
        self.unsaved.insert(stands.id);
        self.know(stands);
        None
    }

    /// Those that the store knows as they are.
    pub(super) fn saved(&self) -> BTreeSet<AlarmId> {
        let ids = self.open.values().map(|alarm| alarm.id);
        ids.filter(|id| !self.unsaved.contains(id)).collect()
    }

    /// Takes over what other nodes made of the alarms: `open` are all that the store has, and `saved` what it knew of ours
    /// before that was read.
    pub(super) fn agree_with(&mut self, open: Vec<Alarm>, saved: &BTreeSet<AlarmId>) {
        let in_store: BTreeSet<_> = open.iter().map(|alarm| alarm.id).collect();
        self.open.retain(|_, own| {
            in_store.contains(&own.id) || !saved.contains(&own.id) || self.unsaved.contains(&own.id)
        });
        for alarm in open {
            let key = (alarm.kind, alarm.subject.clone());
            let own = self.open.get(&key);
            // What happened here since then is counted on top when it is written.
            if own.is_none_or(|own| own.id == alarm.id && !self.unsaved.contains(&own.id)) {
                self.open.insert(key, alarm);
            }
        }
    }

    /// Forgets one that somebody looked at.
    pub(super) fn close(&mut self, alarm: &Alarm) {
        let key = (alarm.kind, alarm.subject.clone());
        if self.open.get(&key).is_some_and(|open| open.id == alarm.id) {
            self.open.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::agent::Principal;
    use portunus_core::alarm::Acknowledgement;
    use portunus_core::ids::OperatorId;

    fn id(number: u8) -> AlarmId {
        AlarmId::from_bytes([number; 16])
    }

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn raise(book: &mut Book, number: u8, subject: &str) -> Option<AlarmId> {
        let says = format!("number {number}");
        match book.raise(
            id(number),
            AlarmKind::KeyDead,
            subject,
            says,
            at(number.into()),
        ) {
            Raised::New(alarm) | Raised::Back(alarm) => Some(alarm.id),
            Raised::Again => None,
        }
    }

    #[test]
    fn what_happens_again_is_counted_in_the_open_alarm() {
        let mut book = Book::default();
        assert_eq!(raise(&mut book, 1, "a"), Some(id(1)));
        let over = book.over(AlarmKind::KeyDead, "a", at(2));
        assert_eq!(over[0].over_at, Some(at(2)));
        let again = book.over(AlarmKind::KeyDead, "a", at(3));
        assert!(again.is_empty(), "told once");
        assert!(book.over(AlarmKind::KeyDead, "b", at(3)).is_empty());
        assert_eq!(raise(&mut book, 4, "a"), Some(id(1)), "it came back");
        assert_eq!(raise(&mut book, 4, "a"), None);
        let saved = book.take_unsaved();
        let told = &saved[0];
        assert_eq!((told.count, told.over_at, told.last_at), (3, None, at(4)));
        assert_eq!(told.says, "number 4");
        assert!(book.take_unsaved().is_empty());
        book.put_back(&saved);
        assert_eq!(book.take_unsaved(), saved);
        book.close(told);
        assert_eq!(raise(&mut book, 5, "a"), Some(id(5)));
        // A late word about the old one does not close the new one.
        book.close(&saved[0]);
        assert_eq!(book.count(), 1);
    }

    fn looked_at(mut alarm: Alarm, millis: u64) -> Alarm {
        let by = Principal::Operator(OperatorId::from_bytes([9; 16]));
        let who = Acknowledgement { at: at(millis), by };
        alarm.acknowledged = Some(who);
        alarm
    }

    #[test]
    fn what_somebody_looked_at_elsewhere_is_another_alarm_when_it_happens_again() {
        let mut book = Book::default();
        raise(&mut book, 1, "a");
        let closed = looked_at(book.take_unsaved().remove(0), 2);
        // It happened before somebody looked: that is the same trouble.
        assert_eq!(book.give_way_to(closed.clone()), None);
        assert_eq!(book.count(), 0);
        raise(&mut book, 3, "a");
        let anew = book.give_way_to(closed).map(|own| own.last_at);
        assert_eq!((anew, book.count()), (Some(at(3)), 0));
    }

    #[test]
    fn ours_is_counted_in_what_another_node_raised_before() {
        let mut book = Book::default();
        raise(&mut book, 2, "a");
        let own = book.take_unsaved().remove(0);
        let theirs = Alarm {
            id: id(1),
            count: 4,
            ..own
        };
        assert_eq!(book.give_way_to(theirs), None);
        let merged = book.take_unsaved().remove(0);
        assert_eq!((merged.id, merged.count), (id(1), 5));
        assert_eq!(raise(&mut book, 3, "a"), None, "it is the same one");
    }

    #[test]
    fn a_book_agrees_with_what_other_nodes_made_of_the_alarms() {
        let mut book = Book::default();
        raise(&mut book, 1, "gone");
        raise(&mut book, 2, "again");
        let stored = book.take_unsaved();
        let saved = book.saved();
        // Raised while the store was being read; this one may not be there yet.
        raise(&mut book, 3, "new");
        raise(&mut book, 4, "again");
        let theirs = Alarm {
            id: id(5),
            subject: "theirs".to_owned(),
            ..stored[0].clone()
        };
        book.agree_with(vec![theirs], &saved);
        let subjects: Vec<_> = book.open.keys().map(|(_, subject)| &**subject).collect();
        assert_eq!(subjects, ["again", "new", "theirs"]);
    }

    #[test]
    fn alarms_without_end_are_one() {
        let mut book = Book::default();
        for number in 0..200 {
            raise(&mut book, number, &number.to_string());
        }
        assert_eq!(book.count(), MOST_OF_A_KIND + 1);
        let others = book.take_unsaved().into_iter();
        let others = others.filter(|alarm| alarm.subject == OTHERS);
        assert_eq!(others.map(|alarm| alarm.count).sum::<u64>(), 100);
    }

    #[test]
    fn the_alarm_about_others_is_over_with_the_last_of_them() {
        let mut book = Book::default();
        for number in 0..103 {
            raise(&mut book, number, &number.to_string());
        }
        let over = |book: &mut Book, number: u8| {
            let over = book.over(AlarmKind::KeyDead, &number.to_string(), at(200));
            let subjects = over.into_iter().map(|alarm| alarm.subject);
            subjects.collect::<Vec<_>>()
        };
        assert!(over(&mut book, 100).is_empty() && over(&mut book, 101).is_empty());
        assert!(over(&mut book, 101).is_empty(), "it was over already");
        assert_eq!(over(&mut book, 1), ["1"], "one with an alarm of its own");
        assert_eq!(over(&mut book, 102), [OTHERS]);
        assert!(over(&mut book, 102).is_empty(), "told once");
        raise(&mut book, 110, "110");
        // Somebody looked at some, so that it gets one of its own the next time.
        for subject in ["2", "3"] {
            let looked_at = book.open[&(AlarmKind::KeyDead, subject.to_owned())].clone();
            book.close(&looked_at);
        }
        raise(&mut book, 111, "110");
        assert_eq!(over(&mut book, 110), ["110", OTHERS]);
    }

    #[test]
    fn others_without_end_take_no_room_and_are_not_said_to_be_over() {
        let mut others = Others::Known(BTreeSet::new());
        for number in 0..=MOST_OTHERS {
            others.add(&number.to_string());
        }
        assert!(matches!(others, Others::Uncounted));
        others.add("more");
        assert!((0..=MOST_OTHERS).all(|number| !others.end_with(&number.to_string())));
    }
}
