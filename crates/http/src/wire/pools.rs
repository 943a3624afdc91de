//! Pools on the wire.

use super::keys::unreachable;
use super::time::rfc3339;
use portunus_api::pools as api;
use portunus_app::Plane;
use portunus_core::provider_key::{Pool, Protocol};

pub(crate) fn pool(plane: &Plane, pool: &Pool) -> api::Pool {
    let fallback = pool.fallback.and_then(|id| plane.pools().by_id(id));
    api::Pool {
        id: pool.id.to_string(),
        name: pool.name.to_string(),
        protocol: match pool.protocol {
            Protocol::Anthropic => api::Protocol::Anthropic,
            Protocol::OpenAi => api::Protocol::OpenAi,
        },
        base_url: pool.base_url.clone(),
        max_wait_ms: pool.max_wait_ms,
        fallback: fallback.map(|pool| pool.settings().name.to_string()),
        unreachable: unreachable(plane, &pool.base_url),
        created_at: rfc3339(pool.created_at),
    }
}

pub(crate) const fn protocol(protocol: api::Protocol) -> Protocol {
    match protocol {
        api::Protocol::Anthropic => Protocol::Anthropic,
        api::Protocol::OpenAi => Protocol::OpenAi,
    }
}
