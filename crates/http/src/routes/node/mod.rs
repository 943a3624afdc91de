//! The node itself: who asks, how it stands, whether it is alive and ready, and what its API is.

pub(crate) mod backup;
pub(crate) mod errors;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod ready;
pub(crate) mod status;
pub(crate) mod whoami;

use crate::guard::Waiver;
use crate::table::Table;

/// Every route of the node: those with their scope, and all that are open to anybody.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<whoami::__path_handle, _, _>(whoami::SCOPE, whoami::handle)
        .guarded::<backup::__path_handle, _, _>(backup::SCOPE, backup::handle)
        .guarded::<status::__path_handle, _, _>(status::SCOPE, status::handle)
        .guarded_unless::<metrics::__path_handle, _, _>(
            Waiver::PublicMetrics,
            metrics::SCOPE,
            metrics::handle,
        )
        .probe::<health::__path_handle, _, _>(health::handle)
        .probe::<ready::__path_handle, _, _>(ready::handle)
        .open::<errors::__path_handle, _, _>(errors::handle)
        .open::<index::__path_handle, _, _>(index::handle)
        .open::<openapi::__path_handle, _, _>(openapi::handle)
}
