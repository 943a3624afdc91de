//! Forgets what is held against a source.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::sources::{ClearSource, SourceCleared};
use portunus_app::Plane;
use portunus_app::admission::sources;
use portunus_app::once::Answer;
use portunus_core::admission::Source;
use portunus_core::admission::Tracked;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "sources",
    verb: "clear",
};

/// Clear a source
///
/// Its failures are forgotten and its penalty ends, and so do those of the network that it is a part of.
#[utoipa::path(
    post,
    path = "/api/v1/sources/{source}/clear",
    operation_id = "clear_source",
    tag = "sources",
    params(("source" = String, Path, description = "An IP address, or an IPv6 network of /64 or /48")),
    request_body = Option<ClearSource>,
    responses((status = 200, description = "What was held against it", body = SourceCleared))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(source): Named,
    OptionalJsonBody(ClearSource {}): OptionalJsonBody<ClearSource>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&source);
    let source: Source = source.parse().map_err(|error| {
        Refusal::new(ErrorCode::NotFound, format!("{error}"))
            .fix("use a source from `portunus sources list`, or an address")
    })?;
    let clear = |asked| sources::clear(&plane, asked, source);
    asking
        .answered(|cleared: &Vec<_>| told(cleared), clear)
        .await
        .map_err(naming)
}

fn told(cleared: &[Tracked]) -> Answer {
    let cleared = cleared.iter().copied().map(wire::sources::source);
    let cleared = SourceCleared {
        cleared: cleared.collect(),
    };
    answer(StatusCode::OK, &cleared)
}
