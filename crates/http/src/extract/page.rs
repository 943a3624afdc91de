//! Which page of a list is asked for.

use crate::error::Refusal;
use portunus_api::ErrorCode;
use portunus_api::list::{DEFAULT_LIMIT, MAX_LIMIT};
use portunus_app::listing::{Cursor, Page};

/// Reads `limit` and `cursor` as every list takes them.
pub(crate) fn page(limit: Option<u32>, cursor: Option<String>) -> Result<Page, Refusal> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        let detail = format!("limit must be 1 to {MAX_LIMIT}");
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail));
    }
    Ok(Page {
        after: cursor.map(Cursor::new),
        limit,
    })
}
