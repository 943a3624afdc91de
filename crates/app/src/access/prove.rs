//! Decides whether an access token is valid. One that was seen before costs a hash; an unseen one one signature check,
//! which only follows when its form, header, handle and times could be ours.

use super::families::LiveFamily;
use super::seen::Proven;
use crate::credential::authenticate::AuthError;
use crate::credential::session::{Revocation, Session};
use crate::directory::Profile;
use crate::plane::Plane;
use portunus_core::access::{Claims, ClaimsError, jws};
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;
use portunus_core::token::TextHash;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

impl Plane {
    /// Proves who acts from the text of an access token, and notes that it was used.
    pub(crate) async fn prove_access(&self, text: &str) -> Result<Session, AuthError> {
        let proven = self.look_at_access(text).await?;
        if !proven.was_noted() {
            let families = &self.access().families;
            families.note_use(&proven.family, proven.jti, self.clock.now());
        }
        Ok(session(proven))
    }

    /// The same without noting anything.
    pub(crate) async fn look_at_access(&self, text: &str) -> Result<Arc<Proven>, AuthError> {
        let now = self.clock.now();
        let hash = TextHash::of(text);
        if let Some(proven) = self.access().seen.find(&hash) {
            return still_valid(proven, now);
        }
        let claims = self.examine(text, now, 0)?;
        let family = self.living_family(&claims)?;
        let profile = self.profile_of(claims.subject).await?;
        if profile.generation() != claims.generation {
            return Err(AuthError::Revoked);
        }
        let proven = Arc::new(Proven {
            jti: claims.jti,
            principal: claims.subject,
            name: Arc::clone(&profile.name),
            scopes: claims.scope,
            pulse: profile.pulse.clone(),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            family,
            noted: AtomicBool::new(false),
        });
        self.access().seen.add(hash, &proven, now);
        Ok(proven)
    }

    /// Whether this plane made the token, and it is not over for longer than `grace_ms`. Whether anybody ended it is
    /// another question.
    pub(crate) fn examine(
        &self,
        text: &str,
        now: Timestamp,
        grace_ms: u64,
    ) -> Result<Claims, AuthError> {
        let token = jws::read(text).ok_or(AuthError::Mangled)?;
        if !self.access().keyring.knows(&token, now) {
            return Err(AuthError::MadeUp);
        }
        let claims = Claims::read(&token.claims)?;
        if !self.pepper.has_issued_access(&claims.jti) {
            return Err(AuthError::MadeUp);
        }
        claims.check(self.access().issuer(), now, grace_ms)?;
        if !self.access().keyring.verify(&token, now) {
            return Err(AuthError::MadeUp);
        }
        Ok(claims)
    }

    /// The family of genuine claims. One that is not in memory has ended.
    pub(crate) fn living_family(&self, claims: &Claims) -> Result<Arc<LiveFamily>, AuthError> {
        let family = self.access().families.find(claims.family);
        let family = family.ok_or(AuthError::Revoked)?;
        let is_same = family.record().principal == claims.subject;
        is_same.then_some(family).ok_or(AuthError::Revoked)
    }

    /// What is known of a principal that may not be in memory yet.
    async fn profile_of(&self, principal: Principal) -> Result<Arc<Profile>, AuthError> {
        if let Some(profile) = self.directory.profile(principal) {
            return Ok(profile);
        }
        let _turn = self.turns.next().await;
        if let Some(profile) = self.directory.profile(principal) {
            return Ok(profile);
        }
        let _changes = self.changes.lock().await;
        if let Principal::Agent(id) = principal {
            let learned = self.learn_agent(id).await;
            learned.map_err(|error| match error {
                AuthError::Unknown => AuthError::Revoked,
                other => other,
            })?;
        }
        self.directory.profile(principal).ok_or(AuthError::Revoked)
    }
}

fn still_valid(proven: Arc<Proven>, now: Timestamp) -> Result<Arc<Proven>, AuthError> {
    if proven.family.has_ended() {
        return Err(AuthError::Revoked);
    }
    if now >= proven.expires_at {
        return Err(ClaimsError::Expired.into());
    }
    Ok(proven)
}

pub(crate) fn session(proven: Arc<Proven>) -> Session {
    Session {
        principal: proven.principal,
        kid: proven.jti,
        revoked: Revocation::of_access(proven),
    }
}
