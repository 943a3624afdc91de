//! The trait: one method is one domain transaction, and an administrative change carries its audit record.

use crate::{
    AgentStore, AgentTokens, AlarmStore, AuditFilter, AuditStore, Day, Force, ImportStore,
    LedgerBatch, Listing, LivenessStore, MessageStore, NotificationStore, NumberedSegment,
    ObjectHash, OperatorStore, Page, PoolFacts, ReceiptStore, Retention, Rotation, SegmentWish,
    Snapshot, Spending, Standing, StoreError, Tell, UsageRow, UsageSum, UsageWish,
};
use portunus_core::access::{SigningKey, TokenFamily};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{AuditEvent, AuditRecord};
use portunus_core::budget::Budget;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, BudgetId, FamilyId, KeyId, PoolId, SigningKeyId};
use portunus_core::name::Slug;
use portunus_core::provider_key::{KeySwitch, Pool, ProviderKey};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::fs::File;

/// What a transaction gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The plane's memory.
///
/// Every method is atomic, and what it acknowledged survives the process. Dropping a method's future leaves either
/// all of its change or nothing. Events passed along are written in the same transaction under the next numbers
/// without a gap: a change that cannot be recorded does not happen (P12). The receipt that an event carries is kept in the same
/// transaction, and a change whose claim has one already does not happen again: `AlreadyDone` (P10).
///
/// Every method may also fail with [`StoreError::Unavailable`], and those that take an event with
/// [`StoreError::BrokenLog`]; only the other errors are listed.
#[async_trait::async_trait]
pub trait Store:
    AgentStore
    + AlarmStore
    + AuditStore
    + ImportStore
    + LivenessStore
    + MessageStore
    + NotificationStore
    + OperatorStore
    + ReceiptStore
    + Send
    + Sync
    + 'static
{
    /// Whether the store can be read now, and took the last change that it was given as far as is known.
    async fn ping(&self) -> Result<()>;

    /// Where the last change was not taken, writes something that means nothing, so that [`Store::ping`] knows better.
    async fn probe(&self) -> Result<()> {
        self.ping().await
    }

    /// How many transactions were begun to write something, for those who watch. One that is kept in memory counts none.
    fn writes(&self) -> u64 {
        0
    }

    /// All that lives but agents and their tokens, as of one moment.
    async fn snapshot(&self) -> Result<Snapshot>;

    /// Living agents whose ids are `from` or greater, by id, at most `limit` of them.
    async fn agents_from(&self, from: AgentId, limit: u32) -> Result<Vec<AgentTokens>>;

    /// A copy of everything as of one moment, in a file without a name that stands at its first byte. It holds what the
    /// store holds: no secret in the clear.
    async fn backup(&self) -> Result<File>;

    /// Creates an agent with a first token. `NameTaken`.
    async fn create_agent(
        &self,
        agent: &Agent,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Deletes an agent: its name is free at once, its living tokens, which are returned, are revoked, and its families
    /// end. `NotFound`.
    async fn delete_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>>;

    /// Agents of that standing by name. `BadCursor`.
    async fn agents(&self, standing: Standing, page: Page) -> Result<Listing<Agent>>;

    /// One agent, maybe an archived one. `NotFound`.
    async fn agent(&self, id: AgentId) -> Result<Agent>;

    /// The agent of that name, maybe an archived one. `NotFound`.
    async fn agent_by_name(&self, name: &Slug) -> Result<Agent>;

    /// The names of agents, archived ones too, that are `name`, or `name` with a hyphen and something behind it.
    async fn agent_names_like(&self, name: &Slug) -> Result<Vec<Slug>>;

    /// Tokens, revoked ones too, newest first; of one principal or of all. `BadCursor`.
    async fn tokens(
        &self,
        principal: Option<Principal>,
        page: Page,
    ) -> Result<Listing<TokenRecord>>;

    /// One token in any state; `None` when there is none.
    async fn token(&self, kid: Kid) -> Result<Option<TokenRecord>>;

    /// Issues a successor; what becomes of the others is [`crate::rotation::plan`]. With an overlap of zero everything
    /// ends that came of any earlier token: families, and sessions that began with one; otherwise they go on. `NotFound` (the principal), `Archived`; `LastAdministrator`, when the
    /// successor expires and no token of another one lasts.
    async fn rotate_token(
        &self,
        principal: Principal,
        successor: &TokenRecord,
        now: Timestamp,
        event: &dyn Tell<Rotation>,
    ) -> Result<Rotation>;

    /// Ends a token and its families for good. The predecessor that [`crate::rotation::heir`] names is the active one again and is
    /// returned. `NotFound`, `AlreadyRevoked`; `LastOperatorToken`, which is judged inside the transaction.
    async fn revoke_token(
        &self,
        kid: Kid,
        at: Timestamp,
        force: Force,
        event: &AuditEvent,
    ) -> Result<Option<TokenRecord>>;

    /// Notes the first success of a token, once: a retiring predecessor without an end now gets one, the token's
    /// overlap later. Repeating it changes nothing. `NotFound`.
    async fn mark_first_use(&self, kid: Kid, at: Timestamp) -> Result<()>;

    /// Makes a key the one that signs access tokens; `predecessor`, which signed until then, verifies until `overlap_end`,
    /// and keys that verify no longer when the new one was made are forgotten. `Inconsistent` (another one signs).
    async fn add_signing_key(
        &self,
        key: &SigningKey,
        predecessor: Option<SigningKeyId>,
        overlap_end: Timestamp,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Begins a family of access tokens. `NotFound` (the principal, or a token that is not revoked).
    async fn begin_family(&self, family: &TokenFamily) -> Result<()>;

    /// Writes the newest and the previous token of a family. `NotFound`.
    async fn save_family(&self, family: &TokenFamily) -> Result<()>;

    /// Forgets families; those that are gone already are passed over. With an event when somebody ended them.
    async fn end_families(&self, families: &[FamilyId], event: Option<&AuditEvent>) -> Result<()>;

    /// Raises an agent's generation by one, which is returned, and ends its families. `NotFound`.
    async fn raise_generation(&self, agent: AgentId, event: &dyn Tell<u64>) -> Result<u64>;

    /// Every pool, by name.
    async fn pools(&self) -> Result<Vec<Pool>>;

    /// Creates a pool. `NameTaken`, `NotFound` (the fallback).
    async fn create_pool(&self, pool: &Pool, event: &AuditEvent) -> Result<()>;

    /// Writes name, base URL, longest wait, fallback and data key of an existing pool, and sets those of its keys
    /// aside that are named because their origin changed. `NotFound` (pool or fallback), `NameTaken`.
    async fn update_pool(
        &self,
        pool: &Pool,
        requarantine: &[KeyId],
        event: &AuditEvent,
    ) -> Result<()>;

    /// Keys, by name of their pool and label; of one pool or of all. `BadCursor`.
    async fn keys(&self, pool: Option<PoolId>, page: Page) -> Result<Listing<ProviderKey>>;

    /// One key. `NotFound`.
    async fn key(&self, id: KeyId) -> Result<ProviderKey>;

    /// Adds all of the keys or none. `NotFound` (a pool), `LabelTaken`, `DuplicateSecret`, also between two of them.
    async fn add_keys(&self, keys: &[ProviderKey], events: &[AuditEvent]) -> Result<()>;

    /// Writes label, priority, base URL, sealed secret, fingerprint and quarantine of an existing key.
    /// `NotFound`, `LabelTaken`, `DuplicateSecret`.
    async fn update_key(&self, key: &ProviderKey, event: &AuditEvent) -> Result<()>;

    /// Switches a key on or off. `NotFound`; `LastEnabledKey`, which is judged inside the transaction.
    async fn switch_key(
        &self,
        id: KeyId,
        switch: KeySwitch,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()>;

    /// Removes a key and its rests; its bindings stay, so that their requests fail honestly. `NotFound`;
    /// `LastEnabledKey`, which is judged inside the transaction.
    async fn remove_key(&self, id: KeyId, force: Force, event: &AuditEvent) -> Result<()>;

    /// Saves what the pools observed, in one transaction.
    async fn save_pool_facts(&self, facts: &PoolFacts) -> Result<()>;

    /// The key that holds an agent's upstream object; it may be gone meanwhile.
    async fn binding(&self, object: ObjectHash, agent: AgentId) -> Result<Option<KeyId>>;

    /// Forgets bindings created before `before`, and says how many.
    async fn forget_bindings(&self, before: Timestamp) -> Result<u64>;

    /// Sets a budget: a new one, or limit, action and warning of the one with this id. `NotFound` (the agent or the
    /// pool), `NameTaken` (another one is of the same scope and quantity).
    async fn set_budget(&self, budget: &Budget, event: &AuditEvent) -> Result<()>;

    /// Removes a budget, and what was spent where no other one counts the same. `NotFound`.
    async fn remove_budget(&self, id: BudgetId, event: &AuditEvent) -> Result<()>;

    /// Saves the latest spending, in one transaction; what no budget counts any more is dropped without an error.
    async fn save_spending(&self, spending: &[Spending]) -> Result<()>;

    /// Saves what requests left behind, in one transaction.
    async fn save_ledger(&self, batch: &LedgerBatch) -> Result<()>;

    /// Segments of decisions, whole ones: the first and the last may hold decisions beyond what was asked for.
    async fn decision_segments(&self, wish: &SegmentWish) -> Result<Vec<NumberedSegment>>;

    /// Forgets the decisions that need not be kept, and says how many.
    async fn prune_decisions(&self, keep: Retention) -> Result<u64>;

    /// Every sum of the days from `first` to `last`, by day, agent, key and model.
    async fn usage_rows(&self, first: Day, last: Day) -> Result<Vec<UsageRow>>;

    /// Sums of usage, added up by the store: by day when told apart by it, then by what they cost, used and asked.
    async fn usage_sums(&self, wish: &UsageWish) -> Result<Vec<UsageSum>>;

    /// The audit log, newest first. `BadCursor`.
    async fn audit(&self, filter: AuditFilter, page: Page) -> Result<Listing<AuditRecord>>;
}
