//! `/api/v1/alarms`: what people should look at.

pub(crate) mod acknowledge;
pub(crate) mod list;

use crate::table::Table;

/// Every route of alarms, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<acknowledge::__path_handle, _, _>(acknowledge::SCOPE, acknowledge::handle)
}
