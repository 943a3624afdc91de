//! `/api/v1/heartbeat`, and pausing of those who should be heard of.

pub(crate) mod beat;
pub(crate) mod pause;
pub(crate) mod resume;

use crate::table::Table;

/// Every route of liveness, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<beat::__path_handle, _, _>(beat::SCOPE, beat::handle)
        .guarded::<pause::__path_handle, _, _>(pause::SCOPE, pause::handle)
        .guarded::<resume::__path_handle, _, _>(resume::SCOPE, resume::handle)
}
