//! Every family that lives, in memory. The store has them too; a family that is not here has ended.
//!
//! A family that is over by itself stays for as long as a request that it began runs: that request must still end when
//! its principal is revoked (P5).

use parking_lot::Mutex;
use portunus_core::access::family::{FamilyId, Issue};
use portunus_core::access::{Terms, TokenFamily};
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Most families of one principal that live at once. One that exchanges anew instead of renewing has about 20 minutes
/// of them.
pub(crate) const MOST_PER_PRINCIPAL: usize = 1_000;

/// How many families that connections left are kept for their clients alone. Twice as many as a principal may have
/// connections: when all of them break and come back none takes up what another one still holds.
const MOST_LEFT: usize = 32;

/// One family.
#[derive(Debug)]
pub(crate) struct LiveFamily {
    record: Mutex<TokenFamily>,
    ended: AtomicBool,
    pub(crate) revoked: CancellationToken,
    /// See [`TokenFamily::token_expires_at`].
    pub(crate) token_expires_at: Option<Timestamp>,
}

impl LiveFamily {
    fn new(record: TokenFamily) -> Self {
        Self {
            token_expires_at: record.token_expires_at,
            record: Mutex::new(record),
            ended: AtomicBool::new(false),
            revoked: CancellationToken::new(),
        }
    }

    /// As it is now.
    pub(crate) fn record(&self) -> TokenFamily {
        self.record.lock().clone()
    }

    /// Whether somebody ended it.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.revoked.cancel();
    }

    /// Notes that the token `jti` was presented; whether that was the first time of the newest one.
    fn note_use(&self, jti: Kid, now: Timestamp) -> bool {
        let mut record = self.record.lock();
        if record.current.jti != jti || record.current.used_at.is_some() {
            return false;
        }
        record.current.used_at = Some(now);
        true
    }
}

#[derive(Debug, Default)]
struct Book {
    living: HashMap<FamilyId, Arc<LiveFamily>>,
    of: HashMap<Principal, HashSet<FamilyId>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Families {
    book: Mutex<Book>,
    /// Whose first use the store does not know yet.
    used: Mutex<HashSet<FamilyId>>,
    used_more: Notify,
    /// Those that connections began and left, by the token that they were exchanged from, the one left first in front.
    left: Mutex<HashMap<Kid, VecDeque<FamilyId>>>,
}

impl Families {
    /// Those that the store has.
    pub(crate) fn of(records: Vec<TokenFamily>) -> Self {
        let families = Self::default();
        for record in records {
            families.add(record);
        }
        families
    }

    /// A living one.
    pub(crate) fn find(&self, id: FamilyId) -> Option<Arc<LiveFamily>> {
        self.book.lock().living.get(&id).cloned()
    }

    /// Takes one over that the store has.
    pub(crate) fn add(&self, record: TokenFamily) {
        let mut book = self.book.lock();
        let of_one = book.of.entry(record.principal).or_default();
        of_one.insert(record.id);
        let id = record.id;
        book.living.insert(id, Arc::new(LiveFamily::new(record)));
    }

    /// Takes over the newest token of a renewed one. A first use that was noted meanwhile is kept.
    pub(crate) fn renewed(&self, family: &LiveFamily, after: &TokenFamily) {
        let mut record = family.record.lock();
        let is_same = record.current.jti == after.current.jti;
        let used_at = record.current.used_at.filter(|_| is_same);
        record.previous = after.previous;
        record.current = Issue {
            used_at,
            ..after.current
        };
    }

    /// How many a principal has.
    pub(crate) fn count(&self, principal: Principal) -> usize {
        self.book.lock().of.get(&principal).map_or(0, HashSet::len)
    }

    /// All of a principal.
    pub(crate) fn of_principal(&self, principal: Principal) -> Vec<FamilyId> {
        let book = self.book.lock();
        book.of
            .get(&principal)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// All of a principal that were exchanged from one of these tokens.
    pub(crate) fn of_tokens(&self, principal: Principal, kids: &[Kid]) -> Vec<FamilyId> {
        self.chosen(principal, |record| kids.contains(&record.token))
    }

    /// The family and all that were narrowed from it, directly or not.
    pub(crate) fn with_narrowed(&self, root: &TokenFamily) -> Vec<FamilyId> {
        let mut found = vec![root.id];
        loop {
            let more = self.chosen(root.principal, |record| {
                let is_child = record.parent.is_some_and(|parent| found.contains(&parent));
                is_child && !found.contains(&record.id)
            });
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    fn chosen(&self, principal: Principal, choose: impl Fn(&TokenFamily) -> bool) -> Vec<FamilyId> {
        let book = self.book.lock();
        let ids = book.of.get(&principal).into_iter().flatten();
        let chosen = ids.filter(|id| {
            let family = book.living.get(id);
            family.is_some_and(|family| choose(&family.record.lock()))
        });
        chosen.copied().collect()
    }

    /// Ends these: no later look accepts their tokens, and their sessions hear of it.
    pub(crate) fn end(&self, ids: &[FamilyId]) {
        let mut book = self.book.lock();
        for id in ids {
            if let Some(family) = book.take(*id) {
                family.end();
            }
        }
    }

    /// A connection that stood on `token` and kept its client in this family is gone.
    pub(crate) fn leave(&self, token: Kid, id: FamilyId) {
        self.left.lock().entry(token).or_default().push_back(id);
    }

    /// A family that a connection on the same token left, if many did: the one left first of those that `fits` lets pass,
    /// because its client has most surely come back since. Else a new one costs little, and meets nobody.
    pub(crate) fn take_up(
        &self,
        token: Kid,
        fits: impl Fn(&LiveFamily) -> bool,
    ) -> Option<Arc<LiveFamily>> {
        let mut left = self.left.lock();
        let own = left.get_mut(&token)?;
        own.retain(|id| self.find(*id).is_some_and(|family| fits(&family)));
        if own.len() < MOST_LEFT {
            return None;
        }
        self.find(own.pop_front()?)
    }

    /// Drops those of which nothing can be renewed any more, unless a request of theirs still runs or one that was
    /// narrowed from them lives. The store may forget what is returned.
    pub(crate) fn prune(&self, now: Timestamp, terms: &Terms) -> Vec<FamilyId> {
        let mut book = self.book.lock();
        let parents: HashSet<FamilyId> = book
            .living
            .values()
            .filter_map(|family| family.record.lock().parent)
            .collect();
        let over: Vec<FamilyId> = book
            .living
            .iter()
            .filter(|(id, family)| {
                Arc::strong_count(family) == 1
                    && !parents.contains(id)
                    && now >= family.record.lock().forgotten_at(terms)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in &over {
            book.take(*id);
        }
        drop(book);
        self.left.lock().retain(|_, ids| {
            ids.retain(|id| self.find(*id).is_some());
            !ids.is_empty()
        });
        over
    }

    /// Notes that a token was presented.
    pub(crate) fn note_use(&self, family: &LiveFamily, jti: Kid, now: Timestamp) {
        if family.note_use(jti, now) {
            let id = family.record.lock().id;
            self.used.lock().insert(id);
            self.used_more.notify_one();
        }
    }

    /// Waits until there is a first use that the store does not know.
    pub(crate) async fn more_used(&self) {
        self.used_more.notified().await;
    }

    /// Those whose first use the store does not know.
    pub(crate) fn take_used(&self) -> Vec<FamilyId> {
        self.used.lock().drain().collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back_used(&self, ids: &[FamilyId]) {
        self.used.lock().extend(ids);
        self.used_more.notify_one();
    }
}

impl Book {
    fn take(&mut self, id: FamilyId) -> Option<Arc<LiveFamily>> {
        let family = self.living.remove(&id)?;
        let principal = family.record.lock().principal;
        if let Some(of_one) = self.of.get_mut(&principal) {
            of_one.remove(&id);
            if of_one.is_empty() {
                self.of.remove(&principal);
            }
        }
        Some(family)
    }
}
