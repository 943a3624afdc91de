//! What is remembered of many quotas: one number each, made at the first use and forgotten once the quota is whole
//! again, because one that is whole is as good as one that was never used.
//!
//! A table of its own, because a million of them should cost little: 24 bytes each for id and number, and between 75 and
//! 85 per cent of the room in use, so 28 to 32 bytes.

use super::quota::{Limited, Quota, Standing, nanos};
use crate::time::Tick;

/// The least room there is.
const LEAST: usize = 16;

/// One quota, or room for one.
#[derive(Clone, Copy, Debug)]
struct Slot {
    id: [u8; 16],
    /// As [`Quota::admit`] has it, in nanoseconds; 0 in a slot that is free.
    whole_at: u64,
}

const FREE: Slot = Slot {
    id: [0; 16],
    whole_at: 0,
};

/// The quotas of principals of one kind, in one class, by the bytes of their ids. Each lies in the first slot that was
/// free behind the place that its id names; ids are random, and no client chooses one.
#[derive(Debug, Default)]
pub struct Arrivals {
    slots: Box<[Slot]>,
    used: usize,
}

impl Arrivals {
    /// Lets a request of `id` in, or does not. See [`Quota::admit`].
    ///
    /// # Errors
    /// [`Limited`] when its quota is used up.
    pub fn admit(&mut self, id: &[u8; 16], quota: &Quota, now: Tick) -> Result<Standing, Limited> {
        if let Some(slot) = self.slot(id)
            && slot.whole_at != 0
        {
            return quota.admit(&mut slot.whole_at, now);
        }
        if (self.used + 1) * 20 > self.slots.len() * 17 {
            self.renew(now);
        }
        let mut whole_at = 0;
        let verdict = quota.admit(&mut whole_at, now);
        self.put(Slot { id: *id, whole_at });
        verdict
    }

    /// The slot of `id`, or the free one that would be its; `None` when there is no room.
    fn slot(&mut self, id: &[u8; 16]) -> Option<&mut Slot> {
        let home = home(id, self.slots.len());
        let fits = |slot: &Slot| slot.whole_at == 0 || slot.id == *id;
        let (before, from) = self.slots.split_at_mut_checked(home)?;
        // Past the end the search goes on at the beginning.
        from.iter_mut().chain(before).find(|slot| fits(slot))
    }

    fn put(&mut self, new: Slot) {
        if let Some(slot) = self.slot(&new.id) {
            *slot = new;
            self.used += 1;
        }
    }

    /// Forgets what is whole again, and makes as much room as the rest needs. A tenth of the room is filled before the
    /// next time, so each new quota pays for ten slots.
    fn renew(&mut self, now: Tick) {
        let now = nanos(now);
        let binds = |slot: &&Slot| slot.whole_at > now;
        let binding = self.slots.iter().filter(binds).count();
        let room = ((binding + 1) * 4 / 3).max(LEAST);
        let old = std::mem::replace(&mut self.slots, vec![FREE; room].into());
        self.used = 0;
        for slot in old.iter().filter(binds) {
            self.put(*slot);
        }
    }
}

/// The place among `room` that an id names: as far along as its first bits are along all numbers.
fn home(id: &[u8; 16], room: usize) -> usize {
    let first = id.first_chunk().map_or(0, |bits| u64::from_be_bytes(*bits));
    let room = u128::try_from(room).unwrap_or_default();
    usize::try_from((u128::from(first) * room) >> 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::num::NonZeroU32;

    const START: Tick = Tick::from_millis(1_000_000);

    fn quota(burst: u32) -> Quota {
        let one = NonZeroU32::MIN;
        Quota::per_minute(one.saturating_add(59), NonZeroU32::new(burst).unwrap())
    }

    fn id(number: u64) -> [u8; 16] {
        let mut id = [0; 16];
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        id[..8].copy_from_slice(&spread.to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn each_has_a_quota_of_its_own() {
        let mut arrivals = Arrivals::default();
        assert!(arrivals.admit(&id(1), &quota(1), START).is_ok());
        assert!(arrivals.admit(&id(1), &quota(1), START).is_err());
        assert!(arrivals.admit(&id(2), &quota(1), START).is_ok());
    }

    #[test]
    fn what_is_whole_again_is_forgotten_and_its_room_used_anew() {
        let mut arrivals = Arrivals::default();
        for number in 0..100_000 {
            let now = START.plus_ms(number);
            assert!(arrivals.admit(&id(number), &quota(1), now).is_ok());
        }
        // A second's worth is not whole.
        assert!(arrivals.slots.len() < 2_000, "{}", arrivals.slots.len());
        let now = START.plus_ms(99_999);
        for number in 99_000..100_000 {
            let again = arrivals.admit(&id(number), &quota(1), now);
            assert!(again.is_err(), "{number} was forgotten too early");
        }
    }

    #[test]
    fn many_take_little_room() {
        let mut arrivals = Arrivals::default();
        for number in 0..10_000 {
            assert!(arrivals.admit(&id(number), &quota(1), START).is_ok());
            let bytes = arrivals.slots.len() * size_of::<Slot>();
            assert!(
                number < 10 || bytes <= arrivals.used * 32 + 64,
                "{number}: {bytes}"
            );
        }
        assert_eq!(arrivals.used, 10_000);
    }

    proptest! {
        /// It says the same as a map that never forgets, also to ids that want the same place.
        #[test]
        fn forgetting_changes_no_verdict(
            steps in proptest::collection::vec((0_u8..60, any::<bool>(), 0_u64..300), 1..600),
        ) {
            let (mut arrivals, mut model) = (Arrivals::default(), HashMap::new());
            let mut now = START;
            for (number, is_crowded, pause) in steps {
                now = now.plus_ms(pause);
                let mut id = id(u64::from(number));
                if is_crowded {
                    id[..8].copy_from_slice(&[255; 8]);
                }
                let expected = quota(2).admit(model.entry(id).or_insert(0), now);
                prop_assert_eq!(arrivals.admit(&id, &quota(2), now), expected);
            }
        }
    }
}
