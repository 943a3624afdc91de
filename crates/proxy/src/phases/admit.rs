//! Second phase: may this principal ask, and so often, is the request whole, and which of its fields steer it.

use crate::call::Call;
use crate::provider::endpoint::Endpoint;
use crate::provider::repeated::looks_secret;
use crate::provider::steering::{Steering, steer};
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::uploads::{self, Upload};
use bytes::{Bytes, BytesMut};
use futures_util::future::poll_immediate;
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use portunus_app::admission::Allowance;
use portunus_app::admission::bodies::Arriving;
use portunus_app::pools::PoolHandle;
use portunus_app::{Plane, Session};
use portunus_core::admission::Class;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::scope::{CALL, ScopeSet, Target};
use std::io;
use std::pin::pin;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The agent that asks, if it may call any model at all.
pub(crate) fn permit(session: &Session) -> Result<AgentId, Refusal> {
    match session.principal {
        Principal::Agent(agent) if session.grants().allow_somewhere(CALL) => Ok(agent),
        Principal::Agent(_) => Err(Refusal::beyond_scope()),
        Principal::Operator(_) => Err(Refusal::not_an_agent()),
    }
}

/// Whether it may call this model of this pool. A pool's fallback serves in its name, because an operator said so.
pub(crate) fn within_scope(
    grants: &ScopeSet,
    pool: &PoolHandle,
    endpoint: Endpoint,
    steering: &Steering,
) -> Result<(), Refusal> {
    if grants.allow(CALL) {
        return Ok(());
    }
    let settings = pool.settings();
    let target = Target {
        pool: settings.name.as_str(),
        // A look at the list of models uses none.
        model: endpoint.has_body().then_some(steering.model.as_str()),
    };
    if grants.allow_on(CALL, target) {
        Ok(())
    } else {
        Err(Refusal::beyond_scope())
    }
}

/// Whether the agent still holds what its call needs, after the call has waited: its scopes may have been replaced
/// meanwhile (P5). Access tokens that hold more than it does now have ended, and their calls with them.
pub(crate) fn still_within_scope(call: &Call) -> Result<(), Refusal> {
    let holds = call.door.plane.holdings(Principal::Agent(call.agent));
    let holds = holds.ok_or_else(Refusal::revoked)?;
    within_scope(&holds, &call.pool, call.endpoint, &call.steering)
}

/// Lets the request in by the quota of its principal, and tells what is left of that.
pub(crate) fn pace(
    plane: &Plane,
    session: &Session,
    allowance: &mut Option<Allowance>,
) -> Result<(), Refusal> {
    let admission = plane.admission();
    match admission.pace(session.principal, Class::Llm, plane.tick()) {
        Ok(left) => {
            *allowance = left;
            Ok(())
        }
        Err(over) => {
            *allowance = Some(over.allowance);
            Err(Refusal::over_quota(&over))
        }
    }
}

/// Reads the whole body. Whoever takes their time over it is judged by what they hold once it is there (P5), and does not
/// take it for ever.
pub(crate) async fn arrived<B>(
    door: &Shared,
    (session, agent): (&mut Session, AgentId),
    headers: &HeaderMap,
    body: B,
) -> Result<Upload, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let settings = door.settings.now();
    let shares = uploads::shares(settings.body_limit);
    let arriving = (door.state.bodies()).arriving(Principal::Agent(agent), shares);
    let mut reading = pin!(read_body(headers, body, settings.body_limit, arriving));
    // Most bodies came with their heads, and need no second look.
    if let Some(body) = poll_immediate(reading.as_mut()).await {
        return body;
    }
    let body = tokio::time::timeout(settings.upload, reading).await;
    let body = body.map_err(|_| Refusal::upload_too_slow(settings.upload))??;
    *session = door
        .plane
        .as_it_stands(session.clone())
        .ok_or_else(Refusal::revoked)?;
    Ok(body)
}

/// Reads the whole body once, into bytes that every attempt shares; at most `limit` bytes are taken, and not many without
/// room for them, which they take for as long as they are held.
async fn read_body<B>(
    headers: &HeaderMap,
    body: B,
    limit: usize,
    mut arriving: Arriving<'_>,
) -> Result<Upload, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let announced = body.size_hint().lower();
    if announced > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Refusal::too_large(limit));
    }
    if headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(Refusal::encoded_body());
    }
    let announced = usize::try_from(announced).unwrap_or(limit);
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error.into()))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let length = first.len() + whole.len() + piece.len();
        if length > limit {
            return Err(Refusal::too_large(limit));
        }
        arriving
            .reach(announced.max(length))
            .map_err(|full| Refusal::no_room_for_body(full, limit))?;
        if first.is_empty() && whole.is_empty() && announced <= length {
            first = piece;
            continue;
        }
        // Copied and given back piece by piece, so that the connection reads the next one into the same memory.
        if whole.is_empty() {
            whole.reserve(announced.max(length));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&piece);
    }
    let bytes = match whole.is_empty() {
        true => first,
        false => whole.freeze(),
    };
    let room = arriving.arrived(bytes.len());
    Ok(Upload::new(bytes, room))
}

/// Why a body broke off: a client that stopped may try again, one that frames it wrongly should not.
fn broken(error: &BoxError) -> Refusal {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        ) {
            return Refusal::broken_framing();
        }
        cause = error.source();
    }
    Refusal::body_stopped()
}

/// Reads the fields that steer the request; the rest of the body is only checked to be JSON.
pub(crate) fn steering(
    endpoint: Endpoint,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Steering, Refusal> {
    let steering = steer(endpoint, headers, body).map_err(|error| Refusal::bad_body(&error))?;
    if looks_secret(&steering.model) {
        return Err(Refusal::secret_as_model());
    }
    Ok(steering)
}
