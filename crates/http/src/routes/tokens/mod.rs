//! `/api/v1/tokens`: the public half of tokens. Rotation stands under their agents.

pub(crate) mod list;
pub(crate) mod revoke;

use crate::table::Table;

/// Every route of tokens, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<revoke::__path_handle, _, _>(revoke::SCOPE, revoke::handle)
}
