//! Every valid token and what is known of every principal, in memory.
//!
//! Requests read it without a lock. Changes are rare and go through one lock. What the store says is the truth; use
//! cases tell the directory after each commit.
//!
//! All living tokens of an agent are learned at once: the first use of one decides about the other.
//!
//! A token whose overlap is over is refused by its date and stays here until its principal's next rotation: requests
//! that it began still run (P4), and must end if the token is revoked or its principal dismissed (P5).

mod entry;
mod fill;
mod hold;
mod profile;
mod shards;

pub(crate) use entry::Entry;
pub(crate) use fill::Fill;
pub(crate) use hold::Hold;
pub use profile::Names;
pub(crate) use profile::Profile;

use crate::liveness::pulse::Pulse;
use entry::FirstUse;
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::{AgentId, OperatorId};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::AgentTokens;
use shards::Shards;
use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What changes go through, behind one lock.
#[derive(Debug, Default)]
struct Book {
    people: HashMap<Principal, Arc<Profile>>,
    tokens: HashMap<Principal, Vec<Arc<Entry>>>,
    operators: HashMap<Arc<str>, OperatorId>,
    /// How many of the people are agents.
    agents: usize,
}

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    shards: Shards,
    book: Mutex<Book>,
}

impl Directory {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            shards: Shards::new(),
            book: Mutex::default(),
        }
    }

    /// The token under `kid`, if it is in memory. Takes no lock.
    pub(crate) fn find(&self, kid: Kid) -> Option<Arc<Entry>> {
        self.shards.find(kid)
    }

    /// The name of a living principal.
    pub(crate) fn name_of(&self, principal: Principal) -> Option<Arc<str>> {
        self.profile(principal)
            .map(|profile| Arc::clone(&profile.name))
    }

    /// What is known of a living principal.
    pub(crate) fn profile(&self, principal: Principal) -> Option<Arc<Profile>> {
        self.book.lock().people.get(&principal).cloned()
    }

    /// Whether a token of the principal is accepted at `now`.
    pub(crate) fn has_valid_token(&self, principal: Principal, now: Timestamp) -> bool {
        let book = self.book.lock();
        let mut tokens = book.tokens.get(&principal).into_iter().flatten();
        tokens.any(|entry| entry.is_valid(now))
    }

    /// The operator of this name.
    pub(crate) fn operator_named(&self, name: &str) -> Option<OperatorId> {
        self.book.lock().operators.get(name).copied()
    }

    /// Names of living agents that `fits`, at most `most` of the first `among` names.
    pub(crate) fn agents_named(
        &self,
        among: usize,
        most: usize,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<Arc<str>> {
        let book = self.book.lock();
        let people = book.people.iter().take(among);
        let names = people.filter(|(principal, profile)| {
            matches!(principal, Principal::Agent(_)) && fits(&profile.name)
        });
        let names = names.map(|(_, profile)| Arc::clone(&profile.name));
        names.take(most).collect()
    }

    /// The signs of life of a living agent.
    pub(crate) fn pulse_of(&self, agent: AgentId) -> Option<Arc<Pulse>> {
        let book = self.book.lock();
        book.people.get(&Principal::Agent(agent))?.pulse.clone()
    }

    /// Whether a principal has a token that is its newest, and not this one.
    pub(crate) fn has_successor(&self, whose: Principal, token: Kid) -> bool {
        let book = self.book.lock();
        let mut own = book.tokens.get(&whose).into_iter().flatten();
        own.any(|entry| entry.kid != token && entry.active.load(Ordering::Acquire))
    }

    /// How many agents live, as far as they are known.
    pub(crate) fn agents(&self) -> usize {
        self.book.lock().agents
    }

    /// Learns of a principal.
    pub(crate) fn welcome(&self, principal: Principal, profile: Profile) {
        self.book.lock().welcome(principal, profile);
    }

    /// Learns of many agents at once; what is known of one already stays. The caller holds the lock of changes.
    pub(crate) fn learn(&self, agents: &[AgentTokens]) {
        let mut book = self.book.lock();
        let mut entries = Vec::new();
        for AgentTokens { agent, tokens } in agents {
            book.welcome(Principal::Agent(agent.id), Profile::of_agent(agent));
            entries.extend(tokens.iter().filter_map(|record| book.enter(record)));
        }
        self.shards.add(entries);
    }

    /// Learns of many tokens at once; those that are known and those of unknown principals are left out.
    pub(crate) fn fill(&self, records: &[TokenRecord]) {
        let mut book = self.book.lock();
        let entries = records.iter().filter_map(|record| book.enter(record));
        self.shards.add(entries.collect());
    }

    /// Learns of one token whose principal is known.
    pub(crate) fn insert(&self, record: &TokenRecord) -> Option<Arc<Entry>> {
        self.fill(std::slice::from_ref(record));
        self.find(record.kid)
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
        book.part_with(principal);
        for entry in book.tokens.remove(&principal).unwrap_or_default() {
            self.forget(&mut book, &entry);
        }
    }

    /// Takes over what a principal holds from now on: its tokens hold that at their next use.
    pub(crate) fn change_profile(&self, principal: Principal, mut profile: Profile) {
        let mut book = self.book.lock();
        let Some(known) = book.people.get_mut(&principal) else {
            return;
        };
        // It is the same one that lives.
        profile.pulse.clone_from(&known.pulse);
        let profile = Arc::new(profile);
        *known = Arc::clone(&profile);
        let tokens = book.tokens.entry(principal).or_default();
        for entry in tokens.iter_mut() {
            *entry = Arc::new(entry.of_profile(&profile));
        }
        self.shards.add(tokens.clone());
    }

    /// Takes over that a token is found by another digest from now on.
    pub(crate) fn change_digest(&self, kid: Kid, digest: TokenDigest) {
        let mut book = self.book.lock();
        let Some(entry) = self.find(kid) else { return };
        let Some(whose) = book.people.get(&entry.principal).cloned() else {
            return;
        };
        let changed = Arc::new(entry.of_digest(digest, &whose));
        let tokens = book.tokens.entry(entry.principal).or_default();
        for known in tokens.iter_mut().filter(|known| known.kid == kid) {
            *known = Arc::clone(&changed);
        }
        self.shards.add(vec![changed]);
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
        self.shards.remove(entry.kid);
        if let Some(tokens) = book.tokens.get_mut(&entry.principal) {
            tokens.retain(|other| other.kid != entry.kid);
        }
        entry.end();
    }
}

impl Book {
    fn welcome(&mut self, principal: Principal, profile: Profile) {
        if let Vacant(place) = self.people.entry(principal) {
            let name = Arc::clone(&profile.name);
            place.insert(Arc::new(profile));
            match principal {
                Principal::Agent(_) => self.agents += 1,
                Principal::Operator(id) => {
                    self.operators.insert(name, id);
                }
            }
        }
    }

    fn part_with(&mut self, principal: Principal) {
        let Some(profile) = self.people.remove(&principal) else {
            return;
        };
        match principal {
            Principal::Agent(_) => self.agents -= 1,
            Principal::Operator(_) => {
                self.operators.remove(&profile.name);
            }
        }
    }

    /// The entry of a token that was not known.
    fn enter(&mut self, record: &TokenRecord) -> Option<Arc<Entry>> {
        if matches!(record.state, TokenState::Revoked { .. }) {
            return None;
        }
        let whose = Arc::clone(self.people.get(&record.principal)?);
        let tokens = self.tokens.entry(record.principal).or_default();
        if tokens.iter().any(|known| known.kid == record.kid) {
            return None;
        }
        let entry = Arc::new(Entry::new(record, &whose));
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
