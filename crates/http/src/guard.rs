//! Stands before every guarded route: proves who acts, judges class limit, scope and pace, answers repetitions, and
//! refuses unknown parameters.
//!
//! In the order of DESIGN "Admission": verify, class limit, scope, work. The handler gets the session and nothing
//! else to learn from who acts (P6). Before open routes stands only the limit of all unverified requests together.

use crate::caller;
use crate::error::Refusal;
use crate::extract::BodyLimit;
use crate::listen::Peer;
use crate::once::{self, Entry};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use portunus_api::ErrorCode;
use portunus_app::Plane;
use portunus_app::Session;
use portunus_app::admission::Allowance;
use portunus_app::metrics::Readers;
use portunus_core::admission::Class;
use portunus_core::scope::{Scope, ScopeSet};
use std::sync::Arc;

/// How often a route may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As often as one likes.
    Free,
    /// A change of provider keys: see [`portunus_app::key_changes`].
    KeyChange,
}

/// Who may do without a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiver {
    /// Nobody.
    Never,
    /// Anybody, as long as the configuration opens the metrics to all who reach the listener.
    PublicMetrics,
}

impl Waiver {
    fn holds(self, plane: &Plane) -> bool {
        match self {
            Self::Never => false,
            Self::PublicMetrics => plane.metrics().readers() == Readers::Anybody,
        }
    }
}

/// What one route demands.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) plane: Arc<Plane>,
    pub(crate) scope: Scope,
    pub(crate) class: Class,
    pub(crate) pace: Pace,
    pub(crate) waiver: Waiver,
    /// How much may come with a request.
    pub(crate) body: BodyLimit,
    /// The path as it is registered.
    pub(crate) path: Arc<str>,
    /// Names of the query parameters that the route documents.
    pub(crate) parameters: Arc<[String]>,
}

/// Lets the request through to its handler, with its session, or refuses it; either way the answer tells what is left
/// of the principal's quota.
pub(crate) async fn enforce(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut allowance = None;
    let answer = let_through(&guard, request, next, &mut allowance).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if let Some(allowance) = allowance {
        allowance.write(response.headers_mut());
    }
    response
}

async fn let_through(
    guard: &Guard,
    mut request: Request,
    next: Next,
    allowance: &mut Option<Allowance>,
) -> Result<Response, Refusal> {
    let plane = &guard.plane;
    if guard.waiver.holds(plane) {
        plane.admission().hold_back(plane.now())?;
        refuse_unknown(&guard.parameters, request.uri().query().unwrap_or(""))?;
        return Ok(next.run(request).await);
    }
    let peer = request.extensions().get().map(|Peer(peer)| *peer);
    let (method, headers) = (request.method(), request.headers());
    let session = caller::prove(plane, method, headers, peer).await?;
    let now = plane.now();
    let paced = plane.admission().pace(session.principal, guard.class, now);
    *allowance = paced.map_err(|over| {
        *allowance = Some(over.allowance);
        Refusal::from(over)
    })?;
    if !session.grants().allow(guard.scope) {
        return Err(Refusal::not_permitted(session.principal, guard.scope));
    }
    request.extensions_mut().insert(guard.body);
    let entry = once::enter(plane, &guard.path, &session, request).await?;
    let (mut request, attempt) = match entry {
        Entry::Repeated(response) => return Ok(response),
        Entry::Plain(request) => (request, None),
        Entry::First(request, attempt) => (request, Some(attempt)),
    };
    if guard.pace == Pace::KeyChange {
        plane.key_changes().admit(session.principal, now)?;
    }
    refuse_unknown(&guard.parameters, request.uri().query().unwrap_or(""))?;
    request.extensions_mut().insert(session);
    let Some(attempt) = attempt else {
        return Ok(next.run(request).await);
    };
    request.extensions_mut().insert(Arc::clone(&attempt));
    let response = next.run(request).await;
    Ok(once::finish(plane, &attempt, response).await)
}

/// Lets a request through to an open route, unless too many come that prove nobody.
pub(crate) async fn hold_back(
    State(plane): State<Arc<Plane>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    plane.admission().hold_back(plane.now())?;
    Ok(next.run(request).await)
}

/// Nobody mints what they do not hold: a credential that comes of `session`'s doing must not exceed its own.
pub(crate) fn hold(session: &Session, scopes: &ScopeSet) -> Result<(), Refusal> {
    match session.grants().first_beyond(scopes) {
        None => Ok(()),
        Some(beyond) => Err(Refusal::beyond_scope(beyond)),
    }
}

fn refuse_unknown(known: &[String], query: &str) -> Result<(), Refusal> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Refusal::new(ErrorCode::InvalidParameter, "the query cannot be read"))?;
    let Some((name, _)) = pairs.iter().find(|(name, _)| !known.contains(name)) else {
        return Ok(());
    };
    let detail = format!(
        "the parameter {} is not known here",
        crate::extract::quoted(name)
    );
    Err(match known {
        [] => Refusal::new(ErrorCode::UnknownParameter, detail).fix("send no query parameters"),
        names => Refusal::new(ErrorCode::UnknownParameter, detail)
            .fix(format!("use only: {}", names.join(", "))),
    })
}
