//! `/api/v1/notifications`: what agents want operators to know, and what each operator has read.

pub(crate) mod list;
pub(crate) mod mark_all_read;
pub(crate) mod mark_read;
pub(crate) mod notify;
pub(crate) mod show;

use crate::error::Refusal;
use crate::table::Table;
use portunus_api::ErrorCode;
use portunus_core::ids::NotificationId;

/// Every route of notifications, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<notify::__path_handle, _, _>(notify::SCOPE, notify::handle)
        .guarded::<mark_all_read::__path_handle, _, _>(mark_all_read::SCOPE, mark_all_read::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<mark_read::__path_handle, _, _>(mark_read::SCOPE, mark_read::handle)
}

/// The id of a notification in a path; what is none names nothing.
fn id(text: &str) -> Result<NotificationId, Refusal> {
    text.parse().map_err(|_| {
        let detail = "no notification has this id";
        Refusal::new(ErrorCode::NotFound, detail)
            .fix("use an id from `portunus notifications list` (`GET /api/v1/notifications`)")
    })
}
