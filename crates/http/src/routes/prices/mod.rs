//! `/api/v1/prices`: what tokens cost.

pub(crate) mod list;

use crate::table::Table;

/// Every route of prices, with its scope.
pub(super) fn register(table: Table) -> Table {
    table.guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
}
