//! Query parameters, read strictly.

use super::complaint::complain;
use crate::error::Refusal;
use axum::extract::FromRequestParts;
use http::request::Parts;
use portunus_api::ErrorCode;
use serde::de::DeserializeOwned;

/// The query of a request as `T`.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or("").as_bytes();
        let pairs = serde_urlencoded::Deserializer::new(form(query));
        serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| {
                let complaint = complain(&error.path().to_string(), &error.inner().to_string());
                complaint.about(
                    ErrorCode::UnknownParameter,
                    ErrorCode::InvalidParameter,
                    "parameter",
                )
            })
    }
}

fn form(query: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query)
}
