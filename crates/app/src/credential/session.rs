//! What a valid credential proves, for as long as the request that brought it lives.

use crate::access::seen::Proven;
use crate::directory::{Entry, Profile};
use crate::liveness::Presence;
use crate::liveness::pulse::Pulse;
use crate::plane::Plane;
use crate::sessions::live::{LiveDevice, LiveSession};
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_core::scope::ScopeSet;
use portunus_core::session::SignedInBy;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Fires when the credential behind a session is revoked or its agent deleted (P5). A token whose overlap is over and an
/// access token that has expired are refused to new requests; those that they began run to their end (P4).
#[derive(Clone)]
pub struct Revocation(Behind);

/// What stands behind a session.
#[derive(Clone)]
enum Behind {
    Token(Arc<Entry>),
    Access(Arc<Proven>),
    /// A session of an operator, and what the operator holds.
    SignedIn(Arc<LiveSession>, Arc<Profile>),
    /// A paired device, which of its tokens it was, and what its operator holds.
    Device(Arc<LiveDevice>, Kid, Arc<Profile>),
}

impl Revocation {
    pub(crate) const fn of(entry: Arc<Entry>) -> Self {
        Self(Behind::Token(entry))
    }

    pub(crate) const fn of_access(proven: Arc<Proven>) -> Self {
        Self(Behind::Access(proven))
    }

    pub(crate) const fn of_session(live: Arc<LiveSession>, whose: Arc<Profile>) -> Self {
        Self(Behind::SignedIn(live, whose))
    }

    pub(crate) const fn of_device(live: Arc<LiveDevice>, kid: Kid, whose: Arc<Profile>) -> Self {
        Self(Behind::Device(live, kid, whose))
    }

    fn signal(&self) -> &CancellationToken {
        match &self.0 {
            Behind::Token(entry) => &entry.revoked,
            Behind::Access(proven) => &proven.family.revoked,
            Behind::SignedIn(live, _) => &live.revoked,
            Behind::Device(live, kid, _) => live.end_of(*kid),
        }
    }

    /// Waits until the credential has ended. Cancel-safe.
    pub async fn cancelled(&self) {
        self.signal().cancelled().await;
    }

    /// Like [`Self::cancelled`], without borrowing the session.
    pub async fn cancelled_owned(self) {
        self.signal().cancelled().await;
    }

    /// Whether the credential has ended.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.signal().is_cancelled()
    }
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revocation({})", self.is_cancelled())
    }
}

/// Who acts, as the credential proves it (P6).
#[derive(Clone, Debug)]
pub struct Session {
    /// Who acts.
    pub principal: Principal,
    /// Public handle of the token or access token that was presented; loggable.
    pub kid: Kid,
    /// Fires when the credential ends; open streams end with it.
    pub revoked: Revocation,
}

/// What a session stands on, and what ends it by itself.
pub(crate) enum Stands<'a> {
    /// A token.
    Token,
    /// An access token.
    Access {
        /// When it is over.
        expires_at: Timestamp,
    },
    /// A signed-in browser.
    Session(&'a LiveSession),
    /// A paired device.
    Device,
}

impl Session {
    /// The agent's or operator's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match &self.revoked.0 {
            Behind::Token(entry) => &entry.name,
            Behind::Access(proven) => &proven.name,
            Behind::SignedIn(_, whose) | Behind::Device(_, _, whose) => &whose.name,
        }
    }

    /// What it stands on.
    pub(crate) fn stands_on(&self) -> Stands<'_> {
        match &self.revoked.0 {
            Behind::Token(_) => Stands::Token,
            Behind::Access(proven) => Stands::Access {
                expires_at: proven.expires_at,
            },
            Behind::SignedIn(live, _) => Stands::Session(live),
            Behind::Device(..) => Stands::Device,
        }
    }

    /// The token that was presented, or that the access token was exchanged from.
    pub(crate) fn token(&self) -> Option<Kid> {
        match &self.revoked.0 {
            Behind::Token(entry) => Some(entry.kid),
            Behind::Access(proven) => Some(proven.family.record().token),
            Behind::SignedIn(..) | Behind::Device(..) => None,
        }
    }

    /// The access token that was presented, if it was one.
    pub(crate) const fn proven(&self) -> Option<&Arc<Proven>> {
        match &self.revoked.0 {
            Behind::Access(proven) => Some(proven),
            Behind::Token(_) | Behind::SignedIn(..) | Behind::Device(..) => None,
        }
    }

    /// Signs of life of the agent; operators give none.
    pub(crate) fn pulse(&self) -> Option<&Arc<Pulse>> {
        match &self.revoked.0 {
            Behind::Token(entry) => entry.pulse.as_ref(),
            Behind::Access(proven) => proven.pulse.as_ref(),
            Behind::SignedIn(..) | Behind::Device(..) => None,
        }
    }

    /// That a request of the agent runs, for as long as it does; to be ended by [`crate::liveness::Liveness::leave`].
    #[must_use]
    pub fn presence(&self) -> Option<Presence> {
        self.pulse().map(Presence::begin)
    }

    /// What the credential may do.
    #[must_use]
    pub fn grants(&self) -> &ScopeSet {
        match &self.revoked.0 {
            Behind::Token(entry) => &entry.scopes,
            Behind::Access(proven) => &proven.scopes,
            Behind::SignedIn(_, whose) | Behind::Device(_, _, whose) => &whose.scopes,
        }
    }

    /// Whether it is a session of an operator, which a cookie brought.
    #[must_use]
    pub const fn is_session(&self) -> bool {
        matches!(self.revoked.0, Behind::SignedIn(..))
    }

    /// Whether it is an access token, which ends by itself.
    #[must_use]
    pub const fn is_of_access_token(&self) -> bool {
        matches!(self.revoked.0, Behind::Access(_))
    }

    /// The session that goes on when the password of `operator` changes: this one, if it is one of the operator's.
    pub(crate) fn keeps_signed_in(&self, operator: OperatorId) -> Option<Kid> {
        let is_own = self.principal == Principal::Operator(operator);
        (is_own && self.is_session()).then_some(self.kid)
    }

    /// Whether a token of the principal was presented.
    pub(crate) const fn is_of_token(&self) -> bool {
        matches!(self.revoked.0, Behind::Token(_))
    }

    /// What a session that begins with this credential comes of; `None` when none begins with it.
    pub(crate) fn signs_in_by(&self) -> Option<SignedInBy> {
        match &self.revoked.0 {
            Behind::Token(_) => Some(SignedInBy::Token(self.kid)),
            Behind::Device(live, ..) => Some(SignedInBy::Device(live.device.id)),
            Behind::Access(_) | Behind::SignedIn(..) => None,
        }
    }

    /// When the token behind the credential is over, if that is settled; nothing that it mints may last longer.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.revoked.0 {
            Behind::Token(entry) => entry.expires_at,
            Behind::Access(proven) => proven.family.token_expires_at,
            Behind::SignedIn(live, _) => live.expires_at,
            // Only what lasts pairs one.
            Behind::Device(..) => None,
        }
    }
}

impl Plane {
    /// The session as it stands by now, for a request that took its time to arrive after it was proven (P5); `None` when its
    /// credential was ended meanwhile. A token whose overlap or own time is over by now goes on: the request had begun (P4).
    #[must_use]
    pub fn as_it_stands(&self, session: Session) -> Option<Session> {
        if session.revoked.is_cancelled() {
            return None;
        }
        let whose = || self.directory.profile(session.principal);
        let behind = match &session.revoked.0 {
            Behind::Token(entry) => Behind::Token(self.directory.find(entry.kid)?),
            // Those that hold more than their principal does by now have ended.
            Behind::Access(proven) => Behind::Access(Arc::clone(proven)),
            Behind::SignedIn(live, _) => Behind::SignedIn(Arc::clone(live), whose()?),
            Behind::Device(live, kid, _) => Behind::Device(Arc::clone(live), *kid, whose()?),
        };
        let revoked = Revocation(behind);
        Some(Session { revoked, ..session })
    }
}
