//! Issues a successor of an agent's or an operator's token. The predecessor keeps working until the successor's first use plus the
//! overlap, so that a lost reply strands nobody.

use crate::Session;
use crate::agents::show::{ShowError, show};
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::operators::{self, ChangeError};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::{DEFAULT_OVERLAP_MS, TokenRecord};
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use portunus_store::{Rotation, StoreError};
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

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// What a rotation gives and leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long the predecessor works after the successor's first use.
    pub overlap: Overlap,
    /// When the successor is over; `None` when it lasts.
    pub expires_at: Option<Timestamp>,
}

impl From<Overlap> for Terms {
    fn from(overlap: Overlap) -> Self {
        Self {
            overlap,
            expires_at: None,
        }
    }
}

/// A successor. It exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Rotated {
    /// The new token.
    pub token: Secret,
    /// Its public handle.
    pub kid: Kid,
    /// When it is over.
    pub expires_at: Option<Timestamp>,
    /// The predecessor that keeps working.
    pub retiring: Option<TokenRecord>,
    /// The tokens that ended with this rotation.
    pub revoked: Vec<Kid>,
}

/// Why an agent's token is not rotated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// No agent has this name or id.
    #[error("no agent has this name or id")]
    NotFound,
    /// It may have no credentials.
    #[error("the agent is archived")]
    Archived,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<ShowError> for RotateError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NotFound => Self::NotFound,
            ShowError::Failure(failure) => Self::Failure(failure),
        }
    }
}

/// Rotates the token of the agent that `reference`, a name or an id, means.
pub async fn rotate(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Rotated>>,
    reference: String,
    terms: impl Into<Terms>,
) -> Result<Rotated, RotateError> {
    let (asked, terms) = (asked.into(), terms.into());
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let agent = show(&plane, &reference).await?;
            let whose = Principal::Agent(agent.id);
            let event = caused(asked.by(), plane.clock.now(), "token.rotated", agent.id)
                .with("name", &agent.name);
            let random = entropy::draw().map_err(Failure::from)?;
            match succeed(&plane, &asked, whose, terms, random, event).await {
                Err(StoreError::Archived) => Err(RotateError::Archived),
                done => Ok(done.map_err(Failure::from)?),
            }
        })
        .await
}

/// Rotates the token of the operator that `reference`, a name or an id, means; the operator may be `by`.
pub async fn rotate_operator(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Rotated, Session>>,
    reference: String,
    terms: impl Into<Terms>,
) -> Result<Rotated, ChangeError> {
    let (asked, terms) = (asked.into(), terms.into());
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let operator = operators::show(&plane, &reference).await?;
            // The successor is shown to whoever asks, so also one's own must be within what was presented.
            operators::within(asked.session(), operator.authority.grants())?;
            let now = plane.clock.now();
            let event =
                caused(asked.by(), now, "token.rotated", operator.id).with("name", &operator.name);
            let whose = Principal::Operator(operator.id);
            let random = entropy::draw().map_err(Failure::from)?;
            match succeed(&plane, &asked, whose, terms, random, event).await {
                Err(StoreError::LastAdministrator) => Err(ChangeError::NoneWouldLast),
                done => Ok(done.map_err(Failure::from)?),
            }
        })
        .await
}

/// Issues the successor of a living principal's token; the caller holds the lock of changes.
async fn succeed<W: Sync>(
    plane: &Plane,
    asked: &Asked<Rotated, W>,
    whose: Principal,
    terms: Terms,
    random: [u8; 44],
    event: AuditEvent,
) -> Result<Rotated, StoreError> {
    let _hold = plane.settle_first_uses(whose).await?;
    let kind = match whose {
        Principal::Agent(_) => TokenKind::Agent,
        Principal::Operator(_) => TokenKind::Operator,
    };
    let (minted, overlap_ms, now) = (plane.pepper.mint(kind, &random), terms.overlap.0, event.at);
    let successor = TokenRecord {
        overlap_ms,
        expires_at: terms.expires_at,
        ..TokenRecord::new(minted.kid, minted.digest, whose, now)
    };
    let event = event
        .with("kid", minted.kid)
        .with("overlap_ms", overlap_ms)
        .expiring(terms.expires_at);
    let rotated = |rotation: &Rotation| Rotated {
        token: minted.text.clone(),
        kid: minted.kid,
        expires_at: terms.expires_at,
        retiring: rotation
            .retiring
            .clone()
            .filter(|token| token.is_valid(now)),
        revoked: rotation.revoked.clone(),
    };
    let event = |rotation: &Rotation| asked.sign_inside(&event, &rotated(rotation));
    let rotation = plane.store.rotate_token(whose, &successor, now, &event);
    let rotation = rotation.await?;
    plane
        .directory
        .rotate(&rotation.revoked, rotation.retiring.as_ref(), &successor);
    if overlap_ms == 0 {
        let families = &plane.access().families;
        families.end(&families.of_principal(whose));
        plane.sessions.end_of_tokens_of(whose);
    }
    for kid in &rotation.revoked {
        plane.first_uses.forget(*kid);
    }
    Ok(rotated(&rotation))
}
