//! Tells what a token or an access token is worth at this moment (RFC 7662). Looking at one does not count as its use.

use crate::credential::authenticate::AuthError;
use crate::credential::session::Session;
use crate::plane::Plane;
use portunus_core::access::family::FamilyId;
use portunus_core::access::jws::is_access_token;
use portunus_core::agent::Principal;
use portunus_core::scope::{Scope, ScopeSet};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenKind};
use std::sync::Arc;

/// What whoever asks about somebody else's credentials needs.
pub const INTROSPECT: Scope = Scope {
    resource: "tokens",
    verb: "introspect",
};

/// A credential that is accepted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introspected {
    /// Who acts with it.
    pub principal: Principal,
    /// That one's name.
    pub name: Arc<str>,
    /// What it holds.
    pub scope: ScopeSet,
    /// Its public handle.
    pub kid: Kid,
    /// When it is over, if that is settled.
    pub expires_at: Option<Timestamp>,
    /// What only access tokens have.
    pub access: Option<AccessFacts>,
}

/// What only access tokens have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessFacts {
    /// Its family.
    pub family: FamilyId,
    /// Its principal's generation.
    pub generation: u64,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// Looks at a credential for `by`; `None` when it is not accepted, or not `by`'s business.
///
/// # Errors
///
/// [`AuthError::Undecided`].
pub async fn introspect(
    plane: &Plane,
    by: &Session,
    text: &str,
) -> Result<Option<Introspected>, AuthError> {
    let found = match look(plane, text).await {
        Err(AuthError::Undecided) => return Err(AuthError::Undecided),
        other => other.ok(),
    };
    let may = |whose| whose == by.principal || by.grants().allow(INTROSPECT);
    Ok(found.filter(|found| may(found.principal)))
}

/// Whom a credential belongs to and what it is worth.
pub(super) async fn look(plane: &Plane, text: &str) -> Result<Introspected, AuthError> {
    if is_access_token(text) {
        let proven = plane.look_at_access(text).await?;
        let family = proven.family.record();
        return Ok(Introspected {
            principal: proven.principal,
            name: Arc::clone(&proven.name),
            scope: proven.scopes.clone(),
            kid: proven.jti,
            expires_at: Some(proven.expires_at),
            access: Some(AccessFacts {
                family: family.id,
                generation: family.generation,
                issued_at: proven.issued_at,
            }),
        });
    }
    let presented = plane.pepper.parse(text)?;
    if presented.kind == TokenKind::Device {
        let device = plane.look_at_device(&presented)?;
        return Ok(Introspected {
            principal: device.principal,
            name: Arc::clone(device.name()),
            scope: device.grants().clone(),
            kid: device.kid,
            expires_at: None,
            access: None,
        });
    }
    let entry = plane.valid_entry(&presented, plane.clock.now()).await?;
    Ok(Introspected {
        principal: entry.principal,
        name: Arc::clone(&entry.name),
        scope: entry.scopes.clone(),
        kid: entry.kid,
        expires_at: entry.expires_at,
        access: None,
    })
}
