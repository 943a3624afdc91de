//! `/api/v1/push`: connections that stay open.

pub(crate) mod acknowledge;
pub(crate) mod events;
pub(crate) mod open;

use crate::table::Table;
use portunus_app::push::PUSH;

/// Every route of push, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .talks::<open::__path_handle, _, _>(open::handle)
        .guarded::<events::__path_handle, _, _>(PUSH, events::handle)
        .guarded::<acknowledge::__path_handle, _, _>(PUSH, acknowledge::handle)
}
