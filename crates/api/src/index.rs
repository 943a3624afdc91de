//! The surface of a plane at a glance, for programs that find their way by themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ApiIndex {
    /// Version of the program.
    pub version: String,
    /// Where every request and answer is described (OpenAPI 3.1).
    pub openapi: String,
    /// Where every kind of refusal is explained.
    pub errors: String,
    /// Where model requests go: the base URL of clients, with `/v1` at its end for OpenAI's.
    pub model_door: String,
    /// Every route of the control API.
    pub routes: Vec<ApiRoute>,
}

/// One route.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ApiRoute {
    /// The method.
    pub method: String,
    /// The path, with `{names}` where it varies.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// Who may use it.
    pub access: RouteAccess,
    /// The scope that it needs, where it needs one.
    pub scope: Option<String>,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteAccess {
    /// Anybody.
    Open,
    /// Whoever proves a token in one of OAuth's ways.
    Credential,
    /// Whoever holds the scope.
    Scope,
}
