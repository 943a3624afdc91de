//! What a body says that an operator may do.

use crate::error::Refusal;
use crate::router::KnownScopes;
use crate::wire::operators::role;
use portunus_api::ErrorCode;
use portunus_api::operators::Role;
use portunus_core::operator::Authority;

/// Reads a role and scopes that are given one by one; either may be absent, not both.
pub(super) fn read(
    named: Option<Role>,
    scopes: Option<&[String]>,
    known: &KnownScopes,
) -> Result<Authority, Refusal> {
    let explicit = scopes.map(|texts| known.read(texts)).transpose()?;
    let is_given = named.is_some() || explicit.is_some();
    Authority::new(named.map(role), explicit).ok_or_else(|| {
        let why = if is_given {
            "the fields role and scopes are too many scopes together"
        } else {
            "the field role or the field scopes is missing"
        };
        Refusal::new(ErrorCode::InvalidBody, why)
            .fix("give a role (admin, operator, viewer), scopes like keys.*, or both")
    })
}
