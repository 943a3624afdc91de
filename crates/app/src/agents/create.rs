//! Creates an agent and its first token.

use crate::audit::{Detailed, caused};
use crate::directory::Profile;
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::{Agent, Principal};
use portunus_core::credential::TokenRecord;
use portunus_core::ids::AgentId;
use portunus_core::message::mention::ALL;
use portunus_core::name::{DisplayName, Slug};
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::StoreError;
use std::collections::HashSet;
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

/// An agent that somebody wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it is to be called.
    pub naming: Naming,
    /// What people call it.
    pub display_name: Option<DisplayName>,
    /// What its tokens hold.
    pub scopes: ScopeSet,
    /// When its first token is over; `None` when it lasts.
    pub expires_at: Option<Timestamp>,
}

/// How a new agent comes to its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// This name and no other.
    Exactly(Slug),
    /// This name or, if it is in use, the first free one with a number behind it.
    Like(Slug),
}

impl Wish {
    /// An agent of this name with what agents usually hold.
    #[must_use]
    pub fn named(name: Slug) -> Self {
        Self {
            naming: Naming::Exactly(name),
            display_name: None,
            scopes: ScopeSet::agent(),
            expires_at: None,
        }
    }
}

/// Why there is no new agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// An agent has the name, maybe an archived one.
    #[error("an agent with this name exists")]
    NameTaken {
        /// A name like it that is free.
        free: Option<Slug>,
    },
    /// The name means everybody: `@all`.
    #[error("no agent can be named {ALL}: @{ALL} names everybody")]
    MeansEverybody,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Creates the agent `name` with what agents usually hold.
pub async fn create(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Created>>,
    name: Slug,
) -> Result<Created, CreateError> {
    create_with(plane, asked, Wish::named(name)).await
}

/// Creates an agent as it is wanted.
pub async fn create_with(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Created>>,
    wish: Wish,
) -> Result<Created, CreateError> {
    let asked = asked.into();
    plane
        .to_the_end(|plane| async move {
            let now = plane.clock.now();
            let _changes = plane.changes.lock().await;
            let name = match wish.naming {
                Naming::Exactly(name) if name.as_str() == ALL => {
                    return Err(CreateError::MeansEverybody);
                }
                Naming::Exactly(name) => name,
                Naming::Like(name) => free_name(&plane, &name).await?.ok_or_else(taken)?,
            };
            let id = AgentId::from_bytes(entropy::draw().map_err(Failure::from)?);
            let agent = Agent {
                display_name: wish.display_name,
                ..Agent::new(id, name, wish.scopes, now)
            };
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Agent, &random);
            let principal = Principal::Agent(id);
            let record = TokenRecord {
                expires_at: wish.expires_at,
                ..TokenRecord::new(minted.kid, minted.digest, principal, now)
            };
            let event = caused(asked.by(), now, "agent.created", id)
                .with("name", &agent.name)
                .with("kid", minted.kid)
                .with("scopes", &agent.scopes)
                .expiring(record.expires_at);
            let created = Created {
                agent,
                token: minted.text,
                kid: minted.kid,
            };
            let event = asked.sign(event, &created)?;
            let agent = &created.agent;
            match plane.store.create_agent(agent, &record, &event).await {
                Err(StoreError::NameTaken) => {
                    let free = free_name(&plane, &agent.name).await?;
                    return Err(CreateError::NameTaken { free });
                }
                other => other.map_err(Failure::from)?,
            }
            plane.directory.welcome(principal, Profile::of_agent(agent));
            plane.directory.insert(&record);
            plane.push().agents_changed(&[agent.id]);
            Ok(created)
        })
        .await
}

const fn taken() -> CreateError {
    CreateError::NameTaken { free: None }
}

/// The name, or one like it, that no agent has and that does not mean everybody.
pub(crate) async fn free_name(plane: &Plane, name: &Slug) -> Result<Option<Slug>, Failure> {
    let mut taken: HashSet<Slug> = plane
        .store
        .agent_names_like(name)
        .await?
        .into_iter()
        .collect();
    taken.extend(ALL.parse().ok());
    Ok(name.first_free(&taken))
}
