//! One valid token in memory. What changes while it lives is atomic, so that requests need no lock.

use super::Profile;
use crate::liveness::pulse::Pulse;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::scope::ScopeSet;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

const NEVER: u64 = u64::MAX;

/// Never presented with success.
const UNUSED: u8 = 0;
/// Never presented with success, and may not be now.
const HELD: u8 = 1;
/// Presented with success.
const USED: u8 = 2;

/// What a success was to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstUse {
    /// The first one.
    Made,
    /// Not the first one.
    MadeBefore,
    /// It would be the first one, and none may be made now.
    Held,
}

/// One valid token.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kid: Kid,
    pub(crate) principal: Principal,
    pub(crate) name: Arc<str>,
    /// What it holds.
    pub(crate) scopes: ScopeSet,
    /// Signs of life of its agent.
    pub(crate) pulse: Option<Arc<Pulse>>,
    pub(crate) digest: TokenDigest,
    /// How long its predecessor works after its own first use, in milliseconds.
    pub(super) overlap_ms: u64,
    /// Whether it was ever presented with success: [`UNUSED`], [`HELD`] or [`USED`].
    use_state: AtomicU8,
    /// Whether it is the newest of its principal.
    pub(super) active: AtomicBool,
    /// When it ends because of its successor, in milliseconds since the epoch.
    ends_at: AtomicU64,
    /// When its own time is over.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked: CancellationToken,
}

impl Entry {
    pub(super) fn new(record: &TokenRecord, whose: &Profile) -> Self {
        let entry = Self {
            kid: record.kid,
            principal: record.principal,
            name: Arc::clone(&whose.name),
            scopes: whose.scopes.clone(),
            pulse: whose.pulse.clone(),
            digest: record.digest,
            overlap_ms: record.overlap_ms,
            use_state: AtomicU8::new(match record.first_used_at {
                Some(_) => USED,
                None => UNUSED,
            }),
            active: AtomicBool::new(record.state == TokenState::Active),
            ends_at: AtomicU64::new(NEVER),
            expires_at: record.expires_at,
            revoked: CancellationToken::new(),
        };
        entry.retire(record.state);
        entry
    }

    /// The same token, of a principal that holds something else now. Who waits for the end of the one waits for that of
    /// both.
    pub(super) fn of_profile(&self, whose: &Profile) -> Self {
        Self {
            kid: self.kid,
            principal: self.principal,
            name: Arc::clone(&whose.name),
            scopes: whose.scopes.clone(),
            pulse: self.pulse.clone(),
            digest: self.digest,
            overlap_ms: self.overlap_ms,
            use_state: AtomicU8::new(self.use_state.load(Ordering::Acquire)),
            active: AtomicBool::new(self.active.load(Ordering::Acquire)),
            ends_at: AtomicU64::new(self.ends_at.load(Ordering::Acquire)),
            expires_at: self.expires_at,
            revoked: self.revoked.clone(),
        }
    }

    /// The same token, which is found by another digest now.
    pub(super) fn of_digest(&self, digest: TokenDigest, whose: &Profile) -> Self {
        Self {
            digest,
            ..self.of_profile(whose)
        }
    }

    /// Makes the first use, unless it was made or is held.
    pub(super) fn first_use(&self) -> FirstUse {
        if self.use_state.load(Ordering::Acquire) == USED {
            return FirstUse::MadeBefore;
        }
        match self.change_use(UNUSED, USED) {
            Ok(_) => FirstUse::Made,
            Err(HELD) => FirstUse::Held,
            Err(_) => FirstUse::MadeBefore,
        }
    }

    /// Holds the first use back; whether it was not made yet.
    pub(super) fn hold(&self) -> bool {
        self.change_use(UNUSED, HELD).is_ok()
    }

    /// Lets the first use be made again.
    pub(super) fn let_go(&self) {
        let _ = self.change_use(HELD, UNUSED);
    }

    fn change_use(&self, from: u8, to: u8) -> Result<u8, u8> {
        self.use_state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }

    /// Takes over what the store says of a retiring token.
    pub(super) fn retire(&self, state: TokenState) {
        if let TokenState::Retiring { until } = state {
            self.active.store(false, Ordering::Release);
            let until = until.map_or(NEVER, Timestamp::as_millis);
            self.ends_at.store(until, Ordering::Release);
        }
    }

    /// Is the active one again: its successor ended before anybody used it.
    pub(super) fn reactivate(&self) {
        self.ends_at.store(NEVER, Ordering::Release);
        self.active.store(true, Ordering::Release);
    }

    /// Ends at `until`, or earlier when that was settled before.
    pub(super) fn end_by(&self, until: Timestamp) {
        self.ends_at.fetch_min(until.as_millis(), Ordering::AcqRel);
    }

    /// Ends now: no later look accepts it, and its sessions hear of it.
    pub(super) fn end(&self) {
        self.ends_at.store(0, Ordering::Release);
        self.revoked.cancel();
    }

    /// When it ends, if that is settled.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        match self.ends_at.load(Ordering::Acquire) {
            NEVER => None,
            millis => Some(Timestamp::from_millis(millis)),
        }
    }

    /// Whether its own time is over at `now`.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it is accepted at `now`.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|until| now < until) && !self.has_expired(now)
    }
}
