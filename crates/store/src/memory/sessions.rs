//! Passwords, sessions and devices of the model.

use super::State;
use crate::{Result, StoreError};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenState;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

impl State {
    pub(super) fn set_password(
        &mut self,
        id: OperatorId,
        hash: Option<&PasswordHash>,
        keep: Option<Kid>,
        event: &AuditEvent,
    ) -> Result<()> {
        self.operator(id)?;
        match hash {
            Some(hash) => self.passwords.insert(id, hash.clone()),
            None => self.passwords.remove(&id),
        };
        self.sessions
            .retain(|kid, session| session.operator != id || Some(*kid) == keep);
        self.record(event);
        Ok(())
    }

    pub(super) fn begin_session(
        &mut self,
        session: &SessionRecord,
        ended: &[Kid],
        event: &AuditEvent,
    ) -> Result<()> {
        self.operator(session.operator)?;
        let lives = match session.by {
            SignedInBy::Password => true,
            SignedInBy::Token(kid) => self.tokens.get(&kid).is_some_and(|token| {
                token.principal == Principal::Operator(session.operator)
                    && !matches!(token.state, TokenState::Revoked { .. })
            }),
            SignedInBy::Device(id) => {
                let device = self.devices.get(&id);
                device.is_some_and(|device| device.operator == session.operator)
            }
        };
        if !lives {
            return Err(StoreError::NotFound);
        }
        if self.sessions.contains_key(&session.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        self.sessions.insert(session.kid, session.clone());
        self.sessions.retain(|kid, _| !ended.contains(kid));
        self.record(event);
        Ok(())
    }

    pub(super) fn note_seen(&mut self, seen: &[(Kid, Timestamp)]) {
        for (kid, at) in seen {
            if let Some(session) = self.sessions.get_mut(kid) {
                session.seen_at = *at;
            }
        }
    }

    pub(super) fn end_sessions(&mut self, ended: &[Kid], event: Option<&AuditEvent>) {
        self.sessions.retain(|kid, _| !ended.contains(kid));
        if let Some(event) = event {
            self.record(event);
        }
    }

    pub(super) fn end_sessions_of_token(&mut self, kid: Kid) {
        self.sessions
            .retain(|_, session| session.by != SignedInBy::Token(kid));
    }

    /// Ends the sessions that began with any token of the principal.
    pub(super) fn end_sessions_of_tokens_of(&mut self, whose: Principal) {
        let began_so = |session: &SessionRecord| {
            let is_theirs = Principal::Operator(session.operator) == whose;
            is_theirs && matches!(session.by, SignedInBy::Token(_))
        };
        self.sessions.retain(|_, session| !began_so(session));
    }

    pub(super) fn pair_device(&mut self, device: &Device, event: &AuditEvent) -> Result<()> {
        self.operator(device.operator)?;
        let mut devices = self.devices.values();
        if devices.any(|other| other.operator == device.operator && other.name == device.name) {
            return Err(StoreError::NameTaken);
        }
        let is_used = |other: &Device| other.kid == device.kid || other.id == device.id;
        if self.devices.values().any(is_used) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        self.devices.insert(device.id, device.clone());
        self.record(event);
        Ok(())
    }

    pub(super) fn rotate_device(
        &mut self,
        id: DeviceId,
        next: DeviceToken,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        if !self.devices.contains_key(&id) {
            return Err(StoreError::NotFound);
        }
        let mut others = self.devices.values().filter(|other| other.id != id);
        if others.any(|other| other.kid == next.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        if let Some(device) = self.devices.get_mut(&id) {
            *device = device.succeeded_by(next, now);
        }
        self.record(event);
        Ok(())
    }

    /// The first use of a device's latest token.
    pub(super) fn mark_device_use(&mut self, kid: Kid, at: Timestamp) -> Result<()> {
        let mut devices = self.devices.values_mut();
        let device = devices.find(|device| device.kid == kid);
        device.ok_or(StoreError::NotFound)?.note_use(at);
        Ok(())
    }

    pub(super) fn unpair_device(&mut self, id: DeviceId, event: &AuditEvent) -> Result<()> {
        self.devices.remove(&id).ok_or(StoreError::NotFound)?;
        self.sessions
            .retain(|_, session| session.by != SignedInBy::Device(id));
        self.record(event);
        Ok(())
    }

    /// What an operator who is gone signed in with.
    pub(super) fn forget_sign_ins(&mut self, id: OperatorId) {
        self.passwords.remove(&id);
        self.sessions.retain(|_, session| session.operator != id);
        self.devices.retain(|_, device| device.operator != id);
    }
}
