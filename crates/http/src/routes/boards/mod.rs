//! `/api/v1/boards`: shared logs.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod update;

use crate::table::Table;

/// Every route of boards, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<create::__path_handle, _, _>(create::SCOPE, create::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
        .guarded::<delete::__path_handle, _, _>(delete::SCOPE, delete::handle)
}
