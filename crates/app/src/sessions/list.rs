//! Lists sessions that live, the one that was used last first.

use super::begin::way;
use super::live::LiveSession;
use super::whose;
use crate::Session;
use crate::operators::ChangeError;
use crate::plane::Plane;
use portunus_core::ids::OperatorId;
use portunus_core::session::SignedInBy;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

/// A session as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its public handle.
    pub kid: Kid,
    /// Whose it is.
    pub operator: OperatorId,
    /// How it began: `password`, `token` or `device`.
    pub by: &'static str,
    /// The name of the device that it came of.
    pub device: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends unless it is used.
    pub ends_at: Timestamp,
}

/// The sessions of the operator that `reference` means, or one's own. There are at most 100.
///
/// # Errors
///
/// [`ChangeError`].
pub async fn list(
    plane: &Plane,
    by: &Session,
    reference: Option<&str>,
) -> Result<Vec<Standing>, ChangeError> {
    let operator = whose(plane, by, reference).await?;
    let living = plane.sessions.sessions_of(operator, plane.now());
    Ok(living.iter().map(|live| stand(plane, live)).collect())
}

/// The living session with this handle.
#[must_use]
pub fn standing_of(plane: &Plane, kid: Kid) -> Option<Standing> {
    let live = plane.sessions.session(kid)?;
    Some(stand(plane, &live))
}

/// How a session stands.
pub(super) fn stand(plane: &Plane, live: &LiveSession) -> Standing {
    let record = &live.record;
    let device = match record.by {
        SignedInBy::Device(id) => plane.sessions.device_by_id(id),
        SignedInBy::Password | SignedInBy::Token(_) => None,
    };
    Standing {
        kid: record.kid,
        operator: record.operator,
        by: way(record.by),
        device: device.map(|live| live.device.name.to_string()),
        created_at: record.created_at,
        seen_at: live.seen_at(),
        ends_at: live.ends_at(&plane.sessions.terms()),
    }
}
