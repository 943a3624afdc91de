//! The part of the store that is about operators; what is said of [`crate::Store`] holds here too.

use crate::{Force, Listing, Page, Result, Tell};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::OperatorId;
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

/// Operators and what they sign in with.
#[async_trait::async_trait]
pub trait OperatorStore: Send + Sync + 'static {
    /// Creates an operator with a first token. `NameTaken`.
    async fn create_operator(
        &self,
        operator: &Operator,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()>;

    /// One operator. `NotFound`.
    async fn operator(&self, id: OperatorId) -> Result<Operator>;

    /// The operator of that name. `NotFound`.
    async fn operator_by_name(&self, name: &Slug) -> Result<Operator>;

    /// Operators by name. `BadCursor`.
    async fn operators(&self, page: Page) -> Result<Listing<Operator>>;

    /// Writes what an operator may do; its families end, because they hold what it held before. `NotFound`;
    /// `LastAdministrator`, which is judged inside the transaction.
    async fn update_operator(
        &self,
        id: OperatorId,
        authority: &Authority,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Deletes an operator: its name is free at once, its living tokens, which are returned, are revoked, and its families
    /// end. `NotFound`; `LastAdministrator`, which is judged inside the transaction.
    async fn delete_operator(
        &self,
        id: OperatorId,
        at: Timestamp,
        force: Force,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>>;
}
