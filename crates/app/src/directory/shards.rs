//! The tokens by kid, read without a lock: many small maps, each replaced as a whole when something in it changes.

use super::Entry;
use arc_swap::ArcSwap;
use portunus_core::token::Kid;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// So many that a change copies few entries even of a large fleet.
const SHARDS: usize = 4_096;

type Shard = HashMap<Kid, Arc<Entry>, BuildHasherDefault<KidHasher>>;

/// See the module.
#[derive(Debug)]
pub(super) struct Shards(Box<[ArcSwap<Shard>]>);

impl Shards {
    /// All of them empty.
    pub(super) fn new() -> Self {
        let empty = Arc::new(Shard::default());
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        Self(shards.collect())
    }

    /// The token under `kid`.
    pub(super) fn find(&self, kid: Kid) -> Option<Arc<Entry>> {
        self.at(place(kid)).load().get(&kid).cloned()
    }

    /// Adds tokens; each map that changes is copied once. The caller holds the book.
    pub(super) fn add(&self, mut entries: Vec<Arc<Entry>>) {
        entries.sort_unstable_by_key(|entry| place(entry.kid));
        for of_one in entries.chunk_by(|one, other| place(one.kid) == place(other.kid)) {
            let Some(first) = of_one.first() else {
                continue;
            };
            self.change(place(first.kid), |shard| {
                shard.extend(of_one.iter().map(|entry| (entry.kid, Arc::clone(entry))));
            });
        }
    }

    /// Takes a token out. The caller holds the book.
    pub(super) fn remove(&self, kid: Kid) {
        self.change(place(kid), |shard| {
            shard.remove(&kid);
        });
    }

    fn change(&self, place: usize, change: impl FnOnce(&mut Shard)) {
        let slot = self.at(place);
        let mut shard = Shard::clone(&slot.load());
        change(&mut shard);
        slot.store(Arc::new(shard));
    }

    fn at(&self, place: usize) -> &ArcSwap<Shard> {
        #[expect(
            clippy::indexing_slicing,
            reason = "twelve bits name one of 4096 shards"
        )]
        &self.0[place]
    }
}

/// The first twelve bits.
fn place(kid: Kid) -> usize {
    let [first, second, ..] = *kid.as_bytes();
    (usize::from(first) << 4) | usize::from(second >> 4)
}

/// Takes bits of the kid as they are: kids are random, and nobody can make one up that comes as far as here, because
/// its MAC is checked before.
#[derive(Default)]
struct KidHasher(u64);

impl Hasher for KidHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((_, rest)) = bytes.split_at_checked(4)
            && let Some(random) = rest.first_chunk::<8>()
        {
            self.0 = u64::from_le_bytes(*random);
        }
    }

    /// The length of the kid, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
