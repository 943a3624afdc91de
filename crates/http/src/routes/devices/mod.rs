//! `/api/v1/devices`: what operators paired, to sign in without a password.

pub(crate) mod list;
pub(crate) mod pair;
pub(crate) mod rotate;
pub(crate) mod unpair;

use crate::table::Table;

/// Every route of devices, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<pair::__path_handle, _, _>(pair::SCOPE, pair::handle)
        .guarded::<rotate::__path_handle, _, _>(rotate::SCOPE, rotate::handle)
        .guarded::<unpair::__path_handle, _, _>(unpair::SCOPE, unpair::handle)
}
