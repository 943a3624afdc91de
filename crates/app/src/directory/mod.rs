//! Every valid token and every principal's name, in memory.
//!
//! Requests read it without a lock: 256 shards, each a map that is replaced as a whole. Changes are rare and
//! go through one lock. What the store says is the truth; use cases tell the directory after each commit.
//!
//! A token whose overlap is over is refused by its date and stays here until its principal's next rotation: requests
//! that it began still run (P4), and must end if the token is revoked or its principal dismissed (P5).

mod entry;
mod hold;

pub(crate) use entry::Entry;
pub(crate) use hold::Hold;

use arc_swap::ArcSwap;
use entry::FirstUse;
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::OperatorId;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Shard = HashMap<Kid, Arc<Entry>>;

/// What changes go through, behind one lock.
#[derive(Debug, Default)]
struct Book {
    names: HashMap<Principal, Arc<str>>,
    tokens: HashMap<Principal, Vec<Arc<Entry>>>,
}

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    shards: [ArcSwap<Shard>; 256],
    book: Mutex<Book>,
}

impl Directory {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| ArcSwap::default()),
            book: Mutex::default(),
        }
    }

    fn shard(&self, kid: Kid) -> &ArcSwap<Shard> {
        let [first, ..] = *kid.as_bytes();
        #[expect(clippy::indexing_slicing, reason = "a byte names one of 256 shards")]
        &self.shards[usize::from(first)]
    }

    /// The token under `kid`, if it is in memory. Takes no lock.
    pub(crate) fn find(&self, kid: Kid) -> Option<Arc<Entry>> {
        self.shard(kid).load().get(&kid).cloned()
    }

    /// The name of a living principal.
    pub(crate) fn name_of(&self, principal: Principal) -> Option<Arc<str>> {
        self.book.lock().names.get(&principal).cloned()
    }

    /// The operator of this name.
    pub(crate) fn operator_named(&self, name: &str) -> Option<OperatorId> {
        let book = self.book.lock();
        book.names
            .iter()
            .find_map(|(principal, own)| match principal {
                Principal::Operator(id) if **own == *name => Some(*id),
                _ => None,
            })
    }

    /// How many agents live.
    pub(crate) fn agents(&self) -> usize {
        let book = self.book.lock();
        book.names
            .keys()
            .filter(|principal| matches!(principal, Principal::Agent(_)))
            .count()
    }

    /// Learns of a principal.
    pub(crate) fn welcome(&self, principal: Principal, name: &str) {
        self.book.lock().names.insert(principal, Arc::from(name));
    }

    /// Learns of many tokens at once, at start; those of unknown principals are left out.
    pub(crate) fn fill(&self, records: &[TokenRecord]) {
        let mut shards: Vec<Shard> = (0..256).map(|_| Shard::new()).collect();
        let mut book = self.book.lock();
        for record in records {
            if let Some(entry) = book.enter(record) {
                let [first, ..] = *record.kid.as_bytes();
                if let Some(shard) = shards.get_mut(usize::from(first)) {
                    shard.insert(record.kid, entry);
                }
            }
        }
        for (slot, shard) in self.shards.iter().zip(shards) {
            slot.store(Arc::new(shard));
        }
    }

    /// Learns of one token whose principal is known.
    pub(crate) fn insert(&self, record: &TokenRecord) -> Option<Arc<Entry>> {
        let mut book = self.book.lock();
        if let Some(known) = self.find(record.kid) {
            return Some(known);
        }
        let entry = book.enter(record)?;
        self.change_shard(record.kid, |shard| {
            shard.insert(record.kid, Arc::clone(&entry));
        });
        Some(entry)
    }

    /// Applies a committed rotation: what ended, what retires, what is new.
    pub(crate) fn rotate(
        &self,
        revoked: &[Kid],
        retiring: Option<&TokenRecord>,
        successor: &TokenRecord,
    ) {
        for kid in revoked {
            self.revoke(*kid);
        }
        if let Some(record) = retiring
            && let Some(entry) = self.find(record.kid)
        {
            entry.retire(record.state);
        }
        self.insert(successor);
    }

    /// Forgets a token and fires its revocation.
    pub(crate) fn revoke(&self, kid: Kid) {
        let mut book = self.book.lock();
        let Some(entry) = self.find(kid) else { return };
        self.forget(&mut book, &entry);
    }

    /// Applies a committed revocation: what ended, and the predecessor that is the active one again.
    pub(crate) fn succeed_back(&self, ended: Kid, heir: Option<&TokenRecord>) {
        self.revoke(ended);
        let Some(heir) = heir else { return };
        if let Some(entry) = self.find(heir.kid) {
            entry.reactivate();
        }
    }

    /// Forgets a principal and all of its tokens.
    pub(crate) fn dismiss(&self, principal: Principal) {
        let mut book = self.book.lock();
        book.names.remove(&principal);
        for entry in book.tokens.remove(&principal).unwrap_or_default() {
            self.forget(&mut book, &entry);
        }
    }

    /// Notes a success. The first one of the active token also sets the predecessor's deadline.
    pub(crate) fn note_use(&self, entry: &Entry, now: Timestamp) -> Usage {
        match entry.first_use() {
            FirstUse::Made => {}
            FirstUse::MadeBefore => return Usage::Again,
            FirstUse::Held => return Usage::Held,
        }
        if entry.active.load(Ordering::Acquire) {
            let book = self.book.lock();
            let until = now.plus_ms(entry.overlap_ms);
            let tokens = book.tokens.get(&entry.principal).cloned();
            let tokens = tokens.unwrap_or_default();
            // One that was revoked meanwhile must not end the predecessor that took its place back.
            let lives = tokens.iter().any(|other| other.kid == entry.kid);
            for other in tokens {
                if lives && other.kid != entry.kid {
                    other.end_by(until);
                }
            }
        }
        Usage::First
    }

    fn forget(&self, book: &mut Book, entry: &Arc<Entry>) {
        self.change_shard(entry.kid, |shard| {
            shard.remove(&entry.kid);
        });
        if let Some(tokens) = book.tokens.get_mut(&entry.principal) {
            tokens.retain(|other| other.kid != entry.kid);
        }
        entry.end();
    }

    /// Replaces one shard by a changed copy; the caller holds the book.
    fn change_shard(&self, kid: Kid, change: impl FnOnce(&mut Shard)) {
        let slot = self.shard(kid);
        let mut shard = Shard::clone(&slot.load());
        change(&mut shard);
        slot.store(Arc::new(shard));
    }
}

impl Book {
    fn enter(&mut self, record: &TokenRecord) -> Option<Arc<Entry>> {
        if matches!(record.state, TokenState::Revoked { .. }) {
            return None;
        }
        let name = Arc::clone(self.names.get(&record.principal)?);
        let entry = Arc::new(Entry::new(record, name));
        let tokens = self.tokens.entry(record.principal).or_default();
        tokens.push(Arc::clone(&entry));
        Some(entry)
    }
}

/// Whether a success was a token's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// The first since it was issued.
    First,
    /// Not the first.
    Again,
    /// It would be the first, and the store is deciding about the token: to be tried again once it has.
    Held,
}

#[cfg(test)]
mod tests;
