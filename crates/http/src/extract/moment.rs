//! Moments in queries.

use super::quoted;
use crate::error::Refusal;
use portunus_api::ErrorCode;
use portunus_core::time::Timestamp;

/// Reads the parameter `name`, an RFC 3339 moment.
pub(crate) fn moment(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else {
        return Ok(None);
    };
    let moment: Option<jiff::Timestamp> = text.parse().ok();
    let millis = moment.map(|moment| u64::try_from(moment.as_millisecond()).unwrap_or(0));
    millis.map(Timestamp::from_millis).map(Some).ok_or_else(|| {
        let detail = format!("{name} must be a moment in RFC 3339, not {}", quoted(&text));
        Refusal::new(ErrorCode::InvalidParameter, detail)
            .fix("write it like 2026-03-01T12:00:00Z; a + must be escaped as %2B")
    })
}
