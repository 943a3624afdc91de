//! `/api/v1/pools`: sets of provider keys of one protocol.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod update;

use crate::error::Refusal;
use crate::table::Table;
use portunus_api::ErrorCode;
use portunus_app::pool_settings::{MAX_WAIT_LIMIT_MS, MaxWait};

/// Every route of pools, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<create::__path_handle, _, _>(create::SCOPE, create::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
}

fn max_wait(millis: u64) -> Result<MaxWait, Refusal> {
    MaxWait::from_millis(millis).ok_or_else(|| {
        let detail = format!("the field max_wait_ms must be at most {MAX_WAIT_LIMIT_MS}");
        Refusal::new(ErrorCode::InvalidBody, detail).fix("let a request wait for 7 days at most")
    })
}
