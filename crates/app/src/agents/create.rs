//! Creates an agent and its first token.

use crate::audit::{Detailed, caused};
use crate::directory::Profile;
use crate::entropy;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::{Agent, Principal};
use portunus_core::credential::{DEFAULT_OVERLAP_MS, TokenRecord, TokenState};
use portunus_core::ids::AgentId;
use portunus_core::name::Slug;
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::StoreError;
use std::sync::Arc;

/// A new agent. Its token exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Created {
    /// The agent.
    pub agent: Agent,
    /// Its token.
    pub token: Secret,
    /// The token's public handle.
    pub kid: Kid,
}

/// Why there is no new agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// A living agent has the name.
    #[error("an agent with this name exists")]
    NameTaken,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Creates the agent `name` with what agents usually hold.
pub async fn create(plane: &Arc<Plane>, by: Principal, name: Slug) -> Result<Created, CreateError> {
    create_with(plane, by, name, ScopeSet::agent()).await
}

/// Creates the agent `name`; its tokens hold `scopes`.
pub async fn create_with(
    plane: &Arc<Plane>,
    by: Principal,
    name: Slug,
    scopes: ScopeSet,
) -> Result<Created, CreateError> {
    plane
        .to_the_end(|plane| async move {
            let now = plane.clock.now();
            let agent = Agent {
                id: AgentId::from_bytes(entropy::draw().map_err(Failure::from)?),
                name,
                scopes,
                generation: 0,
                created_at: now,
            };
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Agent, &random);
            let principal = Principal::Agent(agent.id);
            let record = TokenRecord {
                kid: minted.kid,
                principal,
                digest: minted.digest,
                state: TokenState::Active,
                created_at: now,
                first_used_at: None,
                overlap_ms: DEFAULT_OVERLAP_MS,
            };
            let event = caused(by, now, "agent.created", agent.id)
                .with("name", &agent.name)
                .with("kid", minted.kid)
                .with("scopes", &agent.scopes);
            let _changes = plane.changes.lock().await;
            match plane.store.create_agent(&agent, &record, &event).await {
                Err(StoreError::NameTaken) => return Err(CreateError::NameTaken),
                other => other.map_err(Failure::from)?,
            }
            plane
                .directory
                .welcome(principal, Profile::of_agent(&agent));
            plane.directory.insert(&record);
            Ok(Created {
                agent,
                token: minted.text,
                kid: minted.kid,
            })
        })
        .await
}
