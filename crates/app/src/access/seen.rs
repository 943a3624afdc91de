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
use std::sync::atomic::{AtomicBool, Ordering};

const SHARDS: usize = 1_024;

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
pub(crate) struct Seen(Box<[ArcSwap<Shard>]>);

impl Default for Seen {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        Self(shards.collect())
    }
}

impl Seen {
    /// The token of this hash.
    pub(crate) fn find(&self, hash: &TextHash) -> Option<Arc<Proven>> {
        self.at(hash).load().get(hash).cloned()
    }

    /// Remembers a token, and forgets those beside it that have expired.
    pub(crate) fn add(&self, hash: TextHash, token: &Arc<Proven>, now: Timestamp) {
        self.at(&hash).rcu(|shard| {
            let mut shard = living(shard, now);
            shard.insert(hash, Arc::clone(token));
            shard
        });
    }

    /// Forgets all that have expired or ended.
    pub(crate) fn prune(&self, now: Timestamp) {
        for slot in &self.0 {
            let is_old = |shard: &Shard| shard.values().any(|token| !lives(token, now));
            if is_old(&slot.load()) {
                slot.rcu(|shard| living(shard, now));
            }
        }
    }

    fn at(&self, hash: &TextHash) -> &ArcSwap<Shard> {
        let [first, second, ..] = *hash.as_bytes();
        #[expect(clippy::indexing_slicing, reason = "ten bits name one of 1024 shards")]
        &self.0[(usize::from(first) << 2) | usize::from(second >> 6)]
    }
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
