//! Renews an access token within its family, when it is asked for or when it is due, and notices when two go on from one.

use super::exchange::{ExchangeError, Issued, issued};
use super::families::LiveFamily;
use super::seen::Proven;
use super::{new_jti, whole_second};
use crate::audit::{Detailed, event};
use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::access::claims::subject_text;
use portunus_core::access::{Claims, Renewal, TokenFamily};
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::Actor;
use portunus_core::token::Kid;
use portunus_store::StoreError;
use std::sync::Arc;

/// Renews the token of genuine claims, which may have expired within the grace.
pub(super) async fn renew(plane: &Plane, claims: &Claims) -> Result<Issued, ExchangeError> {
    let _changes = plane.changes.lock().await;
    let family = plane.living_family(claims)?;
    if family.record().generation != claims.generation {
        return Err(AuthError::Revoked.into());
    }
    go_on(plane, &family, claims.jti).await
}

/// Renews the access token that `session` was proven with, if that is due; whoever missed the answer gets the same
/// successor the next time. A token whose successor is in use is left alone: it was not presented to be renewed.
pub async fn renew_due(plane: &Arc<Plane>, session: &Session) -> Option<Issued> {
    let proven = Arc::clone(session.proven()?);
    if !is_due(plane, &proven) {
        return None;
    }
    let renewed = plane.to_the_end(move |plane| async move {
        let _changes = plane.changes.lock().await;
        if proven.family.has_ended() || !is_due(&plane, &proven) {
            return Ok(None);
        }
        go_on(&plane, &proven.family, proven.jti).await.map(Some)
    });
    renewed.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "an access token that is due was not renewed yet");
        None
    })
}

/// The newest token of a family again for whoever holds the token that it was exchanged from, or its successor once that is
/// due.
pub(crate) async fn take_up(
    plane: &Arc<Plane>,
    family: Arc<LiveFamily>,
) -> Result<Issued, ExchangeError> {
    let record = family.record();
    let now = whole_second(plane.clock.now());
    if family.has_ended() || now >= record.due_at(&plane.access().terms()) {
        return renew_for(plane, family).await;
    }
    Ok(issued(plane, &record, now))
}

/// Renews for whoever holds a family's newest token, or the one before while the newest is not in use: then they get that
/// one again, because it may not have reached them.
pub(crate) async fn renew_for(
    plane: &Arc<Plane>,
    family: Arc<LiveFamily>,
) -> Result<Issued, ExchangeError> {
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            if family.has_ended() {
                return Err(AuthError::Revoked.into());
            }
            let before = family.record();
            let is_unused = before.current.used_at.is_none();
            let lost = before.previous.filter(|_| is_unused);
            go_on(&plane, &family, lost.unwrap_or(before.current.jti)).await
        })
        .await
}

fn is_due(plane: &Plane, proven: &Proven) -> bool {
    let family = proven.family.record();
    if family.current.jti == proven.jti {
        return plane.clock.now() >= family.due_at(&plane.access().terms());
    }
    family.previous == Some(proven.jti) && family.current.used_at.is_none()
}

/// Goes on from the token `presented`. The caller holds the lock of changes.
async fn go_on(
    plane: &Plane,
    family: &LiveFamily,
    presented: Kid,
) -> Result<Issued, ExchangeError> {
    let before = family.record();
    let fresh = new_jti(&plane.pepper).map_err(Failure::from)?;
    let now = whole_second(plane.clock.now());
    match before.renew(presented, fresh, now, &plane.access().terms()) {
        Renewal::Over => Err(ExchangeError::Over),
        Renewal::Reused => {
            alarm(plane, &before, presented).await?;
            Err(ExchangeError::Reused)
        }
        Renewal::Renewed(after) => {
            match plane.store.save_family(&after).await {
                Ok(()) => {}
                Err(StoreError::NotFound) => return Err(AuthError::Revoked.into()),
                Err(error) => return Err(Failure::from(error).into()),
            }
            plane.access().families.renewed(family, &after);
            Ok(issued(plane, &after, now))
        }
    }
}

/// Somebody has a copy of a token that was renewed: the family ends, and people hear of it. Memory forgets it first, so
/// that the copy is worth nothing even while the database does not answer.
async fn alarm(plane: &Plane, family: &TokenFamily, presented: Kid) -> Result<(), Failure> {
    let families = &plane.access().families;
    let ended = families.with_narrowed(family);
    families.end(&ended);
    let name = plane.name_of(family.principal);
    let name = name.as_deref().unwrap_or_default();
    tracing::warn!(
        family = %family.id, agent = name, jti = %presented, families = ended.len(),
        "an access token was renewed twice: somebody has a copy, and its family is revoked"
    );
    let says = format!("an access token of {name} was renewed twice: somebody has a copy");
    let subject = family.id.to_string();
    plane
        .alarms()
        .raise(AlarmKind::TokenReused, &subject, says, plane.clock.now());
    let event = event(Actor::Plane, plane.clock.now(), "family.reused", family.id)
        .with("principal", subject_text(family.principal))
        .with("name", name)
        .with("presented", presented)
        .with("newest", family.current.jti)
        .with("ended", ended.len());
    Ok(plane.store.end_families(&ended, Some(&event)).await?)
}
