//! Operators of the model.

use super::{MemoryStore, State};
use crate::{Force, Listing, OperatorStore, Page, Result, StoreError, Tell, position, rotation};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

impl State {
    pub(super) fn create_operator(
        &mut self,
        operator: &Operator,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        rotation::check_new(Principal::Operator(operator.id), token)?;
        if self.operator_by_name(&operator.name).is_ok() {
            return Err(StoreError::NameTaken);
        }
        self.check_unused(Principal::Operator(operator.id), token)?;
        self.operators.insert(operator.id, operator.clone());
        self.tokens.insert(token.kid, token.clone());
        self.record(event);
        Ok(())
    }

    pub(super) fn operator(&self, id: OperatorId) -> Result<Operator> {
        self.operators.get(&id).cloned().ok_or(StoreError::NotFound)
    }

    pub(super) fn operator_by_name(&self, name: &Slug) -> Result<Operator> {
        let mut operators = self.operators.values();
        let found = operators.find(|operator| operator.name == *name);
        found.cloned().ok_or(StoreError::NotFound)
    }

    pub(super) fn list_operators(&self, page: &Page) -> Result<Listing<Operator>> {
        let after = page
            .after
            .as_ref()
            .map(position::operator_name)
            .transpose()?;
        let mut operators: Vec<Operator> = self
            .operators
            .values()
            .filter(|operator| after.as_ref().is_none_or(|name| operator.name > *name))
            .cloned()
            .collect();
        operators.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Listing::cut(
            operators,
            page.size(),
            position::after_operator,
        ))
    }

    pub(super) fn update_operator(
        &mut self,
        id: OperatorId,
        authority: &Authority,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        let operator = self.operator(id)?;
        if !authority.administers() {
            self.keep_an_administrator(&operator, force)?;
        }
        if let Some(operator) = self.operators.get_mut(&id) {
            operator.authority = authority.clone();
        }
        self.end_families_of(Principal::Operator(id));
        self.record(event);
        Ok(())
    }

    pub(super) fn delete_operator(
        &mut self,
        id: OperatorId,
        at: Timestamp,
        force: Force,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        let operator = self.operator(id)?;
        self.keep_an_administrator(&operator, force)?;
        let revoked = self.living_tokens(Principal::Operator(id));
        let event = self.unclaimed(event.tell(&revoked)?)?;
        self.operators.remove(&id);
        self.revoke(&revoked, at);
        self.end_families_of(Principal::Operator(id));
        self.end_receipts_of(Principal::Operator(id));
        self.forget_sign_ins(id);
        self.notices.dismiss(id);
        self.record(&event);
        Ok(revoked)
    }

    /// Whether the token is one with which the plane can be administered for good.
    pub(super) fn administers(&self, token: &TokenRecord) -> bool {
        let Principal::Operator(id) = token.principal else {
            return false;
        };
        let operator = self.operators.get(&id);
        token.lasts() && operator.is_some_and(|operator| operator.authority.administers())
    }

    pub(super) fn keep_an_administrator(&self, leaving: &Operator, force: Force) -> Result<()> {
        if force == Force::Yes || !leaving.authority.administers() {
            return Ok(());
        }
        let leaving = Principal::Operator(leaving.id);
        let mut tokens = self.tokens.values();
        if tokens.any(|token| token.principal != leaving && self.administers(token)) {
            return Ok(());
        }
        Err(StoreError::LastAdministrator)
    }
}

#[async_trait::async_trait]
impl OperatorStore for MemoryStore {
    async fn create_operator(
        &self,
        operator: &Operator,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?
            .create_operator(operator, token, event)
    }

    async fn operator(&self, id: OperatorId) -> Result<Operator> {
        self.open()?.operator(id)
    }

    async fn operator_by_name(&self, name: &Slug) -> Result<Operator> {
        self.open()?.operator_by_name(name)
    }

    async fn operators(&self, page: Page) -> Result<Listing<Operator>> {
        self.open()?.list_operators(&page)
    }

    async fn update_operator(
        &self,
        id: OperatorId,
        authority: &Authority,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?
            .update_operator(id, authority, force, event)
    }

    async fn delete_operator(
        &self,
        id: OperatorId,
        at: Timestamp,
        force: Force,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        self.open()?.delete_operator(id, at, force, event)
    }

    async fn password(&self, id: OperatorId) -> Result<Option<PasswordHash>> {
        Ok(self.open()?.passwords.get(&id).cloned())
    }

    async fn set_password(
        &self,
        id: OperatorId,
        hash: Option<&PasswordHash>,
        keep: Option<Kid>,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.set_password(id, hash, keep, event)
    }

    async fn begin_session(
        &self,
        session: &SessionRecord,
        ended: &[Kid],
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.begin_session(session, ended, event)
    }

    async fn note_seen(&self, seen: &[(Kid, Timestamp)]) -> Result<()> {
        self.open()?.note_seen(seen);
        Ok(())
    }

    async fn end_sessions(&self, ended: &[Kid], event: Option<&AuditEvent>) -> Result<()> {
        self.change(event)?.end_sessions(ended, event);
        Ok(())
    }

    async fn pair_device(&self, device: &Device, event: &AuditEvent) -> Result<()> {
        self.change([event])?.pair_device(device, event)
    }

    async fn rotate_device(
        &self,
        id: DeviceId,
        next: DeviceToken,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.rotate_device(id, next, now, event)
    }

    async fn unpair_device(&self, id: DeviceId, event: &AuditEvent) -> Result<()> {
        self.change([event])?.unpair_device(id, event)
    }
}
