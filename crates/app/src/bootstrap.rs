//! The first start: the default pools, and a first operator whose token must reach a person before it counts.
//!
//! The token is handed out before the operator is stored. A crash between the two costs a new first start and never
//! leaves a plane whose only token nobody has seen.

use crate::audit::{Detailed, event};
use crate::entropy::{self, EntropyError};
use crate::pool_settings::{DEFAULT_MAX_WAIT_MS, default_base_url};
use crate::pools::{Vault, VaultError};
use portunus_core::agent::Principal;
use portunus_core::audit::Actor;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{OperatorId, PoolId};
use portunus_core::name::{NameError, Slug};
use portunus_core::operator::{Authority, Operator};
use portunus_core::provider_key::{Pool, Protocol};
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::{Pepper, TokenKind};
use portunus_store::{Store, StoreError};

/// Name of the first operator.
const FIRST_OPERATOR: &str = "operator";

/// Why the first start did not finish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// The database failed.
    #[error("the database cannot be prepared: {0}")]
    Store(#[from] StoreError),
    /// No data key for a pool.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The operating system gives no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] EntropyError),
    /// A built-in name is no name: a defect.
    #[error("a built-in name: {0}")]
    Name(#[from] NameError),
}

/// The first operator, not stored yet.
#[derive(Debug)]
#[must_use = "the operator exists only after store() is called"]
pub struct FirstOperator {
    operator: Operator,
    record: TokenRecord,
    token: Secret,
}

impl FirstOperator {
    /// Its token. Hand it out, then call [`Self::store`].
    #[must_use]
    pub const fn token(&self) -> &Secret {
        &self.token
    }

    /// Makes the operator and its token count.
    pub async fn store(self, store: &dyn Store) -> Result<(), BootstrapError> {
        let at = self.operator.created_at;
        let event = event(Actor::Plane, at, "operator.created", self.operator.id)
            .with("name", &self.operator.name)
            .with("kid", self.record.kid);
        Ok(store
            .create_operator(&self.operator, &self.record, &event)
            .await?)
    }
}

/// Prepares an empty database: `None` when the plane has had its first start.
pub async fn first_start(
    store: &dyn Store,
    now: Timestamp,
    pepper: &Pepper,
    vault: &Vault,
) -> Result<Option<FirstOperator>, BootstrapError> {
    let snapshot = store.snapshot().await?;
    if !snapshot.operators.is_empty() {
        return Ok(None);
    }
    for protocol in [Protocol::Anthropic, Protocol::OpenAi] {
        let name: Slug = protocol.as_str().parse()?;
        if snapshot.pools.iter().all(|pool| pool.name != name) {
            create_pool(store, now, vault, name, protocol).await?;
        }
    }
    let id = OperatorId::from_bytes(entropy::draw()?);
    let minted = pepper.mint(TokenKind::Operator, &entropy::draw()?);
    Ok(Some(FirstOperator {
        operator: Operator {
            id,
            name: FIRST_OPERATOR.parse()?,
            authority: Authority::everything(),
            created_at: now,
        },
        record: TokenRecord::new(minted.kid, minted.digest, Principal::Operator(id), now),
        token: minted.text,
    }))
}

async fn create_pool(
    store: &dyn Store,
    now: Timestamp,
    vault: &Vault,
    name: Slug,
    protocol: Protocol,
) -> Result<(), BootstrapError> {
    let id = PoolId::from_bytes(entropy::draw()?);
    let pool = Pool {
        id,
        name,
        protocol,
        base_url: default_base_url(protocol).to_owned(),
        max_wait_ms: DEFAULT_MAX_WAIT_MS,
        fallback: None,
        wrapped_data_key: vault.new_data_key(id)?,
        created_at: now,
    };
    let event = event(Actor::Plane, now, "pool.created", &pool.name)
        .with("id", pool.id)
        .with("protocol", protocol.as_str());
    Ok(store.create_pool(&pool, &event).await?)
}
