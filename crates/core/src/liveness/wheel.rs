//! One timer for each of many members, in a hierarchy of wheels: setting, moving and stopping one costs the same however
//! many there are, and allocates nothing.
//!
//! Members are small numbers that the owner gives. A timer never goes off early, and at most [`GRAIN_MS`] late. A wheel
//! has 64 places; each place of one wheel is a whole turn of the wheel below, to which its timers move when their time
//! comes near.

use crate::time::Tick;

/// How exact timers are, in milliseconds.
pub const GRAIN_MS: u64 = 1 << GRAIN_BITS;

const GRAIN_BITS: u32 = 6;
const PLACE_BITS: u32 = 6;
const PLACES: usize = 1 << PLACE_BITS;
/// How many wheels there are. They reach 795 days; whatever lies farther ahead waits at the end and is set again from there.
const WHEELS: usize = 5;
const REACH: u64 = 1 << (PLACE_BITS * 5);
/// No member.
const NIL: u32 = u32::MAX;
/// Where timers stand that have gone off and were not taken yet.
const DUE: usize = WHEELS * PLACES;
/// Where timers stand that are not set.
const UNSET: usize = DUE + 1;

/// A member's timer: its neighbours in the list of its place.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
    place: usize,
    /// When it goes off, in grains.
    at: u64,
}

impl Link {
    const UNSET: Self = Self {
        before: NIL,
        after: NIL,
        place: UNSET,
        at: 0,
    };
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Wheel {
    links: Vec<Link>,
    /// The first member of each place's list.
    heads: Box<[u32]>,
    /// Which places of each wheel have a list.
    taken: [u64; WHEELS],
    /// Up to where timers have gone off, in grains.
    reached: u64,
}

impl Wheel {
    /// One without timers that begins at `now`.
    #[must_use]
    pub fn new(now: Tick) -> Self {
        Self {
            links: Vec::new(),
            heads: vec![NIL; DUE + 1].into_boxed_slice(),
            taken: [0; WHEELS],
            reached: now.as_millis() >> GRAIN_BITS,
        }
    }

    /// Sets a member's timer, or moves it.
    pub fn set(&mut self, member: u32, at: Tick) {
        self.stop(member);
        let index = index(member);
        if index >= self.links.len() {
            self.links.resize(index + 1, Link::UNSET);
        }
        let at = at.as_millis().div_ceil(GRAIN_MS);
        self.stand(member, at);
    }

    /// Stops a member's timer, if it is set.
    pub fn stop(&mut self, member: u32) {
        let Some(link) = self.link(member).copied() else {
            return;
        };
        if link.place == UNSET {
            return;
        }
        match self.link(link.before) {
            Some(before) => before.after = link.after,
            None => self.set_head(link.place, link.after),
        }
        if let Some(after) = self.link(link.after) {
            after.before = link.before;
        }
        self.put(member, Link::UNSET);
    }

    /// A member whose timer has gone off by `now`; it is not set any more. To be called until there is none.
    pub fn take(&mut self, now: Tick) -> Option<u32> {
        let until = now.as_millis() >> GRAIN_BITS;
        loop {
            if let Some(member) = self.head(DUE) {
                self.stop(member);
                return Some(member);
            }
            match self.next_place() {
                Some((place, at)) if at <= until => {
                    self.reached = at;
                    self.empty(place);
                }
                _ => {
                    self.reached = self.reached.max(until);
                    return None;
                }
            }
        }
    }

    /// When to look again; not later than the next timer goes off.
    #[must_use]
    pub fn next(&self) -> Option<Tick> {
        if self.head(DUE).is_some() {
            return Some(Tick::from_millis(self.reached << GRAIN_BITS));
        }
        let (_, at) = self.next_place()?;
        Some(Tick::from_millis(at << GRAIN_BITS))
    }

    /// The place whose list comes next, and when, in grains. Places of a lower wheel come before all of the next one.
    fn next_place(&self) -> Option<(usize, u64)> {
        self.taken.iter().enumerate().find_map(|(wheel, taken)| {
            if *taken == 0 {
                return None;
            }
            let shift = bits_below(wheel);
            let turn = self.reached >> shift;
            let hand = u32::try_from(turn % PLACES as u64).unwrap_or(0);
            let ahead = u64::from(taken.rotate_right(hand).trailing_zeros());
            let place = wheel * PLACES + index_in_turn(turn + ahead);
            Some((place, ((turn + ahead) << shift).max(self.reached)))
        })
    }

    /// Moves the list of a place on: to what is due, or to where its timers stand as seen from now.
    fn empty(&mut self, place: usize) {
        while let Some(member) = self.head(place) {
            let at = self.link(member).map_or(0, |link| link.at);
            self.stop(member);
            self.stand(member, at);
        }
    }

    /// Lets a timer that stands nowhere stand where it belongs.
    fn stand(&mut self, member: u32, at: u64) {
        let place = self.place_of(at);
        let after = self.head(place).unwrap_or(NIL);
        if let Some(first) = self.link(after) {
            first.before = member;
        }
        let link = Link {
            before: NIL,
            after,
            place,
            at,
        };
        self.put(member, link);
        self.set_head(place, member);
    }

    fn place_of(&self, at: u64) -> usize {
        if at <= self.reached {
            return DUE;
        }
        // The last place of the highest wheel is as far as a timer can stand.
        let seen = at.min(self.reached.saturating_add(REACH - REACH / PLACES as u64));
        let differs = (seen ^ self.reached).max(1).ilog2();
        let wheel = usize::try_from(differs / PLACE_BITS).unwrap_or(WHEELS);
        let wheel = wheel.min(WHEELS - 1);
        wheel * PLACES + index_in_turn(seen >> bits_below(wheel))
    }

    fn head(&self, place: usize) -> Option<u32> {
        self.heads.get(place).copied().filter(|head| *head != NIL)
    }

    fn set_head(&mut self, place: usize, member: u32) {
        if let Some(head) = self.heads.get_mut(place) {
            *head = member;
        }
        let bit = 1 << (place % PLACES);
        if let Some(taken) = self.taken.get_mut(place / PLACES) {
            if member == NIL {
                *taken &= !bit;
            } else {
                *taken |= bit;
            }
        }
    }

    fn link(&mut self, member: u32) -> Option<&mut Link> {
        self.links.get_mut(index(member))
    }

    fn put(&mut self, member: u32, link: Link) {
        if let Some(own) = self.link(member) {
            *own = link;
        }
    }
}

fn index(member: u32) -> usize {
    usize::try_from(member).unwrap_or(usize::MAX)
}

fn bits_below(wheel: usize) -> u32 {
    PLACE_BITS * u32::try_from(wheel).unwrap_or(0)
}

fn index_in_turn(turn: u64) -> usize {
    usize::try_from(turn % PLACES as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Set { member: u32, in_ms: u64 },
        Stop { member: u32 },
        Pass { ms: u64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let span = prop_oneof![
            0..200_u64,
            0..10_000_u64,
            0..4_000_000_000_u64,
            0..400_000_000_000_u64
        ];
        prop_oneof![
            (0..12_u32, span.clone()).prop_map(|(member, in_ms)| Step::Set { member, in_ms }),
            (0..12_u32).prop_map(|member| Step::Stop { member }),
            span.prop_map(|ms| Step::Pass { ms }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn a_wheel_goes_off_as_a_sorted_list_would(
            start in 0..1_u64 << 45,
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let mut now = Tick::from_millis(start);
            let mut wheel = Wheel::new(now);
            let mut list: BTreeMap<u32, u64> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Set { member, in_ms } => {
                        wheel.set(member, now.plus_ms(in_ms));
                        list.insert(member, now.plus_ms(in_ms).as_millis().div_ceil(GRAIN_MS));
                    }
                    Step::Stop { member } => {
                        wheel.stop(member);
                        list.remove(&member);
                    }
                    Step::Pass { ms } => now = now.plus_ms(ms),
                }
                let first = list.values().min().map(|at| at << GRAIN_BITS);
                match (wheel.next(), first) {
                    (Some(next), Some(first)) => {
                        prop_assert!(next.as_millis() <= first.max(now.as_millis()));
                    }
                    (next, first) => prop_assert_eq!(next.is_some(), first.is_some()),
                }
                let mut gone = Vec::new();
                while let Some(member) = wheel.take(now) {
                    gone.push(member);
                }
                gone.sort_unstable();
                let until = now.as_millis() >> GRAIN_BITS;
                let due: Vec<u32> =
                    list.iter().filter(|(_, at)| **at <= until).map(|(member, _)| *member).collect();
                list.retain(|_, at| *at > until);
                prop_assert_eq!(gone, due);
            }
        }
    }

    #[test]
    fn looking_when_told_to_is_enough_and_ends() {
        let mut now = Tick::from_millis(777);
        let mut wheel = Wheel::new(now);
        wheel.set(3, now.plus_ms(45 * 86_400_000));
        let mut looks = 0;
        let gone = loop {
            now = wheel.next().unwrap();
            looks += 1;
            if let Some(member) = wheel.take(now) {
                break member;
            }
        };
        assert_eq!(gone, 3);
        assert!(looks <= WHEELS, "{looks} looks for one timer");
        assert!(now >= Tick::from_millis(777 + 45 * 86_400_000));
        assert_eq!(wheel.next(), None);
    }
}
