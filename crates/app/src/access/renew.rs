//! Renews an access token within its family, and notices when two go on from one.

use super::exchange::{ExchangeError, Issued, issued};
use super::{new_jti, whole_second};
use crate::audit::{Detailed, event};
use crate::credential::authenticate::AuthError;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::access::claims::subject_text;
use portunus_core::access::{Claims, Renewal, TokenFamily};
use portunus_core::audit::Actor;
use portunus_store::StoreError;

/// Renews the token of genuine claims, which may have expired within the grace.
pub(super) async fn renew(plane: &Plane, claims: &Claims) -> Result<Issued, ExchangeError> {
    let _changes = plane.changes.lock().await;
    let family = plane.living_family(claims)?;
    let before = family.record();
    if before.generation != claims.generation {
        return Err(AuthError::Revoked.into());
    }
    let fresh = new_jti(&plane.pepper).map_err(Failure::from)?;
    let now = whole_second(plane.clock.now());
    match before.renew(claims.jti, fresh, now, &plane.access().terms) {
        Renewal::Over => Err(ExchangeError::Over),
        Renewal::Reused => {
            alarm(plane, &before, claims).await?;
            Err(ExchangeError::Reused)
        }
        Renewal::Renewed(after) => {
            match plane.store.save_family(&after).await {
                Ok(()) => {}
                Err(StoreError::NotFound) => return Err(AuthError::Revoked.into()),
                Err(error) => return Err(Failure::from(error).into()),
            }
            plane.access().families.renewed(&family, &after);
            Ok(issued(plane, &after, now))
        }
    }
}

/// Somebody has a copy of a token that was renewed: the family ends, and people hear of it. Memory forgets it first, so
/// that the copy is worth nothing even while the database does not answer.
async fn alarm(plane: &Plane, family: &TokenFamily, claims: &Claims) -> Result<(), Failure> {
    let families = &plane.access().families;
    let ended = families.with_narrowed(family);
    families.end(&ended);
    let name = plane.name_of(family.principal);
    let name = name.as_deref().unwrap_or_default();
    tracing::warn!(
        family = %family.id, agent = name, jti = %claims.jti, families = ended.len(),
        "an access token was renewed twice: somebody has a copy, and its family is revoked"
    );
    let event = event(Actor::Plane, plane.clock.now(), "family.reused", family.id)
        .with("principal", subject_text(family.principal))
        .with("name", name)
        .with("presented", claims.jti)
        .with("newest", family.current.jti)
        .with("ended", ended.len());
    Ok(plane.store.end_families(&ended, Some(&event)).await?)
}
