//! Decides whether a presented token is valid. Memory answers; only a genuine kid that is not there costs a read.
//!
//! No failure is remembered against anybody here: a 256-bit secret is not guessable, so a wrong token costs its
//! sender an answer and nobody else anything (P1), and a missing one is not a failure at all (P2).

use super::cold::Fate;
use super::headers::CredentialHeaders;
use super::session::{Revocation, Session};
use crate::directory::{Entry, Profile, Usage};
use crate::plane::Plane;
use portunus_core::access::jws::{self, is_access_token};
use portunus_core::access::{Claims, ClaimsError};
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, OperatorId};
use portunus_core::time::Timestamp;
use portunus_core::token::{Presented, TokenError, TokenKind};
use portunus_store::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a request has no session. Texts are for clients and never repeat what was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No credential came.
    #[error("no credential came")]
    Missing,
    /// Two different tokens of ours came.
    #[error("two different tokens came at once")]
    TwoTokens,
    /// Somebody else's credential.
    #[error(
        "the credential is neither a token of this plane, which begins with ptna_, ptno_ or ptnd_, nor its access token"
    )]
    Foreign,
    /// Cut off or mistyped.
    #[error("the token is cut off or mistyped")]
    Mangled,
    /// Not issued by this plane.
    #[error("the token was not issued by this plane")]
    MadeUp,
    /// Well formed, and unknown.
    #[error("the token is not known")]
    Unknown,
    /// Revoked, or its agent deleted.
    #[error("the token was revoked")]
    Revoked,
    /// Revoked when its agent was archived, or before.
    #[error("the token was revoked, and its agent is archived: an operator can restore it")]
    Archived,
    /// Replaced by a successor, and its overlap is over.
    #[error("the token was replaced and its overlap is over")]
    Expired,
    /// Issued until a moment that has come.
    #[error("the token has expired: it was issued until a moment that has come")]
    TimeOver,
    /// An access token of this plane that is not accepted.
    #[error("the access token is not accepted: {0}")]
    Access(#[from] ClaimsError),
    /// The token is not in memory and the store does not answer: not decided.
    #[error("the token cannot be checked while the database does not answer")]
    Undecided,
}

impl From<TokenError> for AuthError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Foreign => Self::Foreign,
            TokenError::Mangled => Self::Mangled,
            TokenError::MadeUp => Self::MadeUp,
        }
    }
}

/// Credentials since the start, by outcome.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    missing: AtomicU64,
    rejected: AtomicU64,
}

/// Credentials since the start, by outcome, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticationCounts {
    /// Accepted.
    pub accepted: u64,
    /// Requests that brought none.
    pub missing: u64,
    /// Presented and refused.
    pub rejected: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> AuthenticationCounts {
        AuthenticationCounts {
            accepted: self.accepted.load(Ordering::Relaxed),
            missing: self.missing.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn count<T>(&self, outcome: &Result<T, AuthError>) {
        let counter = match outcome {
            Ok(_) => &self.accepted,
            Err(AuthError::Missing) => &self.missing,
            Err(AuthError::Undecided) => return,
            Err(_) => &self.rejected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Plane {
    /// Proves who acts from the text of a token or an access token, wherever it stood.
    pub async fn authenticate_text(&self, text: &str) -> Result<Session, AuthError> {
        let outcome = self.prove_text(text).await;
        self.count(&outcome);
        outcome
    }

    /// Counts how a proof ended. A valid credential is a sign of life of whoever has it.
    pub(crate) fn count(&self, outcome: &Result<Session, AuthError>) {
        self.counters.count(outcome);
        if let Ok(session) = outcome {
            self.liveness().sign(session);
        }
    }

    /// Whose the presented text would be if it were valid; nothing is proven by it.
    #[must_use]
    pub fn owner_of(&self, text: &str) -> Option<Principal> {
        if is_access_token(text) {
            let token = jws::read(text)?;
            return Claims::read(&token.claims)
                .ok()
                .map(|claims| claims.subject);
        }
        let presented = self.pepper.parse(text).ok()?;
        self.directory
            .find(presented.kid)
            .map(|entry| entry.principal)
    }

    /// Proves who acts from a request's headers. Does not suspend unless a genuine kid is not in memory.
    pub(crate) async fn prove(&self, headers: CredentialHeaders<'_>) -> Result<Session, AuthError> {
        match headers.credential() {
            Err(AuthError::Foreign) => self.prove_imported(headers.foreign()).await,
            credential => self.prove_text(credential?).await,
        }
    }

    /// Proves who acts from the text of a token or an access token.
    pub(crate) async fn prove_text(&self, text: &str) -> Result<Session, AuthError> {
        if is_access_token(text) {
            return self.prove_access(text).await;
        }
        let presented = match self.pepper.parse(text) {
            Err(TokenError::Foreign) => return self.prove_imported(std::iter::once(text)).await,
            presented => presented?,
        };
        if presented.kind == TokenKind::Device {
            return self.prove_device(&presented).await;
        }
        self.prove_presented(&presented).await
    }

    /// Proves who acts from a token of an agent or an operator.
    pub(crate) async fn prove_presented(
        &self,
        presented: &Presented,
    ) -> Result<Session, AuthError> {
        loop {
            let now = self.clock.now();
            let entry = self.valid_entry(presented, now).await?;
            match self.directory.note_use(&entry, now) {
                Usage::First => self.first_uses.add(entry.kid, now),
                Usage::Again => {}
                // The store is deciding about this token; whether it lives is known once the change is over.
                Usage::Held => {
                    drop(self.changes.lock().await);
                    continue;
                }
            }
            return Ok(Session {
                principal: entry.principal,
                kid: entry.kid,
                revoked: Revocation::of(entry),
            });
        }
    }

    pub(crate) async fn valid_entry(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Arc<Entry>, AuthError> {
        let entry = match self.directory.find(presented.kid) {
            Some(entry) => entry,
            None => self.look_up(presented, now).await?,
        };
        if !entry.digest.matches(&presented.digest) || !fits(presented.kind, entry.principal) {
            return Err(AuthError::Unknown);
        }
        if !entry.is_valid(now) {
            return Err(if entry.revoked.is_cancelled() {
                AuthError::Revoked
            } else if entry.has_expired(now) {
                AuthError::TimeOver
            } else {
                AuthError::Expired
            });
        }
        Ok(entry)
    }

    async fn look_up(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Arc<Entry>, AuthError> {
        let _turn = match self.cold.remembers(presented.kid) {
            true => None,
            false => Some(self.turns.next().await),
        };
        if let Some(entry) = self.directory.find(presented.kid) {
            return Ok(entry);
        }
        let found = self.cold.ask(&*self.store, presented.kid, now).await;
        let found = found.map_err(|_| AuthError::Undecided)?;
        // The same comparison as for a known kid, so that time does not tell them apart. Only who has the secret hears
        // what became of the token.
        if !found.digest.matches(&presented.digest) {
            return Err(AuthError::Unknown);
        }
        match found.fate {
            Fate::Revoked => Err(AuthError::Revoked),
            Fate::Archived => Err(AuthError::Archived),
            Fate::Retired => Err(AuthError::Expired),
            Fate::TimeOver => Err(AuthError::TimeOver),
            Fate::Valid => self.admit_stranger(presented, now).await,
        }
    }

    /// Takes a valid token into memory. No change may come between the read and the insertion, or a token that is
    /// being revoked would stay.
    async fn admit_stranger(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Arc<Entry>, AuthError> {
        let _changes = self.changes.lock().await;
        if let Some(entry) = self.directory.find(presented.kid) {
            return Ok(entry);
        }
        let record = self.store.token(presented.kid).await;
        let record = record.map_err(|_| AuthError::Undecided)?;
        let record = record.filter(|record| record.is_valid(now));
        let record = record.ok_or(AuthError::Revoked)?;
        match record.principal {
            Principal::Agent(id) => self.learn_agent(id).await?,
            Principal::Operator(id) => self.learn_operator(id).await?,
        }
        self.directory.insert(&record).ok_or(AuthError::Unknown)
    }

    /// Takes an agent into memory. The caller holds the lock of changes.
    pub(crate) async fn learn_agent(&self, id: AgentId) -> Result<(), AuthError> {
        let agents = self.store.agents_from(id, 1).await;
        let agents = agents.map_err(|_| AuthError::Undecided)?;
        let is_there = agents.iter().any(|found| found.agent.id == id);
        self.directory.learn(&agents);
        is_there.then_some(()).ok_or(AuthError::Unknown)
    }

    async fn learn_operator(&self, id: OperatorId) -> Result<(), AuthError> {
        match self.store.operator(id).await {
            Ok(person) => {
                let principal = Principal::Operator(id);
                self.directory
                    .welcome(principal, Profile::of_operator(&person));
                Ok(())
            }
            Err(StoreError::NotFound) => Err(AuthError::Unknown),
            Err(_) => Err(AuthError::Undecided),
        }
    }
}

const fn fits(kind: TokenKind, principal: Principal) -> bool {
    matches!(
        (kind, principal),
        (TokenKind::Agent, Principal::Agent(_)) | (TokenKind::Operator, Principal::Operator(_))
    )
}
