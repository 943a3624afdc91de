//! A map of bounded size that forgets what was not used for a while.
//!
//! Two generations: entries enter the young one; when that is full or old enough it becomes the old one, and
//! the former old one is dropped whole. Every step is O(1) and nothing ever walks the map.

use crate::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;

/// See the module.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, (V, Timestamp)>,
    old: HashMap<K, (V, Timestamp)>,
    turned_at: Timestamp,
    kept_ms: u64,
    half: usize,
}

impl<K: Eq + Hash, V: Copy> Recent<K, V> {
    /// A map of at most `most` entries, each forgotten `kept_ms` after it was last put.
    #[must_use]
    pub fn new(most: usize, kept_ms: u64) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            turned_at: Timestamp::EPOCH,
            kept_ms,
            half: (most / 2).max(1),
        }
    }

    /// The value of `key`, unless it was put too long ago.
    #[must_use]
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        self.young
            .get(key)
            .or_else(|| self.old.get(key))
            .filter(|(_, put_at)| put_at.ms_until(now) < self.kept_ms)
            .map(|(value, _)| *value)
    }

    /// Puts or refreshes an entry.
    pub fn put(&mut self, key: K, value: V, now: Timestamp) {
        if self.young.len() >= self.half || self.turned_at.ms_until(now) >= self.kept_ms {
            self.old = std::mem::take(&mut self.young);
            self.turned_at = now;
        }
        self.young.insert(key, (value, now));
    }

    /// How many entries are held, forgotten ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_forgotten_by_age_and_by_number() {
        let at = Timestamp::from_millis;
        let mut map = Recent::new(100, 1_000);
        map.put(1u64, 'a', at(0));
        assert_eq!(map.get(&1, at(999)), Some('a'));
        assert_eq!(map.get(&1, at(1_000)), None);
        for n in 0..10_000 {
            map.put(n, 'b', at(1_001));
            assert!(map.len() <= 100);
        }
        assert_eq!(map.get(&9_999, at(1_002)), Some('b'));
        assert_eq!(map.get(&0, at(1_002)), None);
    }
}
