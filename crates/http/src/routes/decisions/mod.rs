//! `/api/v1/decisions`: why requests went where they went.

pub(crate) mod list;
pub(crate) mod show;

use crate::table::Table;

/// Every route of decisions, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
}
