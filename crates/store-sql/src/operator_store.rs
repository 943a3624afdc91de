//! The part of the `Store` trait that is about operators, on SQLite.

use crate::store::commit;
use crate::{SqliteStore, journal, operators, sessions};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{Force, Listing, OperatorStore, Page, Result, Tell};

#[async_trait::async_trait]
impl OperatorStore for SqliteStore {
    async fn create_operator(
        &self,
        operator: &Operator,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        operators::create(&mut tx, operator, token).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn operator(&self, id: OperatorId) -> Result<Operator> {
        let mut db = self.reader().await?;
        Ok(operators::find(&mut db, id).await?)
    }

    async fn operator_by_name(&self, name: &Slug) -> Result<Operator> {
        Ok(operators::by_name(&mut *self.reader().await?, name).await?)
    }

    async fn operators(&self, page: Page) -> Result<Listing<Operator>> {
        Ok(operators::list(&mut *self.reader().await?, &page).await?)
    }

    async fn update_operator(
        &self,
        id: OperatorId,
        authority: &Authority,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        operators::update(&mut tx, id, authority, force).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn delete_operator(
        &self,
        id: OperatorId,
        at: Timestamp,
        force: Force,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        let mut tx = self.change().await?;
        let revoked = operators::delete(&mut tx, id, at, force).await?;
        journal::record(&mut tx, &event.tell(&revoked)?).await?;
        commit(tx).await?;
        Ok(revoked)
    }

    async fn password(&self, id: OperatorId) -> Result<Option<PasswordHash>> {
        Ok(sessions::password(&mut *self.reader().await?, id).await?)
    }

    async fn set_password(
        &self,
        id: OperatorId,
        hash: Option<&PasswordHash>,
        keep: Option<Kid>,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::set_password(&mut tx, id, hash, keep).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn begin_session(
        &self,
        session: &SessionRecord,
        ended: &[Kid],
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::begin(&mut tx, session, ended).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn note_seen(&self, seen: &[(Kid, Timestamp)]) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::note_seen(&mut tx, seen).await?;
        commit(tx).await
    }

    async fn end_sessions(&self, ended: &[Kid], event: Option<&AuditEvent>) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::end(&mut tx, ended).await?;
        if let Some(event) = event {
            journal::record(&mut tx, event).await?;
        }
        commit(tx).await
    }

    async fn pair_device(&self, device: &Device, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::pair(&mut tx, device).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn rotate_device(
        &self,
        id: DeviceId,
        next: DeviceToken,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::rotate(&mut tx, id, next, now).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn unpair_device(&self, id: DeviceId, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        sessions::unpair(&mut tx, id).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }
}
