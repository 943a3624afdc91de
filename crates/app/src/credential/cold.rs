//! A genuine kid that is not in memory gets one read: one in flight per kid, negative answers remembered.
//!
//! Its MAC keeps made-up kids away from here, so what arrives are tokens that have ended, and those that another
//! process has just issued.

use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use portunus_store::{Store, StoreError};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OnceCell;

/// Kids remembered at most; the oldest is forgotten first and costs another read.
const REMEMBERED: usize = 65_536;

/// What the store said of a kid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What its secret is compared with; nothing has the digest of a token that never was.
    pub(crate) digest: TokenDigest,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was revoked.
    Revoked,
    /// It was revoked, and its agent is archived.
    Archived,
    /// It retired.
    Retired,
    /// It was issued until a moment that has come.
    TimeOver,
    /// It is valid and belongs into memory.
    Valid,
}

#[derive(Debug, Default)]
struct Memory {
    cells: HashMap<Kid, Arc<OnceCell<Found>>>,
    order: VecDeque<Kid>,
}

/// Reads of kids that are not in memory.
#[derive(Debug, Default)]
pub(crate) struct ColdReads {
    memory: Mutex<Memory>,
    made: AtomicU64,
}

impl ColdReads {
    /// How many were made since the start.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether the store said something of `kid` before.
    pub(crate) fn remembers(&self, kid: Kid) -> bool {
        let memory = self.memory.lock();
        memory
            .cells
            .get(&kid)
            .is_some_and(|cell| cell.initialized())
    }

    /// What the store says of `kid`, now or when it was asked before.
    pub(crate) async fn ask(
        &self,
        store: &dyn Store,
        kid: Kid,
        now: Timestamp,
    ) -> Result<Found, StoreError> {
        let cell = self.cell(kid);
        let found = *cell
            .get_or_try_init(|| async {
                self.made.fetch_add(1, Ordering::Relaxed);
                let record = store.token(kid).await?;
                let owner = match &record {
                    Some(record) if !record.is_valid(now) => owner(store, record).await?,
                    _ => Owner::Other,
                };
                Ok::<_, StoreError>(judge(record, owner, now))
            })
            .await?;
        if found.fate == Fate::Valid {
            // The directory holds it from now on; a later absence there means that it ended.
            self.forget(kid);
        }
        Ok(found)
    }

    fn cell(&self, kid: Kid) -> Arc<OnceCell<Found>> {
        let mut memory = self.memory.lock();
        if let Some(cell) = memory.cells.get(&kid) {
            return Arc::clone(cell);
        }
        if memory.order.len() >= REMEMBERED
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.cells.remove(&oldest);
        }
        let cell = Arc::new(OnceCell::new());
        memory.cells.insert(kid, Arc::clone(&cell));
        memory.order.push_back(kid);
        cell
    }

    /// Forgets every answer.
    pub(crate) fn forget_all(&self) {
        *self.memory.lock() = Memory::default();
    }

    fn forget(&self, kid: Kid) {
        let mut memory = self.memory.lock();
        if memory.cells.remove(&kid).is_some() {
            memory.order.retain(|other| *other != kid);
        }
    }
}

/// Whose a token is, as far as it changes what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Archived,
    Other,
}

async fn owner(store: &dyn Store, record: &TokenRecord) -> Result<Owner, StoreError> {
    let Principal::Agent(id) = record.principal else {
        return Ok(Owner::Other);
    };
    match store.agent(id).await {
        Ok(agent) if agent.archived_at.is_some() => Ok(Owner::Archived),
        Ok(_) | Err(StoreError::NotFound) => Ok(Owner::Other),
        Err(error) => Err(error),
    }
}

fn judge(record: Option<TokenRecord>, owner: Owner, now: Timestamp) -> Found {
    let Some(record) = record else {
        return Found {
            digest: TokenDigest::from_bytes([0; 32]),
            fate: Fate::Revoked,
        };
    };
    let fate = match record.state {
        _ if record.is_valid(now) => Fate::Valid,
        TokenState::Revoked { .. } if owner == Owner::Archived => Fate::Archived,
        TokenState::Revoked { .. } => Fate::Revoked,
        _ if record.has_expired(now) => Fate::TimeOver,
        _ => Fate::Retired,
    };
    Found {
        digest: record.digest,
        fate,
    }
}
