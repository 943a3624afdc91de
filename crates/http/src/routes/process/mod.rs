//! The process: what it logs, and its configuration.

pub(crate) mod log_level;
pub(crate) mod reload;
pub(crate) mod set_log_level;

use crate::table::Table;

/// Every route of the process.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<log_level::__path_handle, _, _>(log_level::SCOPE, log_level::handle)
        .guarded::<set_log_level::__path_handle, _, _>(set_log_level::SCOPE, set_log_level::handle)
        .guarded::<reload::__path_handle, _, _>(reload::SCOPE, reload::handle)
}
