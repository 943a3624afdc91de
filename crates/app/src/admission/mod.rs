//! Admission: how often a proven principal may ask, and what failed credentials cost where they came from.
//!
//! [`lanes`] hold the quotas of principals, each touched by its own requests alone, after its credential was verified.
//! [`entry`] verifies, and lets only what failed count against its source. [`sources`] shows and forgets such counts.
//! [`failed`] records what
//! failed, by source and minute. [`bodies`] counts what is held of requests. Nothing else here is written down: a restart
//! begins with whole quotas and without penalties.

pub mod allowance;
pub mod bodies;
pub mod entry;
pub(crate) mod failed;
mod lanes;
mod limits;
pub mod sources;

pub use allowance::{Allowance, OverQuota};
pub use bodies::Bodies;
pub use entry::NotAdmitted;
pub use lanes::Lanes;
pub use limits::{Pace, Paces};

use arc_swap::ArcSwap;
use http::HeaderMap;
use limits::Limits;
use parking_lot::Mutex;
use portunus_core::admission::{
    Class, Limited, Noted, PenaltyBook, Source, TrustedProxies, penalties,
};
use portunus_core::agent::Principal;
use portunus_core::time::{Tick, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one node holds of all this.
#[derive(Debug, Default)]
pub struct Admission {
    limits: ArcSwap<Limits>,
    proxies: ArcSwap<TrustedProxies>,
    lanes: Lanes,
    penalties: Mutex<PenaltyBook>,
    failures: failed::Failures,
    /// When the quota of all unverified requests together is whole again, as [`portunus_core::admission::Quota::admit`] has it.
    unverified: Mutex<u64>,
    bodies: Arc<Bodies>,
    counters: Counters,
}

/// The source has a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many credentials from this address failed; the next one is looked at in {} s", retry_after_ms.div_ceil(1000))]
pub struct Penalised {
    /// Milliseconds until the penalty ends.
    pub retry_after_ms: u64,
}

#[derive(Debug, Default)]
struct Counters {
    vital: AtomicU64,
    control: AtomicU64,
    llm: AtomicU64,
    unverified: AtomicU64,
}

/// Requests that were turned away since the start, and sources with a penalty now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionCounts {
    /// By the class whose quota was used up.
    pub limited: [(Class, u64); 3],
    /// Of those that proved nobody, because too many of them came.
    pub unverified: u64,
    /// Sources with a penalty.
    pub penalised: usize,
}

impl Admission {
    /// Other limits from now on. What a principal used counts by the new measure.
    pub fn limit(&self, paces: Paces) {
        self.limits.store(Arc::new(paces.into()));
    }

    /// Other proxies from now on.
    pub fn trust(&self, proxies: TrustedProxies) {
        self.proxies.store(proxies.into());
    }

    /// Lets one request of `principal` in, or does not. Gives what is left of its quota; `None` when the class has no
    /// limit. Ask only for a principal that its credential has proven.
    ///
    /// # Errors
    /// [`OverQuota`]; nobody else's requests can bring that about.
    pub fn pace(
        &self,
        principal: Principal,
        class: Class,
        now: Tick,
    ) -> Result<Option<Allowance>, OverQuota> {
        let Some(quota) = self.limits.load().of(class) else {
            return Ok(None);
        };
        match self.lanes.admit(principal, class, &quota, now) {
            Ok(standing) => Ok(Some(Allowance::within(class, quota, standing))),
            Err(limited) => {
                self.counters.of(class).fetch_add(1, Ordering::Relaxed);
                Err(OverQuota::new(class, quota, limited))
            }
        }
    }

    /// Where a request comes from that arrived from `peer` with these headers.
    #[must_use]
    pub fn source(&self, peer: IpAddr, headers: &HeaderMap) -> Source {
        let lines = |name| {
            let lines = headers.get_all(name).into_iter();
            lines.map(http::HeaderValue::as_bytes)
        };
        let proxies = self.proxies.load();
        proxies.source(peer, lines("forwarded"), lines("x-forwarded-for"))
    }

    /// Whether something may be tried from `source` that can be guessed or is slow to check: a password, an imported
    /// hash. Never asked for tokens, which are neither, nor before a credential that may turn out valid.
    ///
    /// # Errors
    /// [`Penalised`]; asking does not extend the penalty.
    pub fn may_guess(&self, source: Source, now: Timestamp) -> Result<(), Penalised> {
        match self.penalties.lock().penalty(source, now) {
            None => Ok(()),
            Some(until) => Err(Penalised {
                retry_after_ms: now.ms_until(until).max(1),
            }),
        }
    }

    /// The bodies of changes that are held. Those of model calls are the door's to count.
    #[must_use]
    pub const fn bodies(&self) -> &Arc<Bodies> {
        &self.bodies
    }

    /// Holds a credential that failed against `source`.
    pub fn failed(&self, source: Source, now: Timestamp) -> Noted {
        let noted = self.penalties.lock().failed(source, now);
        if let Noted::Penalised(source) = noted {
            let seconds = penalties::PENALTY_MS / 1000;
            tracing::warn!(%source, seconds, "too many credentials failed; valid ones are served");
        }
        noted
    }

    /// When the penalty of `source` ends, if it has one.
    pub(crate) fn penalty_of(&self, source: Source, now: Timestamp) -> Option<Timestamp> {
        self.penalties.lock().penalty(source, now)
    }

    /// Lets one request in that proves nobody, or does not: too many of them came, from wherever.
    ///
    /// # Errors
    /// [`Limited`]. What brings a valid credential is not asked.
    pub fn hold_back(&self, now: Tick) -> Result<(), Limited> {
        let Some(quota) = self.limits.load().unverified else {
            return Ok(());
        };
        let verdict = quota.admit(&mut self.unverified.lock(), now);
        if verdict.is_err() {
            self.counters.unverified.fetch_add(1, Ordering::Relaxed);
        }
        verdict.map(|_| ())
    }

    /// What was turned away so far.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> AdmissionCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AdmissionCounts {
            limited: Class::ALL.map(|class| (class, read(self.counters.of(class)))),
            unverified: read(&self.counters.unverified),
            penalised: self.penalties.lock().penalised(now),
        }
    }
}

impl Counters {
    const fn of(&self, class: Class) -> &AtomicU64 {
        match class {
            Class::Vital => &self.vital,
            Class::Control => &self.control,
            Class::Llm => &self.llm,
        }
    }
}
