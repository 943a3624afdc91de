//! `/api/v1/sessions`: operators sign in, look at their sessions, and sign out.

pub(crate) mod begin;
pub(crate) mod current;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod sign_out;
mod told;

use crate::table::Table;

/// Every route of sessions, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .signing_in::<begin::__path_handle, _, _>(begin::handle)
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<current::__path_handle, _, _>(current::SCOPE, current::handle)
        .guarded::<sign_out::__path_handle, _, _>(sign_out::SCOPE, sign_out::handle)
        .guarded::<end::__path_handle, _, _>(end::SCOPE, end::handle)
}
