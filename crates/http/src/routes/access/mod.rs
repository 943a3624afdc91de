//! Access tokens: the OAuth endpoints, what the plane publishes of itself, and the keys that sign.

pub(crate) mod exchange;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod list_signing;
pub(crate) mod metadata;
pub(crate) mod revoke;
pub(crate) mod revoke_all;
pub(crate) mod rotate_signing;
pub(crate) mod upgrade;

use crate::table::Table;

/// Every route of access tokens: those with their scope, those whose callers prove themselves in OAuth's ways, and what
/// is open to anybody.
pub(super) fn register(table: Table) -> Table {
    table
        .proven::<exchange::__path_handle, _, _>(exchange::handle)
        .proven::<introspect::__path_handle, _, _>(introspect::handle)
        .proven::<revoke::__path_handle, _, _>(revoke::handle)
        .guarded::<revoke_all::__path_handle, _, _>(revoke_all::SCOPE, revoke_all::handle)
        .guarded::<list_signing::__path_handle, _, _>(list_signing::SCOPE, list_signing::handle)
        .guarded::<rotate_signing::__path_handle, _, _>(
            rotate_signing::SCOPE,
            rotate_signing::handle,
        )
        .open::<upgrade::__path_handle, _, _>(upgrade::handle)
        .open::<jwks::__path_handle, _, _>(jwks::handle)
        .open::<metadata::__path_handle, _, _>(metadata::handle)
}
