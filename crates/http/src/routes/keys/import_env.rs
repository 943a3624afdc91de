//! Adds the provider keys that `serve` found in its environment.

use crate::error::Refusal;
use crate::extract::{Actor, OptionalJsonBody};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{ImportKeys, KeysImported};
use portunus_app::Plane;
use portunus_app::keys::import_env::import_env;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "add",
};

/// Import provider keys from the environment of serve
///
/// Offered while the plane has no key at all; doing it twice changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/keys/import-env",
    operation_id = "import_keys",
    tag = "keys",
    request_body = Option<ImportKeys>,
    responses((status = 200, description = "What was added, and what was there already", body = KeysImported))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    OptionalJsonBody(ImportKeys {}): OptionalJsonBody<ImportKeys>,
) -> Result<Json<KeysImported>, Refusal> {
    let imported = import_env(&plane, session.principal).await?;
    let wire = |keys: &[_]| {
        keys.iter()
            .map(|key| wire::keys::key(&plane, key))
            .collect()
    };
    Ok(Json(KeysImported {
        added: wire(&imported.added),
        present: wire(&imported.present),
    }))
}
