//! Who may use a route, as its registration says.

use http::Method;
use portunus_core::scope::Scope;
use utoipa::openapi::path::Operation;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: health and documentation, nothing of the plane's.
    Open,
    /// Whoever proves a token in one of OAuth's ways; what it may do there is judged by what is presented.
    Proven,
    /// Whoever holds the scope.
    Guarded(Scope),
}

/// One route as it is registered.
#[derive(Clone, Debug)]
pub struct RouteFacts {
    /// The method.
    pub method: Method,
    /// The path, with `{names}` where it varies.
    pub path: String,
    /// Who may use it.
    pub access: Access,
    /// What the handler is annotated with.
    pub(crate) annotation: fn() -> Operation,
}

impl RouteFacts {
    /// What it does, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        (self.annotation)().summary.unwrap_or_default()
    }
}
