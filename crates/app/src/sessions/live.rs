//! One living session or device in memory. What changes while it lives is atomic, so that requests need no lock for it.

use portunus_core::session::{Device, SessionRecord, SessionTerms};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
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

/// A paired device, with its latest token and perhaps the one before.
#[derive(Debug)]
pub(crate) struct LiveDevice {
    /// As it is stored.
    pub(crate) device: Device,
    /// Fires when the latest token ends.
    revoked: CancellationToken,
    /// Fires when the one before ends.
    before_revoked: CancellationToken,
}

impl LiveDevice {
    pub(super) fn new(device: Device) -> Self {
        Self {
            device,
            revoked: CancellationToken::new(),
            before_revoked: CancellationToken::new(),
        }
    }

    /// The same one as it is stored now. Who waits for the end of a token that goes on waits for the same.
    pub(super) fn as_stored(&self, device: Device) -> Self {
        let of = |kid: Kid| match self.has(kid) {
            true => self.end_of(kid).clone(),
            false => CancellationToken::new(),
        };
        Self {
            revoked: of(device.kid),
            before_revoked: device
                .before
                .map_or_else(CancellationToken::new, |before| of(before.kid)),
            device,
        }
    }

    /// The handles of its tokens.
    pub(super) fn kids(&self) -> impl Iterator<Item = Kid> {
        let before = self.device.before.map(|before| before.kid);
        std::iter::once(self.device.kid).chain(before)
    }

    /// Whether a token is one of its own.
    pub(super) fn has(&self, kid: Kid) -> bool {
        self.kids().any(|own| own == kid)
    }

    /// Fires when a token of its own ends.
    pub(crate) fn end_of(&self, kid: Kid) -> &CancellationToken {
        match kid == self.device.kid {
            true => &self.revoked,
            false => &self.before_revoked,
        }
    }
}
