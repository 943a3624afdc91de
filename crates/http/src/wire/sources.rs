//! Sources on the wire.

use super::time::rfc3339;
use portunus_api::sources as api;
use portunus_core::admission::Tracked;

pub(crate) fn source(tracked: Tracked) -> api::Source {
    api::Source {
        source: tracked.source.to_string(),
        failures: u32::try_from(tracked.failures).unwrap_or(u32::MAX),
        last_failed_at: rfc3339(tracked.last_failed_at),
        penalised_until: tracked.penalised_until.map(rfc3339),
    }
}
