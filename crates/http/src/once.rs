//! `Idempotency-Key` on every guarded route that changes something (draft-ietf-httpapi-idempotency-key-header-07): reads
//! the key, claims it for this very request, answers a repetition, and keeps what had nothing to change.
//!
//! The receipt of a change is written by its use case, with the change: see [`crate::extract::Asking`]. Whoever signs in is
//! proven by the handler itself, which takes the key in its own hands: `routes/sessions/begin.rs`.

use crate::error::Refusal;
use crate::extract::Whole;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use portunus_api::ErrorCode;
use portunus_app::Session;
use portunus_app::once::{self, Answer, Attempt, Begun};
use portunus_app::plane::Plane;
use portunus_core::once::{Claim, IdempotencyKey, Secrecy};
use serde::Serialize;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The header.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says `true` on an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How a request goes on.
pub(crate) enum Entry {
    /// It came without a key, or only looks.
    Plain(Request),
    /// It is the first under its key.
    First(Request, Arc<Attempt>),
    /// It was answered before.
    Repeated(Response),
}

/// Whether a method changes something, so that a key counts.
pub(crate) fn changes(method: &Method) -> bool {
    !method.is_safe()
}

/// A request that may go on.
pub(crate) enum Arrived {
    /// It only looks.
    Look(Request),
    /// It changes something; its body is all there.
    Change(Parts, Zeroizing<Vec<u8>>),
}

/// Looks for a key and claims it. `route` is the registered path; the body is put back.
pub(crate) async fn enter(
    plane: &Arc<Plane>,
    route: &str,
    session: &Session,
    arrived: Arrived,
) -> Result<Entry, Refusal> {
    let (parts, body) = match arrived {
        Arrived::Look(request) => return Ok(Entry::Plain(request)),
        Arrived::Change(parts, body) => (parts, body),
    };
    let Some(key) = key(&parts.headers)? else {
        return Ok(Entry::Plain(whole(parts, body)));
    };
    let claim = Claim {
        by: session.principal,
        route: format!("{} {route}", parts.method),
        key,
    };
    // What the credential may do is a part of the request: a narrower one must not be shown what a wider one minted.
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let grants = session.grants().to_string();
    let asked = [path, query, &grants].map(str::as_bytes);
    let [path, query, grants] = asked;
    let begun = once::begin(plane, claim, &[path, query, grants, &body]).await?;
    Ok(match begun {
        Begun::Repeated(answer) => Entry::Repeated(repeated(answer)),
        Begun::First(attempt) => Entry::First(whole(parts, body), attempt),
    })
}

fn whole(parts: Parts, body: Zeroizing<Vec<u8>>) -> Request {
    let mut request = Request::from_parts(parts, Body::from(Bytes::from_owner(body)));
    request.extensions_mut().insert(Whole);
    request
}

/// Ends an attempt. A refusal is kept nowhere, so that the next try runs anew, unless the change turns out to have
/// happened; a success without a receipt changed nothing, and its answer is kept now.
pub(crate) async fn finish(plane: &Plane, attempt: &Attempt, response: Response) -> Response {
    if !response.status().is_success() {
        return match once::look_again(plane, attempt).await {
            Ok(Some(answer)) => repeated(answer),
            Ok(None) | Err(_) => response,
        };
    }
    if attempt.told().is_some() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let answer = Answer {
        status: parts.status.as_u16(),
        secrecy: Secrecy::Plain,
        body: Zeroizing::new(body.to_vec()),
    };
    if let Err(error) = once::keep(plane, attempt, &answer).await {
        tracing::warn!(%error, "the answer of a request that changed nothing is not kept");
    }
    Response::from_parts(parts, Body::from(body))
}

/// The key that came along, if any.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let wrong = |why: String| {
        let detail = format!("the header Idempotency-Key {why}");
        Refusal::new(ErrorCode::InvalidIdempotencyKey, detail)
    };
    let mut values = headers.get_all(&KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(wrong("comes more than once".to_owned()));
    }
    let text = value.to_str();
    let text = text.map_err(|_| wrong("has a character that it cannot have".to_owned()))?;
    text.parse()
        .map(Some)
        .map_err(|error| wrong(format!("{error}")))
}

/// What a change is answered with.
pub(crate) fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        secrecy: Secrecy::Plain,
        // Wire types are made of strings, numbers and maps with string keys, which always serialise.
        body: Zeroizing::new(serde_json::to_vec(body).unwrap_or_default()),
    }
}

/// What a change is answered with that minted a secret: it is shown here and, to a repetition, for ten minutes.
pub(crate) fn answer_with_secret(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        secrecy: Secrecy::Secret,
        ..answer(status, body)
    }
}

/// An answer as it goes out.
pub(crate) fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(Bytes::from_owner(answer.body)));
    let status = StatusCode::from_u16(answer.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn repeated(answer: Answer) -> Response {
    marked_as_repeated(respond(answer))
}

/// An answer that was given before says so.
pub(crate) fn marked_as_repeated(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
