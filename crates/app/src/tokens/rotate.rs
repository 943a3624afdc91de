//! Issues a successor of an agent's token. The predecessor keeps working until the successor's first use plus the
//! overlap, so that a lost reply strands nobody.

use crate::agents::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::credential::{DEFAULT_OVERLAP_MS, TokenRecord, TokenState};
use portunus_core::secret::Secret;
use portunus_core::token::{Kid, TokenKind};
use std::sync::Arc;

/// Longest overlap, in milliseconds: 7 days.
pub const MAX_OVERLAP_MS: u64 = 7 * 24 * 3600 * 1000;

/// How long a predecessor works after its successor's first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(u64);

impl Default for Overlap {
    fn default() -> Self {
        Self(DEFAULT_OVERLAP_MS)
    }
}

impl Overlap {
    /// From milliseconds; `None` above [`MAX_OVERLAP_MS`]. Zero ends the predecessor at once.
    #[must_use]
    pub fn from_millis(millis: u64) -> Option<Self> {
        (millis <= MAX_OVERLAP_MS).then_some(Self(millis))
    }
}

/// A successor. It exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Rotated {
    /// The new token.
    pub token: Secret,
    /// Its public handle.
    pub kid: Kid,
    /// The predecessor that keeps working.
    pub retiring: Option<TokenRecord>,
    /// The tokens that ended with this rotation.
    pub revoked: Vec<Kid>,
}

/// Rotates the token of the agent that `reference`, a name or an id, means.
pub async fn rotate(
    plane: &Arc<Plane>,
    by: Principal,
    reference: String,
    overlap: Overlap,
) -> Result<Rotated, ShowError> {
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let agent = show(&plane, &reference).await?;
            // The store decides by first use, so it must know of every one.
            plane.first_uses.flush(&*plane.store).await?;
            let now = plane.clock.now();
            let principal = Principal::Agent(agent.id);
            let random = entropy::draw().map_err(Failure::from)?;
            let minted = plane.pepper.mint(TokenKind::Agent, &random);
            let successor = TokenRecord {
                kid: minted.kid,
                principal,
                digest: minted.digest,
                state: TokenState::Active,
                created_at: now,
                first_used_at: None,
                overlap_ms: overlap.0,
            };
            let event = caused(by, now, "token.rotated", agent.id)
                .with("name", &agent.name)
                .with("kid", minted.kid)
                .with("overlap_ms", overlap.0);
            let rotation = plane
                .store
                .rotate_token(principal, &successor, now, &event)
                .await?;
            plane
                .directory
                .rotate(&rotation.revoked, rotation.retiring.as_ref(), &successor);
            for kid in &rotation.revoked {
                plane.first_uses.forget(*kid);
            }
            Ok(Rotated {
                token: minted.text,
                kid: minted.kid,
                retiring: rotation.retiring,
                revoked: rotation.revoked,
            })
        })
        .await
}
