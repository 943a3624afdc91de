//! The part of the store that is about operators; what is said of [`crate::Store`] holds here too.

use crate::{Force, Listing, Page, Result, Tell};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{DeviceId, OperatorId};
use portunus_core::name::Slug;
use portunus_core::operator::{Authority, Operator};
use portunus_core::password::PasswordHash;
use portunus_core::session::{Device, DeviceToken, SessionRecord};
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

    /// The hash of an operator's password; `None` when there is none, or no such operator.
    async fn password(&self, id: OperatorId) -> Result<Option<PasswordHash>>;

    /// Sets an operator's password, or removes it; the operator's sessions end, but `keep`. `NotFound`.
    async fn set_password(
        &self,
        id: OperatorId,
        hash: Option<&PasswordHash>,
        keep: Option<Kid>,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Begins a session and ends those that make room for it. `NotFound` (the operator, or what it came of).
    async fn begin_session(
        &self,
        session: &SessionRecord,
        ended: &[Kid],
        event: &AuditEvent,
    ) -> Result<()>;

    /// Notes when sessions were last used; those that are gone are passed over.
    async fn note_seen(&self, seen: &[(Kid, Timestamp)]) -> Result<()>;

    /// Forgets sessions; those that are gone already are passed over. With an event when somebody ended them.
    async fn end_sessions(&self, ended: &[Kid], event: Option<&AuditEvent>) -> Result<()>;

    /// Pairs a device. `NotFound` (the operator), `NameTaken` (among the operator's).
    async fn pair_device(&self, device: &Device, event: &AuditEvent) -> Result<()>;

    /// Gives a device another token, as [`Device::succeeded_by`] has it; its sessions go on. `NotFound`.
    async fn rotate_device(
        &self,
        id: DeviceId,
        next: DeviceToken,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Forgets a device, and its sessions end. `NotFound`.
    async fn unpair_device(&self, id: DeviceId, event: &AuditEvent) -> Result<()>;
}
