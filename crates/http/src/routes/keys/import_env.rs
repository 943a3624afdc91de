//! Adds the provider keys that `serve` found in its environment.

use crate::error::Refusal;
use crate::extract::{Asking, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::keys::{ImportKeys, KeysImported};
use portunus_app::Plane;
use portunus_app::keys::import_env::Imported;
use portunus_app::keys::import_env::import_env;
use portunus_app::once::Answer;
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
    asking: Asking,
    OptionalJsonBody(ImportKeys {}): OptionalJsonBody<ImportKeys>,
) -> Result<Response, Refusal> {
    let import = |asked| import_env(&plane, asked);
    Ok(asking.answered(told(&plane), import).await?)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Imported) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |imported| {
        let wire = |keys: &[_]| {
            let keys = keys.iter().map(|key| wire::keys::key(&plane, key));
            keys.collect()
        };
        let imported = KeysImported {
            added: wire(&imported.added),
            present: wire(&imported.present),
        };
        answer(StatusCode::OK, &imported)
    }
}
