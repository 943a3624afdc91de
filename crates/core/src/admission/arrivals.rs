//! What is remembered of many quotas: one number each, made at the first use and forgotten once the quota is whole
//! again, because one that is whole is as good as one that was never used.

use super::quota::{Limited, Quota, Standing, nanos};
use crate::time::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The quotas of principals of one kind, in one class, by the bytes of their ids.
#[derive(Debug, Default)]
pub struct Arrivals(HashMap<[u8; 16], u64, BuildHasherDefault<IdHasher>>);

impl Arrivals {
    /// Lets a request of `id` in, or does not. See [`Quota::admit`].
    ///
    /// # Errors
    /// [`Limited`] when its quota is used up.
    pub fn admit(
        &mut self,
        id: &[u8; 16],
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Standing, Limited> {
        if let Some(whole_at) = self.0.get_mut(id) {
            return quota.admit(whole_at, now);
        }
        self.make_room(now);
        let mut whole_at = 0;
        let verdict = quota.admit(&mut whole_at, now);
        self.0.insert(*id, whole_at);
        verdict
    }

    /// Forgets what is whole again when there is no room for one more. Each sweep either frees a good part of the room
    /// or lets it grow, so that few insertions pay for one.
    fn make_room(&mut self, now: Timestamp) {
        let room = self.0.capacity();
        if self.0.len() < room {
            return;
        }
        let now = nanos(now);
        self.0.retain(|_, whole_at| *whole_at > now);
        if self.0.len() > room / 4 * 3 {
            self.0.reserve(room / 2);
        } else if self.0.len() < room / 8 {
            self.0.shrink_to(room / 4);
        }
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Takes bits of the id as they are: ids are random, and no client chooses one.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(random) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*random);
        }
    }

    /// The length of the id, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn quota() -> Quota {
        let one = NonZeroU32::MIN;
        Quota::per_minute(one.saturating_add(59), one)
    }

    fn id(number: u64) -> [u8; 16] {
        let mut id = [0; 16];
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        id[..8].copy_from_slice(&spread.to_le_bytes());
        id
    }

    #[test]
    fn each_has_a_quota_of_its_own() {
        let (mut arrivals, now) = (Arrivals::default(), Timestamp::from_secs(1_793_491_200));
        assert!(arrivals.admit(&id(1), &quota(), now).is_ok());
        assert!(arrivals.admit(&id(1), &quota(), now).is_err());
        assert!(arrivals.admit(&id(2), &quota(), now).is_ok());
    }

    #[test]
    fn what_is_whole_again_is_forgotten_and_its_room_used_anew() {
        let (mut arrivals, start) = (Arrivals::default(), Timestamp::from_secs(1_793_491_200));
        for number in 0..100_000 {
            let now = start.plus_ms(number);
            assert!(arrivals.admit(&id(number), &quota(), now).is_ok());
        }
        // At most a second's worth is not whole; the room is within a small factor of that.
        assert!(arrivals.len() < 8_000, "{}", arrivals.len());
        let now = start.plus_ms(99_999);
        for number in 99_100..100_000 {
            assert!(
                arrivals.admit(&id(number), &quota(), now).is_err(),
                "{number} was forgotten too early"
            );
        }
    }
}
