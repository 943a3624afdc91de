//! Who acts: the session that the guard proved, and no other source (P6).

use crate::error::Refusal;
use axum::extract::FromRequestParts;
use http::request::Parts;
use portunus_app::Session;

/// The session of a guarded route.
#[derive(Debug)]
pub(crate) struct Actor(pub(crate) Session);

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let session = parts.extensions.get::<Session>().cloned();
        session
            .map(Self)
            .ok_or_else(|| Refusal::internal(&"a route without a guard asked who acts"))
    }
}
