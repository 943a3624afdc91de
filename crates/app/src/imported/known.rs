//! Imported tokens in memory.

use super::worker::{Candidate, SlowHashes};
use arc_swap::ArcSwap;
use portunus_core::token::{Kid, Pepper, Presented, TextHash, TokenDigest, TokenKind};
use portunus_store::ImportedToken;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Most slow hashes that are tried for one text.
pub(super) const MOST_CANDIDATES: usize = 8;

/// One slow hash that waits for its token.
#[derive(Clone, Debug)]
struct Waiting {
    candidate: Candidate,
    prefix: Option<Box<str>>,
}

/// All of them as of one moment.
#[derive(Clone, Debug, Default)]
struct Known {
    by_digest: HashMap<[u8; 32], Kid>,
    by_mark: HashMap<[u8; 32], Kid>,
    waiting: HashMap<Kid, Waiting>,
    /// Characters of the prefixes that there are.
    prefix_chars: BTreeSet<usize>,
    by_prefix: HashMap<Box<str>, Vec<Kid>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    known: ArcSwap<Known>,
    pub(super) worker: SlowHashes,
}

impl Imported {
    /// Those that the store has.
    pub(crate) fn of(tokens: Vec<(ImportedToken, TokenDigest)>) -> Self {
        let imported = Self::default();
        imported.add(tokens);
        imported
    }

    /// Takes over more that the store has. The caller holds the lock of changes, or nobody else has this yet.
    pub(crate) fn add(&self, tokens: Vec<(ImportedToken, TokenDigest)>) {
        let mut known = Known::clone(&self.known.load());
        for (token, digest) in tokens {
            known.by_mark.insert(token.mark, token.kid);
            let Some(slow) = token.slow else {
                known.by_digest.insert(*digest.as_bytes(), token.kid);
                continue;
            };
            if let Some(prefix) = &slow.prefix {
                known.prefix_chars.insert(prefix.chars().count());
                let of_prefix = known.by_prefix.entry(prefix.clone()).or_default();
                of_prefix.push(token.kid);
            }
            let waiting = Waiting {
                prefix: slow.prefix.clone(),
                candidate: Candidate {
                    kid: token.kid,
                    hash: Arc::new(slow),
                },
            };
            known.waiting.insert(token.kid, waiting);
        }
        self.known.store(Arc::new(known));
    }

    /// Takes over that a token is found by its digest from now on. The caller holds the lock of changes.
    pub(crate) fn upgraded(&self, kid: Kid, digest: TokenDigest) {
        let mut known = Known::clone(&self.known.load());
        known.by_digest.insert(*digest.as_bytes(), kid);
        let was = known.waiting.remove(&kid);
        if let Some(prefix) = was.and_then(|was| was.prefix)
            && let Some(of_prefix) = known.by_prefix.get_mut(&prefix)
        {
            of_prefix.retain(|other| *other != kid);
        }
        self.known.store(Arc::new(known));
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.load().by_mark.is_empty()
    }

    /// The imported token that a text is, as if it were presented as one of ours.
    pub(crate) fn find(&self, pepper: &Pepper, text: &str) -> Option<Presented> {
        let known = self.known.load();
        if known.by_digest.is_empty() {
            return None;
        }
        let digest = digest(pepper, text);
        let kid = *known.by_digest.get(digest.as_bytes())?;
        Some(Presented {
            kind: TokenKind::Agent,
            kid,
            digest,
        })
    }

    /// The token that was imported with this mark.
    pub(crate) fn marked(&self, mark: &[u8; 32]) -> Option<Kid> {
        self.known.load().by_mark.get(mark).copied()
    }

    /// How many slow hashes have this prefix.
    pub(crate) fn of_prefix(&self, prefix: &str) -> usize {
        self.known.load().by_prefix.get(prefix).map_or(0, Vec::len)
    }

    /// The slow hashes that a text could be of, by how it begins.
    pub(super) fn candidates(&self, text: &str) -> Vec<Candidate> {
        let known = self.known.load();
        let beginnings = known.prefix_chars.iter().filter_map(|chars| {
            let end = text
                .char_indices()
                .nth(*chars)
                .map_or(text.len(), |(at, _)| at);
            text.get(..end)
        });
        let kids = beginnings.filter_map(|prefix| known.by_prefix.get(prefix));
        let waiting = kids.flatten().filter_map(|kid| known.waiting.get(kid));
        let candidates = waiting.map(|waiting| waiting.candidate.clone());
        candidates.take(MOST_CANDIDATES).collect()
    }

    /// The slow hash of one token, if it has one still.
    pub(super) fn waiting(&self, kid: Kid) -> Option<Candidate> {
        let known = self.known.load();
        let waiting = known.waiting.get(&kid)?;
        Some(waiting.candidate.clone())
    }
}

/// What is kept of an imported token.
pub(crate) fn digest(pepper: &Pepper, text: &str) -> TokenDigest {
    pepper.imported_digest(TextHash::of(text).as_bytes())
}
