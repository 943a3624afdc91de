//! The part of the trait that is about tokens that another system issued.

use crate::Result;
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_core::imported::Pbkdf2;
use portunus_core::name::Slug;
use portunus_core::provider_key::ProviderKey;
use portunus_core::token::{Kid, TokenDigest};
use std::collections::HashMap;

/// What is kept of an imported token beside its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedToken {
    /// Its handle here.
    pub kid: Kid,
    /// What tells whether the same hash was imported before.
    pub mark: [u8; 32],
    /// The slow hash, until the token was seen for the first time: its record has no digest as long.
    pub slow: Option<Pbkdf2>,
}

/// An agent with a token that it has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedAgent {
    /// The agent.
    pub agent: Agent,
    /// Its token, the active one.
    pub token: TokenRecord,
    /// Where that came from.
    pub imported: ImportedToken,
}

/// What one import adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportBatch {
    /// Agents, each with its token.
    pub agents: Vec<ImportedAgent>,
    /// Provider keys.
    pub keys: Vec<ProviderKey>,
    /// What to write into the audit log.
    pub events: Vec<AuditEvent>,
}

/// What is there of what an import names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportGround {
    /// Agents of its names, archived ones too.
    pub agents: HashMap<Slug, AgentId>,
    /// Whose its tokens are, that were imported before.
    pub owners: HashMap<Kid, Principal>,
}

/// Imports; what [`crate::Store`] says of its methods holds here too.
#[async_trait::async_trait]
pub trait ImportStore {
    /// Adds all of the batch or nothing. `NameTaken`, `NotFound` (a pool), `LabelTaken`, `DuplicateSecret`,
    /// `Inconsistent` (a mark that is there already).
    async fn import(&self, batch: &ImportBatch) -> Result<()>;

    /// What is there of these names and tokens, at one moment.
    async fn import_ground(&self, names: &[Slug], kids: &[Kid]) -> Result<ImportGround>;

    /// Every imported token, also those that ended, each with the digest of its record, by kid.
    async fn imported_tokens(&self) -> Result<Vec<(ImportedToken, TokenDigest)>>;

    /// Puts a digest in the place of a slow hash. One that was replaced before stays as it is. `NotFound`.
    async fn upgrade_imported(
        &self,
        kid: Kid,
        digest: TokenDigest,
        event: &AuditEvent,
    ) -> Result<()>;
}
