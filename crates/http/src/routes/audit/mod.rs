//! `/api/v1/audit`: the record of what happened.

pub(crate) mod export;
pub(crate) mod key;
pub(crate) mod list;

use crate::table::Table;

/// Every route of the audit log, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<export::__path_handle, _, _>(export::SCOPE, export::handle)
        .guarded::<key::__path_handle, _, _>(key::SCOPE, key::handle)
}
