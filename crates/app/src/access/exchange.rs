//! Exchanges a credential for an access token of equal or narrower scope.
//!
//! A token begins a family. An access token is renewed within its family when the same scope is asked for, or none; for a
//! narrower one it begins a family of its own, which ends with it at the latest.

use super::{families, new_jti, renew, whole_second};
use crate::admission::OverQuota;
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::access::TokenFamily;
use portunus_core::access::family::{FamilyId, Issue};
use portunus_core::access::jws::is_access_token;
use portunus_core::agent::Principal;
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::StoreError;
use std::sync::Arc;

/// An access token. It exists in the clear here and nowhere else.
#[derive(Debug)]
pub struct Issued {
    /// The signed text.
    pub token: Secret,
    /// What it holds.
    pub scope: ScopeSet,
    /// Seconds until it expires.
    pub expires_in_s: u64,
    /// Seconds until it should be renewed.
    pub refresh_in_s: u64,
    /// Its public handle.
    pub jti: Kid,
    /// Its family.
    pub family: FamilyId,
}

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The credential is not valid.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The credential does not hold a scope that was asked for.
    #[error("the credential does not hold {0}")]
    BeyondScope(String),
    /// An older access token was renewed although its successor is in use.
    #[error(
        "this access token was renewed before and its successor is in use: the family is revoked"
    )]
    Reused,
    /// The family has had its day.
    #[error("the family of this access token is over: exchange the token anew")]
    Over,
    /// The principal asks too often.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// A device's token, which stands for nothing that a family could come of.
    #[error("a device's token signs in and is not exchanged: use an operator's token")]
    NotExchanged,
    /// Too many families of the principal live.
    #[error(
        "{} families of access tokens live already: renew them instead of exchanging anew",
        families::MOST_PER_PRINCIPAL
    )]
    TooMany,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Exchanges `credential`, the text of a token or an access token. Without `wanted` the answer holds what it holds.
///
/// # Errors
///
/// [`ExchangeError`].
pub async fn exchange(
    plane: &Arc<Plane>,
    credential: Secret,
    wanted: Option<ScopeSet>,
) -> Result<Issued, ExchangeError> {
    plane
        .to_the_end(move |plane| async move {
            let text = credential.expose();
            if !is_access_token(text) {
                let session = plane.authenticate_text(text).await?;
                plane.pace_vital(session.principal)?;
                return begin(&plane, &session, None, wanted).await;
            }
            let terms = plane.access().terms();
            let claims = plane.examine(text, plane.clock.now(), terms.grace_ms)?;
            plane.pace_vital(claims.subject)?;
            match wanted.filter(|wanted| *wanted != claims.scope) {
                None => {
                    let issued = renew::renew(&plane, &claims).await?;
                    plane.liveness().sign_of(claims.subject);
                    Ok(issued)
                }
                narrower => {
                    let session = plane.prove_access(text).await?;
                    begin(&plane, &session, Some(claims.family), narrower).await
                }
            }
        })
        .await
}

/// Begins a family for whoever has the session of a token.
pub(crate) async fn begin_for(
    plane: &Arc<Plane>,
    session: Session,
) -> Result<Issued, ExchangeError> {
    plane
        .to_the_end(|plane| async move { begin(&plane, &session, None, None).await })
        .await
}

/// Begins a family for a proven credential.
async fn begin(
    plane: &Plane,
    session: &Session,
    parent: Option<FamilyId>,
    wanted: Option<ScopeSet>,
) -> Result<Issued, ExchangeError> {
    if parent.is_none() && !session.is_of_token() {
        return Err(ExchangeError::NotExchanged);
    }
    let scope = wanted.unwrap_or_else(|| session.grants().clone());
    if let Some(beyond) = session.grants().first_beyond(&scope) {
        return Err(ExchangeError::BeyondScope(beyond.to_string()));
    }
    let _changes = plane.changes.lock().await;
    // It may have ended while others changed something.
    if session.revoked.is_cancelled() {
        return Err(AuthError::Revoked.into());
    }
    let access = plane.access();
    if access.families.count(session.principal) >= families::MOST_PER_PRINCIPAL {
        return Err(ExchangeError::TooMany);
    }
    let now = whole_second(plane.clock.now());
    let usual_end = now.plus_ms(access.terms().family_ms);
    let token_expires_at = session.expires_at();
    let (token, ends_at) = match parent {
        None => (
            session.kid,
            usual_end.min(token_expires_at.unwrap_or(usual_end)),
        ),
        Some(parent) => {
            let parent = access.families.find(parent).ok_or(AuthError::Revoked)?;
            let parent = parent.record();
            (parent.token, parent.ends_at.min(usual_end))
        }
    };
    let profile = plane.directory.profile(session.principal);
    let family = TokenFamily {
        id: FamilyId::from_bytes(entropy::draw().map_err(Failure::from)?),
        principal: session.principal,
        token,
        parent,
        scope,
        generation: profile.ok_or(AuthError::Revoked)?.generation(),
        current: Issue {
            jti: new_jti(&plane.pepper).map_err(Failure::from)?,
            at: now,
            used_at: None,
        },
        previous: None,
        created_at: now,
        ends_at,
        token_expires_at,
    };
    save(plane, &family, session.principal).await?;
    access.families.add(family.clone());
    Ok(issued(plane, &family, now))
}

/// The token of a family that was narrowed may have been replaced meanwhile, which ends nothing.
async fn save(plane: &Plane, family: &TokenFamily, whose: Principal) -> Result<(), ExchangeError> {
    match plane.store.begin_family(family).await {
        Ok(()) => Ok(()),
        Err(StoreError::NotFound) => {
            tracing::debug!(?whose, "a family was asked for with a token that has ended");
            Err(AuthError::Revoked.into())
        }
        Err(error) => Err(Failure::from(error).into()),
    }
}

/// The newest token of a family, as its holder gets it.
pub(super) fn issued(plane: &Plane, family: &TokenFamily, now: Timestamp) -> Issued {
    let access = plane.access();
    Issued {
        token: access.sign(family),
        scope: family.scope.clone(),
        expires_in_s: now.ms_until(family.expires_at(&access.terms())) / 1000,
        refresh_in_s: now.ms_until(family.due_at(&access.terms())) / 1000,
        jti: family.current.jti,
        family: family.id,
    }
}
