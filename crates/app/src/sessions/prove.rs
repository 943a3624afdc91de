//! Decides whether a session or a device's token is valid. Both have 256 bits: nobody's failures are looked at (P1).

use super::live::LiveDevice;
use crate::credential::authenticate::AuthError;
use crate::credential::session::{Revocation, Session};
use crate::directory::{Profile, Usage};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::token::{Presented, TokenKind};
use std::sync::Arc;

impl Plane {
    /// Proves who acts from the text of a session, as a cookie brought it.
    ///
    /// # Errors
    ///
    /// [`AuthError`]; one that has ended is [`AuthError::Revoked`].
    pub fn authenticate_session(&self, text: &str) -> Result<Session, AuthError> {
        let outcome = self.prove_session(text);
        self.counters.count(&outcome);
        outcome
    }

    fn prove_session(&self, text: &str) -> Result<Session, AuthError> {
        let presented = self.pepper.parse(text)?;
        if presented.kind != TokenKind::Session {
            return Err(AuthError::Foreign);
        }
        // Its handle is genuine, so there was one.
        let live = self.sessions.session(presented.kid);
        let live = live.ok_or(AuthError::Revoked)?;
        if !live.record.digest.matches(&presented.digest) {
            return Err(AuthError::Unknown);
        }
        let now = self.clock.now();
        if live.revoked.is_cancelled() || now >= live.ends_at(&self.sessions.terms()) {
            return Err(AuthError::Revoked);
        }
        let profile = self.operators_profile(live.record.operator)?;
        live.see(now);
        Ok(Session {
            principal: Principal::Operator(live.record.operator),
            kid: presented.kid,
            revoked: Revocation::of_session(live, profile),
        })
    }

    /// Proves who acts from the token of a device.
    pub(crate) async fn prove_device(&self, presented: &Presented) -> Result<Session, AuthError> {
        loop {
            let session = self.look_at_device(presented)?;
            let now = self.clock.now();
            match self.sessions.note_device_use(presented.kid, now) {
                Usage::First => self.first_uses.add(presented.kid, now),
                Usage::Again => {}
                // The store is deciding about this token; whether it lives is known once the change is over.
                Usage::Held => {
                    drop(self.changes.lock().await);
                    continue;
                }
            }
            return Ok(session);
        }
    }

    /// Whom the token of a device belongs to. Looking is no use of it.
    pub(crate) fn look_at_device(&self, presented: &Presented) -> Result<Session, AuthError> {
        let live = self.device_of(presented)?;
        let operator = live.device.operator;
        let profile = self.operators_profile(operator)?;
        Ok(Session {
            principal: Principal::Operator(operator),
            kid: presented.kid,
            revoked: Revocation::of_device(live, presented.kid, profile),
        })
    }

    /// The device whose token was presented.
    pub(crate) fn device_of(&self, presented: &Presented) -> Result<Arc<LiveDevice>, AuthError> {
        let live = self.sessions.device(presented.kid);
        let live = live.ok_or(AuthError::Revoked)?;
        let token = live.device.token(presented.kid);
        let (digest, until) = token.ok_or(AuthError::Revoked)?;
        if !digest.matches(&presented.digest) {
            return Err(AuthError::Unknown);
        }
        match until {
            Some(until) if until <= self.clock.now() => Err(AuthError::Expired),
            _ => Ok(live),
        }
    }

    /// The device whose valid token this is.
    pub(crate) fn device_presented(&self, text: &str) -> Option<DeviceId> {
        let presented = self.pepper.parse(text).ok()?;
        let is_devices = presented.kind == TokenKind::Device;
        let live = is_devices
            .then(|| self.device_of(&presented).ok())
            .flatten();
        live.map(|live| live.device.id)
    }

    fn operators_profile(&self, id: OperatorId) -> Result<Arc<Profile>, AuthError> {
        let profile = self.directory.profile(Principal::Operator(id));
        profile.ok_or(AuthError::Revoked)
    }
}
