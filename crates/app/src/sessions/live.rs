//! One living session or device in memory. What changes while it lives is atomic, so that requests need no lock for it.

use portunus_core::session::{Device, SessionRecord, SessionTerms};
use portunus_core::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// A session.
#[derive(Debug)]
pub(crate) struct LiveSession {
    /// As it began.
    pub(crate) record: SessionRecord,
    seen_at: AtomicU64,
    /// What the store knows of it.
    saved_at: AtomicU64,
    /// When the token that it came of is over, if that is settled.
    pub(crate) expires_at: Option<Timestamp>,
    /// Fires when somebody ends it.
    pub(crate) revoked: CancellationToken,
}

impl LiveSession {
    pub(super) fn new(record: SessionRecord, expires_at: Option<Timestamp>) -> Self {
        let seen_at = record.seen_at.as_millis();
        Self {
            record,
            seen_at: AtomicU64::new(seen_at),
            saved_at: AtomicU64::new(seen_at),
            expires_at,
            revoked: CancellationToken::new(),
        }
    }

    /// When it was last used.
    pub(crate) fn seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.seen_at.load(Ordering::Relaxed))
    }

    /// Notes a use.
    pub(super) fn see(&self, now: Timestamp) {
        self.seen_at.fetch_max(now.as_millis(), Ordering::Relaxed);
    }

    /// When it ends unless it is used.
    pub(crate) fn ends_at(&self, terms: &SessionTerms) -> Timestamp {
        let ends_at = terms.ends_at(self.record.created_at, self.seen_at());
        self.expires_at.map_or(ends_at, |end| end.min(ends_at))
    }

    /// When it was last used, if the store does not know that.
    pub(super) fn unsaved(&self) -> Option<Timestamp> {
        let seen_at = self.seen_at();
        let saved_at = self.saved_at.load(Ordering::Relaxed);
        (seen_at.as_millis() != saved_at).then_some(seen_at)
    }

    pub(super) fn saved(&self, seen_at: Timestamp) {
        self.saved_at.store(seen_at.as_millis(), Ordering::Relaxed);
    }
}

/// A paired device, under its latest token.
#[derive(Debug)]
pub(crate) struct LiveDevice {
    /// As it is stored.
    pub(crate) device: Device,
    /// Fires when the token ends.
    pub(crate) revoked: CancellationToken,
}

impl LiveDevice {
    pub(super) fn new(device: Device) -> Self {
        Self {
            device,
            revoked: CancellationToken::new(),
        }
    }
}
