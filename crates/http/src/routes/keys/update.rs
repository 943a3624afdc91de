//! Changes a key's label, place, address or secret.

use super::add::{misfit, refuse_secret_label};
use crate::error::Refusal;
use crate::extract::{Actor, JsonBody, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::Patch;
use portunus_api::keys::{Key, UpdateKey};
use portunus_app::keys::ProviderSecret;
use portunus_app::keys::update::{BaseUrlChange, KeyChange};
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "update",
};

/// Change a provider key
///
/// Another origin sets it aside until its secret is given again, which the same change may do.
#[utoipa::path(
    patch,
    path = "/api/v1/keys/{key}",
    operation_id = "update_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label")),
    request_body = UpdateKey,
    responses((status = 200, description = "The key as it is now", body = Key))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdateKey>,
) -> Result<Json<Key>, Refusal> {
    if let Some(label) = &body.label {
        refuse_secret_label("", label)?;
    }
    let label = body.label.map(|label| label.parse());
    let secret = body.secret.map(|text| ProviderSecret::parse(text.expose()));
    let change = KeyChange {
        label: label
            .transpose()
            .map_err(|error| misfit("", "label", &error))?,
        priority: body.priority,
        base_url: match body.base_url {
            Patch::Keep => BaseUrlChange::Keep,
            Patch::Clear => BaseUrlChange::Clear,
            Patch::Set(url) => BaseUrlChange::Set(url),
        },
        secret: secret
            .transpose()
            .map_err(|error| misfit("", "secret", &error))?,
    };
    let told = Refusal::naming(&reference);
    let key = keys::update(&plane, session.principal, reference, change).await;
    let key = key.map_err(told)?;
    Ok(Json(wire::keys::key(&plane, &key)))
}
