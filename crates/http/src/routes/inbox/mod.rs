//! `/api/v1/inbox`: what was written to whoever asks. There is no way to name somebody else's.

pub(crate) mod acknowledge;
pub(crate) mod take;

use crate::table::Table;

/// Every route of the inbox, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<take::__path_handle, _, _>(take::SCOPE, take::handle)
        .guarded::<acknowledge::__path_handle, _, _>(acknowledge::SCOPE, acknowledge::handle)
}
