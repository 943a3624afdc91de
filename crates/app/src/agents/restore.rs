//! Makes an archived agent a living one: under its old name and id, with a new token. Its old ones stay ended.

use super::create::Created;
use super::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::credential::session::Session;
use crate::directory::Profile;
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::credential::TokenRecord;
use portunus_core::scope::Pattern;
use portunus_core::time::Timestamp;
use portunus_core::token::TokenKind;
use portunus_store::StoreError;
use std::sync::Arc;

/// Why an agent is not restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// No agent has this name or id.
    #[error("no agent has this name or id")]
    NotFound,
    /// It lives.
    #[error("the agent is not archived")]
    NotArchived,
    /// Whoever asks does not hold what the token would hold.
    #[error("the token does not hold {0}, so it cannot hand it on")]
    Beyond(Pattern),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<ShowError> for RestoreError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => Self::NotFound,
            ShowError::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotArchived => Self::NotArchived,
            other => ShowError::from(other).into(),
        }
    }
}

/// Restores the agent that `reference`, a name or an id, means; its token is over at `expires_at`, if that is given.
///
/// # Errors
///
/// [`RestoreError`].
pub async fn restore(
    plane: &Arc<Plane>,
    by: Session,
    asked: impl Into<Asked<Created>>,
    reference: String,
    expires_at: Option<Timestamp>,
) -> Result<Created, RestoreError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let mut agent = show(&plane, &reference).await?;
            if let Some(beyond) = by.grants().first_beyond(&agent.scopes) {
                return Err(RestoreError::Beyond(beyond.clone()));
            }
            let now = plane.clock.now();
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Agent, &random);
            let whose = Principal::Agent(agent.id);
            let record = TokenRecord {
                expires_at,
                ..TokenRecord::new(minted.kid, minted.digest, whose, now)
            };
            let event = caused(by.principal, now, "agent.restored", agent.id)
                .with("name", &agent.name)
                .with("kid", minted.kid)
                .expiring(expires_at);
            agent.archived_at = None;
            let restored = Created {
                agent,
                token: minted.text,
                kid: minted.kid,
            };
            let event = asked.sign(event, &restored)?;
            let agent = &restored.agent;
            plane.store.restore_agent(agent.id, &record, &event).await?;
            plane.directory.welcome(whose, Profile::of_agent(agent));
            plane.directory.insert(&record);
            plane.push().agents_changed(&[agent.id]);
            // What is remembered of its old tokens says that it is archived.
            plane.cold.forget_all();
            Ok(restored)
        })
        .await
}
