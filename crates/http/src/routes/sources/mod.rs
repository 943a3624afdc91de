//! `/api/v1/sources`: where credentials that failed came from.

pub(crate) mod clear;
pub(crate) mod list;

use crate::table::Table;

/// Every route of sources, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<clear::__path_handle, _, _>(clear::SCOPE, clear::handle)
}
