//! Access tokens whose signature was checked before, by the hash of their whole text, until they expire.
//!
//! A hit costs one SHA-256 and no lock; whether the family still lives is asked every time.

use super::families::LiveFamily;
use crate::liveness::pulse::Pulse;
use arc_swap::ArcSwap;
use portunus_core::agent::Principal;
use portunus_core::scope::ScopeSet;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TextHash};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const SHARDS: usize = 1_024;
/// Shards that one word of marks speaks for.
const MARKED: usize = 64;

/// An access token that was proven.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) jti: Kid,
    pub(crate) principal: Principal,
    pub(crate) name: Arc<str>,
    pub(crate) scopes: ScopeSet,
    /// Signs of life of its agent.
    pub(crate) pulse: Option<Arc<Pulse>>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) family: Arc<LiveFamily>,
    /// Whether a use of it was noted.
    pub(crate) noted: AtomicBool,
}

impl Proven {
    /// Whether a use was noted; from now on one is.
    pub(crate) fn was_noted(&self) -> bool {
        self.noted.load(Ordering::Relaxed) || self.noted.swap(true, Ordering::AcqRel)
    }
}

type Shard = HashMap<TextHash, Arc<Proven>, BuildHasherDefault<FirstBytes>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Seen {
    shards: Box<[ArcSwap<Shard>]>,
    /// A bit for each shard that may hold something, so that forgetting few tokens costs little.
    marks: Box<[AtomicU64]>,
}

impl Default for Seen {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        let marks = (0..SHARDS / MARKED).map(|_| AtomicU64::new(0));
        Self {
            shards: shards.collect(),
            marks: marks.collect(),
        }
    }
}

impl Seen {
    /// The token of this hash.
    pub(crate) fn find(&self, hash: &TextHash) -> Option<Arc<Proven>> {
        self.shard(at(hash)).load().get(hash).cloned()
    }

    /// Remembers a token, and forgets those beside it that have expired.
    pub(crate) fn add(&self, hash: TextHash, token: &Arc<Proven>, now: Timestamp) {
        let at = at(&hash);
        self.shard(at).rcu(|shard| {
            let mut shard = living(shard, now);
            shard.insert(hash, Arc::clone(token));
            shard
        });
        // Marked once it is there: whoever takes the mark away finds it, or the mark comes after.
        if let Some(word) = self.marks.get(at / MARKED) {
            word.fetch_or(1 << (at % MARKED), Ordering::AcqRel);
        }
    }

    /// Forgets all that have expired or ended.
    pub(crate) fn prune(&self, now: Timestamp) {
        for (word, shards) in self.marks.iter().zip(self.shards.chunks(MARKED)) {
            if word.load(Ordering::Acquire) == 0 {
                continue;
            }
            let marks = word.swap(0, Ordering::AcqRel);
            let marked = shards.iter().enumerate();
            for (bit, slot) in marked.filter(|(bit, _)| marks & (1 << bit) != 0) {
                let is_old = |shard: &Shard| shard.values().any(|token| !lives(token, now));
                if is_old(&slot.load()) {
                    slot.rcu(|shard| living(shard, now));
                }
                if !slot.load().is_empty() {
                    word.fetch_or(1 << bit, Ordering::AcqRel);
                }
            }
        }
    }

    fn shard(&self, at: usize) -> &ArcSwap<Shard> {
        #[expect(clippy::indexing_slicing, reason = "ten bits name one of 1024 shards")]
        &self.shards[at]
    }
}

/// The shard of a hash: its first ten bits.
fn at(hash: &TextHash) -> usize {
    let [first, second, ..] = *hash.as_bytes();
    (usize::from(first) << 2) | usize::from(second >> 6)
}

fn lives(token: &Proven, now: Timestamp) -> bool {
    now < token.expires_at && !token.family.has_ended()
}

fn living(shard: &Shard, now: Timestamp) -> Shard {
    let living = shard.iter().filter(|(_, token)| lives(token, now));
    living
        .map(|(hash, token)| (*hash, Arc::clone(token)))
        .collect()
}

/// Takes bytes of the hash as they are: only what bears a signature of ours gets in.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((_, rest)) = bytes.split_at_checked(2)
            && let Some(bytes) = rest.first_chunk::<8>()
        {
            self.0 = u64::from_le_bytes(*bytes);
        }
    }

    /// The length, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::families::Families;
    use super::*;
    use portunus_core::access::TokenFamily;
    use portunus_core::access::family::{FamilyId, Issue};
    use portunus_core::ids::AgentId;

    fn family() -> Arc<LiveFamily> {
        let id = FamilyId::from_bytes([1; 16]);
        let (kid, at) = (Kid::from_bytes([1; 16]), Timestamp::from_secs(0));
        let families = Families::of(vec![TokenFamily {
            id,
            principal: Principal::Agent(AgentId::from_bytes([1; 16])),
            token: kid,
            parent: None,
            scope: ScopeSet::agent(),
            generation: 0,
            current: Issue {
                jti: kid,
                at,
                used_at: None,
            },
            previous: None,
            created_at: at,
            ends_at: Timestamp::from_secs(86_400),
            token_expires_at: None,
        }]);
        families.find(id).unwrap()
    }

    #[test]
    fn what_has_expired_is_forgotten_in_its_time_and_nothing_else() {
        let (seen, family) = (Seen::default(), family());
        let expires = |number: u64| Timestamp::from_secs(number);
        let hashes: Vec<TextHash> = (0..3_000)
            .map(|number: u64| TextHash::of(&number.to_string()))
            .collect();
        for (number, hash) in (1..).zip(&hashes) {
            let token = Proven {
                jti: Kid::from_bytes([1; 16]),
                principal: Principal::Agent(AgentId::from_bytes([1; 16])),
                name: "mayor".into(),
                scopes: ScopeSet::agent(),
                pulse: None,
                issued_at: Timestamp::from_secs(0),
                expires_at: expires(number),
                family: Arc::clone(&family),
                noted: AtomicBool::new(false),
            };
            seen.add(*hash, &Arc::new(token), Timestamp::from_secs(0));
        }
        for now in [0, 1, 700, 2_999, 3_000] {
            seen.prune(Timestamp::from_secs(now));
            let held = hashes.iter().filter(|hash| seen.find(hash).is_some());
            assert_eq!(held.count(), hashes.len() - usize::try_from(now).unwrap());
        }
        let marks = seen.marks.iter();
        assert!(
            marks
                .map(|word| word.load(Ordering::Relaxed))
                .all(|word| word == 0)
        );
    }
}
