//! Adds one key.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::keys::{AddKey, Key};
use portunus_app::keys::ProviderSecret;
use portunus_app::keys::add::NewKey;
use portunus_app::once::Answer;
use portunus_app::{Plane, keys};
use portunus_core::provider_key::ProviderKey;
use portunus_core::scope::Scope;
use portunus_core::token::is_ours;
use std::fmt::Display;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "add",
};

/// Add a provider key
///
/// Its secret is sealed for the upstream's origin before it is stored. Waiting requests are served by it at once.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    operation_id = "add_key",
    tag = "keys",
    request_body = AddKey,
    responses((status = 201, description = "The key, without its secret", body = Key))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<AddKey>,
) -> Result<Response, Refusal> {
    let new = vec![wanted("", body)?];
    let add = |asked| keys::add(&plane, asked, new);
    Ok(asking.answered(told(&plane), add).await?)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Vec<ProviderKey>) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |added| {
        let only = added.first().map(|key| wire::keys::key(&plane, key));
        answer(StatusCode::CREATED, &only)
    }
}

/// Reads one key of a body; `place` is where it stands, such as `keys[2].`.
pub(crate) fn wanted(place: &str, body: AddKey) -> Result<NewKey, Refusal> {
    refuse_secret_label(place, &body.label)?;
    Ok(NewKey {
        pool: body
            .pool
            .parse()
            .map_err(|error| misfit(place, "pool", &error))?,
        label: body
            .label
            .parse()
            .map_err(|error| misfit(place, "label", &error))?,
        secret: ProviderSecret::parse(body.secret.expose())
            .map_err(|error| misfit(place, "secret", &error))?,
        priority: body.priority.unwrap_or(0),
        base_url: body.base_url,
    })
}

/// A label is shown everywhere, so a provider's key that was put there by mistake must not become one.
pub(super) fn refuse_secret_label(place: &str, label: &str) -> Result<(), Refusal> {
    if label.starts_with("sk-") || is_ours(label) {
        return Err(misfit(
            place,
            "label",
            &"looks like a secret; choose a name for the key",
        ));
    }
    Ok(())
}

pub(super) fn misfit(place: &str, field: &str, error: &dyn Display) -> Refusal {
    let detail = format!("the field {place}{field} {error}");
    Refusal::new(ErrorCode::InvalidBody, detail)
}
