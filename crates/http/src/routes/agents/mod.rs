//! `/api/v1/agents`: programs with an identity of their own.

pub(crate) mod archive;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod restore;
pub(crate) mod rotate_token;
pub(crate) mod show;
pub(crate) mod update;

use crate::table::Table;

/// Every route of agents, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<create::__path_handle, _, _>(create::SCOPE, create::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
        .guarded::<archive::__path_handle, _, _>(archive::SCOPE, archive::handle)
        .guarded::<restore::__path_handle, _, _>(restore::SCOPE, restore::handle)
        .guarded::<delete::__path_handle, _, _>(delete::SCOPE, delete::handle)
        .guarded::<rotate_token::__path_handle, _, _>(rotate_token::SCOPE, rotate_token::handle)
}
