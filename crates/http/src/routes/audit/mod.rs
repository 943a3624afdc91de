//! `/api/v1/audit`: the record of what happened.

pub(crate) mod list;

use crate::table::Table;

/// Every route of the audit log, with its scope.
pub(super) fn register(table: Table) -> Table {
    table.guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
}
