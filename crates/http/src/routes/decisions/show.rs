//! Shows the decision of one request.

use crate::error::Refusal;
use crate::extract::{Named, quoted};
use crate::wire;
use crate::wire::decisions::Labels;
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::decisions::Decision;
use portunus_app::decisions::show::ShowError;
use portunus_app::{Plane, decisions};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "decisions",
    verb: "show",
};

/// Show the decision of a request
#[utoipa::path(
    get,
    path = "/api/v1/decisions/{request}",
    operation_id = "show_decision",
    tag = "decisions",
    params(("request" = String, Path, description = "The request's id, as answered in x-request-id")),
    responses((status = 200, description = "The decision", body = Decision))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(id): Named,
) -> Result<Json<Decision>, Refusal> {
    let parsed = id.parse().map_err(|_| {
        let detail = format!("{} is not the id of a request", quoted(&id));
        Refusal::new(ErrorCode::NotFound, detail)
            .fix("give the x-request-id of an answer: req_ and 22 letters and digits")
    })?;
    match decisions::show(&plane, parsed).await {
        Ok(found) => Ok(Json(wire::decisions::decision(&Labels::of(&plane), found))),
        Err(ShowError::NotFound) => {
            let detail = format!("no decision of {id} is kept");
            Err(Refusal::new(ErrorCode::NotFound, detail).fix(
                "the request may still run, or its decision is older than decisions.keep_days or decisions.keep_mib \
                 allow; requests to the control API have none",
            ))
        }
        Err(ShowError::Failure(failure)) => Err(failure.into()),
    }
}
