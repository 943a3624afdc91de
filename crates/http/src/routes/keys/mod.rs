//! `/api/v1/keys`: provider keys. Changes are paced: 10 in 60 s per operator.

pub(crate) mod add;
pub(crate) mod add_batch;
pub(crate) mod clear;
pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod import_env;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod status;
pub(crate) mod update;

use crate::once::answer;
use crate::table::Table;
use crate::wire;
use http::StatusCode;
use portunus_app::Plane;
use portunus_app::once::Answer;
use portunus_core::provider_key::ProviderKey;
use std::sync::Arc;

/// Every route of keys, with its scope.
pub(super) fn register(table: Table) -> Table {
    table
        .guarded::<list::__path_handle, _, _>(list::SCOPE, list::handle)
        .guarded::<status::__path_handle, _, _>(status::SCOPE, status::handle)
        .guarded::<add::__path_handle, _, _>(add::SCOPE, add::handle)
        .guarded::<add_batch::__path_handle, _, _>(add_batch::SCOPE, add_batch::handle)
        .guarded::<import_env::__path_handle, _, _>(import_env::SCOPE, import_env::handle)
        .guarded::<update::__path_handle, _, _>(update::SCOPE, update::handle)
        .guarded::<enable::__path_handle, _, _>(enable::SCOPE, enable::handle)
        .guarded::<disable::__path_handle, _, _>(disable::SCOPE, disable::handle)
        .guarded::<clear::__path_handle, _, _>(clear::SCOPE, clear::handle)
        .guarded::<remove::__path_handle, _, _>(remove::SCOPE, remove::handle)
}

/// What a change of one key is answered with.
fn told(plane: &Arc<Plane>) -> impl Fn(&ProviderKey) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |key| answer(StatusCode::OK, &wire::keys::key(&plane, key))
}
