//! Signing keys on the wire.

use super::time::rfc3339;
use portunus_api::access as api;
use portunus_core::access::{SigningKey, SigningState};

pub(crate) fn signing_keys(keys: &[SigningKey]) -> api::SigningKeys {
    api::SigningKeys {
        keys: keys.iter().map(signing_key).collect(),
    }
}

fn signing_key(key: &SigningKey) -> api::SigningKey {
    let (state, until) = match key.state {
        SigningState::Active => (api::SigningState::Active, None),
        SigningState::Retiring { until } => (api::SigningState::Retiring, Some(until)),
    };
    api::SigningKey {
        kid: key.id.to_string(),
        state,
        created_at: rfc3339(key.created_at),
        verifies_until: until.map(rfc3339),
    }
}
