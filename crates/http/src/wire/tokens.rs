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
    let name = plane.name_of(principal).map(|name| name.to_string());
    api::Principal { kind, id, name }
}

/// A successor, in the one answer that shows it.
pub(crate) fn rotated(plane: &Plane, rotated: Rotated) -> api::TokenRotated {
    api::TokenRotated {
        token: SecretText::new(rotated.token.expose().to_owned()),
        kid: rotated.kid.to_string(),
        retiring: rotated.retiring.map(|record| token(plane, &record)),
        revoked: rotated.revoked.iter().map(ToString::to_string).collect(),
    }
}

/// A token as it stands now: one whose retirement is over shows as revoked at that time.
pub(crate) fn token(plane: &Plane, record: &TokenRecord) -> api::Token {
    let (state, retires_at, revoked_at) = match record.state {
        TokenState::Active => (api::TokenState::Active, None, None),
        TokenState::Retiring { until: Some(until) } if until <= plane.now() => {
            (api::TokenState::Revoked, None, Some(until))
        }
        TokenState::Retiring { until } => (api::TokenState::Retiring, until, None),
        TokenState::Revoked { at } => (api::TokenState::Revoked, None, Some(at)),
    };
    api::Token {
        kid: record.kid.to_string(),
        principal: principal(plane, record.principal),
        state,
        retires_at: retires_at.map(rfc3339),
        revoked_at: revoked_at.map(rfc3339),
        created_at: rfc3339(record.created_at),
        first_used_at: record.first_used_at.map(rfc3339),
    }
}
