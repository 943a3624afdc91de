//! Stands before every guarded route: proves who acts, judges class limit, scope and pace, answers repetitions, and
//! refuses unknown parameters.
//!
//! In the order of DESIGN "Admission": verify, class limit, scope, work. The handler gets the session and nothing
//! else to learn from who acts (P6). Before open routes stands only the limit of all unverified requests together.

use crate::caller;
use crate::error::{Refusal, suggest};
use crate::extract::{BodyLimit, read_of};
use crate::listen::Peer;
use crate::once::{self, Arrived, Entry};
use crate::parameters::Parameters;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use portunus_app::admission::Allowance;
use portunus_app::admission::bodies::Room;
use portunus_app::metrics::Readers;
use portunus_app::{AuthError, Plane, Session};
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
    /// The query parameters that the route documents.
    pub(crate) parameters: Parameters,
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
    request: Request,
    next: Next,
    allowance: &mut Option<Allowance>,
) -> Result<Response, Refusal> {
    let plane = &guard.plane;
    if guard.waiver.holds(plane) {
        plane.admission().hold_back(plane.tick())?;
        guard.parameters.refuse_unknown(request.uri().query())?;
        return Ok(next.run(request).await);
    }
    let peer = request.extensions().get().map(|Peer(peer)| *peer);
    let (method, headers) = (request.method(), request.headers());
    let session = caller::prove(plane, method, headers, peer).await?;
    let now = plane.now();
    let tick = plane.tick();
    let paced = plane.admission().pace(session.principal, guard.class, tick);
    *allowance = paced.map_err(|over| {
        *allowance = Some(over.allowance);
        Refusal::from(over)
    })?;
    within_scope(&session, guard.scope)?;
    // Until the answer is there: the body has become something else by then, which is hardly smaller.
    let (session, request, room) = arrived(guard, session, request).await?;
    let entry = once::enter(plane, &guard.path, &session, request).await?;
    let (mut request, attempt) = match entry {
        Entry::Repeated(response) => return Ok(response),
        Entry::Plain(request) => (request, None),
        Entry::First(request, attempt) => (request, Some(attempt)),
    };
    if guard.pace == Pace::KeyChange {
        plane.key_changes().admit(session.principal, now)?;
    }
    guard.parameters.refuse_unknown(request.uri().query())?;
    request.extensions_mut().insert(session.clone());
    if let Some(attempt) = &attempt {
        request.extensions_mut().insert(Arc::clone(attempt));
    }
    if let Some(room) = &room {
        request.extensions_mut().insert(Arc::clone(room));
    }
    let mut response = next.run(request).await;
    suggest(plane, &session, &mut response).await;
    let Some(attempt) = attempt else {
        return Ok(response);
    };
    Ok(once::finish(plane, &attempt, response).await)
}

/// Reads the body of a change, which may take its time, and judges whoever asks by what they hold once it is there (P5).
async fn arrived(
    guard: &Guard,
    session: Session,
    request: Request,
) -> Result<(Session, Arrived, Option<Arc<Room>>), Refusal> {
    if !once::changes(request.method()) {
        return Ok((session, Arrived::Look(request), None));
    }
    let (parts, body) = request.into_parts();
    let reading = read_of(session.principal, &guard.plane, (&parts, body), guard.body);
    let (body, room) = reading.await?;
    let is_session = session.is_session();
    let session = guard.plane.as_it_stands(session);
    let session = session.ok_or_else(|| match is_session {
        true => Refusal::of_session(AuthError::Revoked),
        false => AuthError::Revoked.into(),
    })?;
    within_scope(&session, guard.scope)?;
    Ok((session, Arrived::Change(parts, body), room.map(Arc::new)))
}

fn within_scope(session: &Session, scope: Scope) -> Result<(), Refusal> {
    match session.grants().allow(scope) {
        true => Ok(()),
        false => Err(Refusal::not_permitted(session.principal, scope)),
    }
}

/// Lets a request through to an open route, unless too many come that prove nobody.
pub(crate) async fn hold_back(
    State(plane): State<Arc<Plane>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    plane.admission().hold_back(plane.tick())?;
    Ok(next.run(request).await)
}

/// Lets a request through to a route that finds out itself who asks, unless its query names what is not known there.
pub(crate) async fn read_strictly(
    State(parameters): State<Parameters>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    parameters.refuse_unknown(request.uri().query())?;
    Ok(next.run(request).await)
}

/// Nobody mints what they do not hold: a credential that comes of `session`'s doing must not exceed its own.
pub(crate) fn hold(session: &Session, scopes: &ScopeSet) -> Result<(), Refusal> {
    match session.grants().first_beyond(scopes) {
        None => Ok(()),
        Some(beyond) => Err(Refusal::beyond_scope(beyond)),
    }
}
