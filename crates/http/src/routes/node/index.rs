//! Lists the surface, for programs that find their way by themselves.

use crate::access::{Access, RouteFacts};
use crate::router::Routes;
use axum::Json;
use axum::extract::Extension;
use portunus_api::index::{ApiIndex, ApiRoute, RouteAccess};

/// What there is
#[utoipa::path(
    get,
    path = "/api",
    operation_id = "index",
    tag = "node",
    responses((status = 200, description = "Every route of the control API, and where the rest is", body = ApiIndex))
)]
pub(crate) async fn handle(Extension(Routes(routes)): Extension<Routes>) -> Json<ApiIndex> {
    Json(ApiIndex {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        openapi: "/openapi.json".to_owned(),
        errors: "/errors".to_owned(),
        model_door: "/v1".to_owned(),
        routes: routes.iter().map(route).collect(),
    })
}

fn route(facts: &RouteFacts) -> ApiRoute {
    let (access, scope) = match facts.access {
        Access::Open => (RouteAccess::Open, None),
        Access::Proven => (RouteAccess::Credential, None),
        Access::Guarded(scope) => (RouteAccess::Scope, Some(scope.to_string())),
    };
    ApiRoute {
        method: facts.method.to_string(),
        path: facts.path.clone(),
        summary: facts.summary(),
        access,
        scope,
    }
}
