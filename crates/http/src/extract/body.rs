//! A JSON body: read up to a limit and within a time, parsed strictly, wiped afterwards.

use super::complaint::complain;
use crate::error::Refusal;
use crate::listen::BodyTimedOut;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt;
use portunus_api::{ErrorCode, Object};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::time::Duration;
use zeroize::Zeroizing;

/// How many bytes a body may have. The guard of a route says so; a route without one has the usual limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyLimit(usize);

impl BodyLimit {
    /// A batch of 1000 keys fits several times.
    pub(crate) const USUAL: Self = Self(1024 * 1024);
    /// A whole fleet in one piece.
    pub(crate) const IMPORT: Self = Self(16 * 1024 * 1024);

    fn of(parts: &Parts) -> Self {
        parts.extensions.get().copied().unwrap_or(Self::USUAL)
    }

    fn exceeded(self) -> Refusal {
        let detail = format!("the body is larger than {} bytes", self.0);
        Refusal::new(ErrorCode::PayloadTooLarge, detail)
    }
}

/// Longest time for a body to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The body as `T`.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts, body).await?;
        require_json(&parts.headers)?;
        parse(&bytes).map(Self)
    }
}

/// The body as `T`, or `T`'s default when there is none or it is `null`.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts, body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&parts.headers)?;
        if bytes.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(CONTENT_ENCODING) {
        let refusal = Refusal::new(ErrorCode::UnsupportedMediaType, "the body is compressed");
        return Err(refusal.fix("send the body without Content-Encoding"));
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or("")
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "the Content-Type is not application/json";
    Err(Refusal::new(ErrorCode::UnsupportedMediaType, detail))
}

pub(crate) async fn read(parts: &Parts, body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let limit = BodyLimit::of(parts);
    let announced = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let announced = announced
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > limit.0 {
        return Err(limit.exceeded());
    }
    match tokio::time::timeout(ARRIVAL, collect(body, announced, limit)).await {
        Ok(bytes) => bytes,
        Err(_) => Err(Refusal::new(
            ErrorCode::RequestTimeout,
            format!("the body did not arrive within {} s", ARRIVAL.as_secs()),
        )),
    }
}

/// Why a body did not come to its end: its sender fell silent, or went away.
fn broken_off(error: &axum::Error) -> Refusal {
    let mut cause = Some(error as &dyn Error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return Refusal::new(ErrorCode::RequestTimeout, error.to_string());
        }
        cause = error.source();
    }
    Refusal::new(ErrorCode::BadRequest, "the body ended before its end")
}

async fn collect(
    mut body: Body,
    announced: usize,
    limit: BodyLimit,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&error))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit.0 {
                return Err(limit.exceeded());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        if !error.is_data() {
            return malformed(&error);
        }
        complain(&path, &error.to_string()).about(
            ErrorCode::UnknownField,
            ErrorCode::InvalidBody,
            "field",
        )
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let detail = format!(
        "the body stops being JSON at line {}, column {}",
        error.line(),
        error.column()
    );
    Refusal::new(ErrorCode::MalformedJson, detail)
}
