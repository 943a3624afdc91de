//! `/api/v1/usage`: what was used.

pub(crate) mod read;

use crate::table::Table;

/// Every route of usage, with its scope.
pub(super) fn register(table: Table) -> Table {
    table.guarded::<read::__path_handle, _, _>(read::SCOPE, read::handle)
}
