//! Whether the credential that a connection stands on still stands, and why not.

use crate::credential::session::{Session, Stands};
use crate::plane::Plane;
use portunus_core::scope::ScopeSet;

/// Why a credential does not carry a connection any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fallen {
    /// It was revoked, or its principal is gone.
    #[error("the credential was revoked")]
    Revoked,
    /// It was replaced, and its overlap is over.
    #[error("the token was replaced by a successor")]
    Rotated,
    /// An access token is over that no other took the place of.
    #[error("the access token is over")]
    AccessOver,
    /// Its own time is over.
    #[error("the credential's time is over")]
    TimeOver,
}

impl Plane {
    /// What the credential of `session` may do now.
    pub(super) fn standing(&self, session: &Session) -> Result<ScopeSet, Fallen> {
        let now = self.clock.now();
        match session.stands_on() {
            Stands::Token => match self.directory.find(session.kid) {
                Some(entry) if entry.is_valid(now) => Ok(entry.scopes.clone()),
                Some(entry) if entry.has_expired(now) => Err(Fallen::TimeOver),
                _ => Err(self.ended(session)),
            },
            Stands::Access { expires_at } => {
                if session.revoked.is_cancelled() {
                    return Err(self.ended(session));
                }
                if now >= expires_at {
                    return Err(Fallen::AccessOver);
                }
                Ok(session.grants().clone())
            }
            Stands::Session(live) => {
                let is_over = now >= live.ends_at(&self.sessions.terms());
                if is_over || session.revoked.is_cancelled() {
                    return Err(Fallen::Revoked);
                }
                self.held_by(session)
            }
            Stands::Device if session.revoked.is_cancelled() => Err(Fallen::Revoked),
            Stands::Device => self.held_by(session),
        }
    }

    /// What the operator who signed in holds now; the session knows what that was at its beginning.
    fn held_by(&self, session: &Session) -> Result<ScopeSet, Fallen> {
        let profile = self.directory.profile(session.principal);
        let profile = profile.ok_or(Fallen::Revoked)?;
        Ok(profile.scopes.clone())
    }

    /// Whoever lives and has a token that is not the one which ended was given a successor of it.
    fn ended(&self, session: &Session) -> Fallen {
        let token = session.token().unwrap_or(session.kid);
        let is_gone = self
            .directory
            .find(token)
            .is_none_or(|entry| !entry.is_valid(self.clock.now()));
        if is_gone && self.directory.has_successor(session.principal, token) {
            Fallen::Rotated
        } else {
            Fallen::Revoked
        }
    }
}
