//! The name or id in a path.

use crate::error::Refusal;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use portunus_api::ErrorCode;

/// The one varying segment of a path, decoded.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| {
            Refusal::new(
                ErrorCode::InvalidParameter,
                "the name in the path is not UTF-8",
            )
        })
    }
}
