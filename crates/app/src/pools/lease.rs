//! A lease: the use of one key for one attempt, and the only way to touch a secret.

use super::handle::PoolHandle;
use super::roster::KeyRecord;
use portunus_core::ids::KeyId;
use portunus_core::name::Label;
use portunus_core::pool::{Choice, Leased, Observation, WindowReading};
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// See the module. Dropping it ends the lease and gives the slot back.
#[must_use = "a lease that is dropped at once serves nothing"]
pub struct Lease {
    pool: Arc<PoolHandle>,
    /// Taken out by `drop` alone.
    leased: Option<Leased>,
    key: KeyId,
    began_at: Timestamp,
    choice: Choice,
    record: Arc<KeyRecord>,
    secret: Secret,
}

impl Lease {
    pub(super) fn new(
        pool: Arc<PoolHandle>,
        mut leased: Leased,
        record: Arc<KeyRecord>,
        secret: Secret,
    ) -> Self {
        Self {
            pool,
            key: leased.key(),
            began_at: leased.began_at(),
            choice: leased.take_choice(),
            leased: Some(leased),
            record,
            secret,
        }
    }

    /// The key that serves.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.record.key.label
    }

    /// Where its requests go: the key's base URL, or else the pool's.
    #[must_use]
    pub fn base_url(&self) -> &Arc<str> {
        &self.record.base_url
    }

    /// The secret in the clear, for this lease alone.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The pool that gave it: the one asked, or its fallback.
    #[must_use]
    pub const fn pool(&self) -> &Arc<PoolHandle> {
        &self.pool
    }

    /// Whether this attempt tries a key after its rest.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.leased.as_ref().is_some_and(Leased::is_probe)
    }

    /// Takes away why this key was chosen, for the record, and leaves an empty choice.
    #[must_use]
    pub const fn take_choice(&mut self) -> Choice {
        self.choice.take()
    }

    /// When it began.
    #[must_use]
    pub const fn began_at(&self) -> Timestamp {
        self.began_at
    }

    /// Charges what the attempt's answer says to the key that earned it, however late it is.
    ///
    /// May be called more than once: for what begins well, then for what the stream says. The lease goes on.
    pub fn report(&mut self, observation: &Observation) {
        if let Some(leased) = &self.leased {
            self.pool.charge(leased, observation);
        }
    }

    /// Charges what the headers of an answer show of the key's windows, while the stream behind them may still fail.
    ///
    /// It is no success: a window is healed only where the provider says `allowed` of it. [`Self::report`] follows
    /// once it is known what the answer comes to.
    pub fn report_windows(&mut self, readings: &[WindowReading]) {
        if let Some(leased) = &self.leased {
            self.pool.charge_windows(leased, readings);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(leased) = self.leased.take() {
            self.pool.release(leased);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("key", &self.key)
            .field("began_at", &self.began_at)
            .finish_non_exhaustive()
    }
}
