//! Removes a key. The last enabled key of a pool stays unless forced.

use crate::error::Refusal;
use crate::extract::{Asking, Named, Params};
use crate::once::answer;
use crate::routes::force;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::keys::{KeyRemoved, RemoveKeyQuery};
use portunus_app::keys::find::Found;
use portunus_app::once::Answer;
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "remove",
};

/// Remove a provider key
///
/// The last enabled key of a pool stays unless `force` is true. What runs on the key goes on.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{key}",
    operation_id = "remove_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label"), RemoveKeyQuery),
    responses((status = 200, description = "The key as it was", body = KeyRemoved))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    Params(query): Params<RemoveKeyQuery>,
) -> Result<Response, Refusal> {
    let force = force(query.force);
    let naming = Refusal::naming(&reference);
    let remove = |asked| keys::remove(&plane, asked, reference, force);
    let removed = asking.answered(told(&plane), remove).await;
    removed.map_err(naming)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Found) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |removed| {
        let key = wire::keys::key(&plane, &removed.key);
        answer(StatusCode::OK, &KeyRemoved { key })
    }
}
