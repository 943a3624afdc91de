//! Tokens and principals on the wire.

use super::time::rfc3339;
use portunus_api::SecretText;
use portunus_api::tokens as api;
use portunus_app::Plane;
use portunus_app::tokens::rotate::Rotated;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};

pub(crate) fn principal(plane: &Plane, principal: Principal) -> api::Principal {
    let (kind, id) = match principal {
        Principal::Agent(id) => (api::PrincipalKind::Agent, id.to_string()),
        Principal::Operator(id) => (api::PrincipalKind::Operator, id.to_string()),
    };
    let names = plane.names_of(principal);
    api::Principal {
        kind,
        id,
        name: names.as_ref().map(|names| names.name.to_string()),
        display_name: names.and_then(|names| Some(names.display?.to_string())),
    }
}

/// A successor, in the one answer that shows it.
pub(crate) fn rotated(plane: &Plane, rotated: &Rotated) -> api::TokenRotated {
    api::TokenRotated {
        token: SecretText::new(rotated.token.expose().to_owned()),
        kid: rotated.kid.to_string(),
        expires_at: rotated.expires_at.map(rfc3339),
        retiring: rotated.retiring.as_ref().map(|record| token(plane, record)),
        revoked: rotated.revoked.iter().map(ToString::to_string).collect(),
    }
}

/// A token as it stands now: one whose retirement is over shows as revoked at that time, if its own time was not over
/// before.
pub(crate) fn token(plane: &Plane, record: &TokenRecord) -> api::Token {
    let now = plane.now();
    let (state, retires_at, revoked_at) = match record.state {
        TokenState::Revoked { at } => (api::TokenState::Revoked, None, Some(at)),
        TokenState::Retiring { until: Some(until) }
            if until <= now && !record.has_expired(until) =>
        {
            (api::TokenState::Revoked, None, Some(until))
        }
        _ if record.has_expired(now) => (api::TokenState::Expired, None, None),
        TokenState::Active => (api::TokenState::Active, None, None),
        TokenState::Retiring { until } => (api::TokenState::Retiring, until, None),
    };
    api::Token {
        kid: record.kid.to_string(),
        principal: principal(plane, record.principal),
        state,
        retires_at: retires_at.map(rfc3339),
        revoked_at: revoked_at.map(rfc3339),
        expires_at: record.expires_at.map(rfc3339),
        created_at: rfc3339(record.created_at),
        first_used_at: record.first_used_at.map(rfc3339),
    }
}
