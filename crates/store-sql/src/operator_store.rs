//! The part of the `Store` trait that is about operators, on SQLite.

use crate::store::commit;
use crate::{SqliteStore, journal, operators};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::OperatorId;
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
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
}
