//! Changes a key's label, place, address or secret.

use super::add::{misfit, refuse_secret_label};
use super::told;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use axum::extract::State;
use axum::response::Response;
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
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdateKey>,
) -> Result<Response, Refusal> {
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
    let naming = Refusal::naming(&reference);
    let update = |asked| keys::update(&plane, asked, reference, change);
    let updated = asking.answered(told(&plane), update).await;
    updated.map_err(naming)
}
