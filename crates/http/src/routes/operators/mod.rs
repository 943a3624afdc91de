//! `/api/v1/operators`: the people who run the plane.

mod authority;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod remove_password;
pub(crate) mod rotate_token;
pub(crate) mod set_password;
pub(crate) mod show;
pub(crate) mod update;

use crate::table::Table;

/// Every route of operators, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<create::__path_handle, _, _>(create::SCOPE, create::handle)
        .guarded::<show::__path_handle, _, _>(show::SCOPE, show::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
        .guarded::<delete::__path_handle, _, _>(delete::SCOPE, delete::handle)
        .guarded::<set_password::__path_handle, _, _>(set_password::SCOPE, set_password::handle)
        .guarded::<remove_password::__path_handle, _, _>(
            remove_password::SCOPE,
            remove_password::handle,
        )
        .guarded::<rotate_token::__path_handle, _, _>(rotate_token::SCOPE, rotate_token::handle)
}
