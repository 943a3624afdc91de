//! `/api/v1/operators`: the people who run the plane.

pub(crate) mod rotate_token;

use crate::table::Table;

/// Every route of operators, with its scope.
pub(super) fn register(table: Table) -> Table {
    table.guarded::<rotate_token::__path_handle, _, _>(rotate_token::SCOPE, rotate_token::handle)
}
