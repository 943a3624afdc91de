//! `/api/v1/import`: what comes from another system.

mod line;
pub(crate) mod run;

use crate::table::Table;

/// Every route of imports, with its scope.
pub(super) fn register(table: Table) -> Table {
    table.guarded::<run::__path_handle, _, _>(run::SCOPE, run::handle)
}
