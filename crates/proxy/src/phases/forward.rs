//! Fourth phase: one attempt. It sends the request with the lease's key and reads just enough of the answer to
//! know what it is; until the first semantic event nothing has been shown to the client, and another may follow.

use super::relay::OpenStream;
use super::{bind, settle};
use crate::alarm::{within, within_looks};
use crate::call::Call;
use crate::provider::Fields;
use crate::provider::answer::{Answer, status_inside};
use crate::provider::credential::Credential;
use crate::provider::headers;
use crate::provider::repeated;
use crate::provider::sse;
use crate::provider::usage::{self, NoAnswer};
use crate::shared::Outage;
use crate::upstream::{Answered, Outgoing, UpstreamBody};
use crate::upstream_answer::{ERROR_BODY_BYTES, Silence, UpstreamAnswer};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use portunus_app::pools::Lease;
use portunus_core::pool::{Class, Observation};
use portunus_core::usage::Counted;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// An answer that belongs to the client.
pub(crate) enum Opened {
    /// A whole one.
    Whole(WholeAnswer),
    /// A stream, past its first semantic event.
    Stream(Box<OpenStream>),
}

/// A whole answer for the client.
pub(crate) struct WholeAnswer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers, already stripped of the upstream's identity and quota.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

/// An attempt that gave the client nothing.
pub(crate) struct Failed {
    /// What it must be taken for.
    pub(crate) class: Class,
    /// What was said, if anything.
    pub(crate) answer: UpstreamAnswer,
}

impl Failed {
    /// How far the trouble reaches, when it is not this request's own.
    pub(crate) const fn outage(&self) -> Option<Outage> {
        match (&self.class, &self.answer) {
            (_, UpstreamAnswer::Silent(Silence::TooLarge)) => None,
            (_, UpstreamAnswer::Silent(Silence::Unreachable(_))) => Some(Outage::OfUpstream),
            (Class::Overload { .. } | Class::Network, _) => Some(Outage::OfKey),
            _ => None,
        }
    }
}

/// However soon the client leaves, an attempt gets this long.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// Makes one attempt with `lease`. Whatever comes back is charged to this lease, however late.
pub(crate) async fn attempt(call: &mut Call, mut lease: Lease) -> Result<Opened, Failed> {
    let mut answered = match send(call, &lease).await {
        Ok(answered) => answered,
        Err(silence) => return Err(silent(&mut lease, silence)),
    };
    let status = answered.status;
    call.record.answered(status.as_u16());
    if repeats(&lease, answered.headers.values_joined()) {
        answered.headers = answered.headers.without(|_, value| repeats(&lease, value));
    }
    if status.is_redirection() {
        let silence = match status {
            // It leads nowhere; no answer of these protocols is kept by anybody.
            StatusCode::NOT_MODIFIED => Silence::Garbage,
            _ => Silence::Redirect,
        };
        return Err(silent(&mut lease, silence));
    }
    if !status.is_success() {
        return Box::pin(refused(call, lease, answered)).await;
    }
    if is_encoded(&answered.headers) {
        return Err(silent(&mut lease, Silence::Encoded));
    }
    let success = Answer {
        status: status.as_u16(),
        headers: &answered.headers,
        body: b"",
    };
    let seen = settle::read(call, &success);
    if seen.class != Class::Ok {
        lease.report(&seen);
        return Err(Failed {
            class: Class::Network,
            answer: UpstreamAnswer::Silent(Silence::Garbage),
        });
    }
    if is_event_stream(&answered.headers) && call.endpoint.may_stream() {
        lease.report_windows(&seen.windows);
        let Answered { headers, body, .. } = answered;
        return Box::pin(OpenStream::open(call, lease, headers, Bytes::new(), body)).await;
    }
    if call.streams() && is_unnamed(&answered.headers) {
        return Box::pin(unnamed(call, lease, answered, seen)).await;
    }
    whole(call, lease, Bytes::new(), answered, seen).await
}

/// What does not say what it is, for a client that wants events: SDKs take it for them, and so do we when it begins so.
async fn unnamed(
    call: &mut Call,
    mut lease: Lease,
    mut answered: Answered,
    seen: Observation,
) -> Result<Opened, Failed> {
    let idle = call.door.settings.now().idle_timeout;
    let mut begun = BytesMut::new();
    let is_stream = loop {
        if let Some(known) = sse::begins(&begun) {
            break known;
        }
        match within(idle, answered.body.frame()).await {
            None => return Err(silent(&mut lease, Silence::TimedOut)),
            Some(None) => break false,
            Some(Some(Err(_))) => return Err(silent(&mut lease, Silence::BrokeOff)),
            Some(Some(Ok(frame))) => {
                begun.extend_from_slice(&frame.into_data().unwrap_or_default());
            }
        }
    };
    if !is_stream {
        return whole(call, lease, begun.freeze(), answered, seen).await;
    }
    lease.report_windows(&seen.windows);
    let Answered { headers, body, .. } = answered;
    OpenStream::open(call, lease, headers, begun.freeze(), body).await
}

/// A whole answer under a success's status, whose head said `seen`: that counts once it is known what the body is.
/// `begun` has been read of it already.
async fn whole(
    call: &mut Call,
    mut lease: Lease,
    begun: Bytes,
    answered: Answered,
    seen: Observation,
) -> Result<Opened, Failed> {
    let Answered {
        status,
        headers,
        body,
    } = answered;
    let limits = call.door.settings.now();
    let read = read_whole(begun, body, limits.answer_limit, limits.idle_timeout).await;
    let judged = read
        .map_err(NoUse::Silent)
        .and_then(|body| judge(call, &lease, body));
    match judged {
        Ok((body, used)) => {
            lease.report(&seen);
            call.record.first_byte();
            if let Some(used) = used {
                call.record.used(used);
            }
            bind::remember_answer(call, lease.key(), &body);
            Ok(Opened::Whole(WholeAnswer {
                status,
                headers: headers::for_client(&headers),
                body,
            }))
        }
        Err(no_use) => {
            lease.report_windows(&seen.windows);
            Err(match no_use {
                NoUse::Silent(silence) => silent(&mut lease, silence),
                NoUse::Failure(body) => failed_inside(call, &mut lease, headers, &body),
            })
        }
    }
}

/// Why a whole answer under a success's status is of no use.
enum NoUse {
    Silent(Silence),
    /// The provider's error.
    Failure(Bytes),
}

/// What a whole answer comes to, and what it used; it is looked at once.
fn judge(call: &Call, lease: &Lease, body: Bytes) -> Result<(Bytes, Option<Counted>), NoUse> {
    let garbage = Err(NoUse::Silent(Silence::Garbage));
    match usage::read(call.endpoint, &body, call.expected) {
        Ok(_) if repeats(lease, &body) => garbage,
        // Who asked for events finds none in it, and would take it for an answer without words.
        Ok(_) if call.streams() => garbage,
        Ok(used) => Ok((body, used)),
        Err(NoAnswer::Failure) => Err(NoUse::Failure(body)),
        // It would crash the client's parser.
        Err(NoAnswer::NotJson | NoAnswer::Foreign) => garbage,
    }
}

/// An error under a success's status: taken for what it says, with the status that it should have had.
fn failed_inside(call: &Call, lease: &mut Lease, headers: Fields, body: &Bytes) -> Failed {
    let struck = repeated::struck_out(body, lease.secret().expose().as_bytes());
    let body = struck.as_ref().unwrap_or(body);
    let body = body.slice(..body.len().min(ERROR_BODY_BYTES));
    let class = settle::failed_inside(call, lease, &headers, &body);
    let status = status_inside(call.protocol, &body);
    let answer = UpstreamAnswer::Said {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        headers,
        body,
    };
    Failed { class, answer }
}

/// Charges an attempt without an answer.
pub(crate) fn silent(lease: &mut Lease, silence: Silence) -> Failed {
    Failed {
        class: settle::silent(lease),
        answer: UpstreamAnswer::Silent(silence),
    }
}

async fn send(call: &Call, lease: &Lease) -> Result<Answered, Silence> {
    let credential = Credential::new(call.protocol, &call.headers, lease.secret())
        .map_err(|_| Silence::Unsendable)?;
    let outgoing = Outgoing {
        method: &call.method,
        base_url: lease.base_url(),
        target: &call.target,
        headers: &call.headers,
        credential: &credential,
        body: &call.body,
    };
    let settings = call.door.settings.now();
    let patience = match (call.streams(), call.client_leaves) {
        (true, _) => settings.first_byte_timeout,
        (false, None) => settings.answer_timeout,
        // An honest error is of use only to a client that is still there.
        (false, Some(leaves)) => {
            let left = leaves.saturating_duration_since(Instant::now().into_std());
            settings.answer_timeout.min(left.max(LEAST_PATIENCE))
        }
    };
    let mut sending = pin!(call.door.upstream.send(outgoing));
    match within_looks(patience, call.looks_again, sending.as_mut()).await {
        Some(Ok(answered)) => Ok(answered),
        Some(Err(error)) => {
            // Once for every attempt: a person who looks for the reason has only this.
            tracing::warn!(
                request_id = %call.record.id(),
                pool = %lease.pool().settings().name,
                key = %lease.label(),
                cause = causes(&error),
                "the upstream did not answer"
            );
            Err(Silence::from(&error))
        }
        None => Err(Silence::TimedOut),
    }
}

/// An error and what caused it, outermost first.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// An answer without success: the client's fault goes to the client, everything else is ours to mend.
async fn refused(call: &mut Call, mut lease: Lease, answered: Answered) -> Result<Opened, Failed> {
    let Answered {
        status, headers, ..
    } = answered;
    let mut body = read_beginning(answered.body, ERROR_BODY_BYTES, Duration::from_secs(10)).await;
    if is_encoded(&headers) {
        // What stands in a compression that was not asked for says nothing; status and headers do.
        body = Bytes::new();
    } else if let Some(struck) = repeated::struck_out(&body, lease.secret().expose().as_bytes()) {
        // An upstream that repeats its key in an error would hand it to the agent (P11).
        body = struck;
    }
    let answer = Answer {
        status: status.as_u16(),
        headers: &headers,
        body: &body,
    };
    let class = settle::answered(call, &mut lease, &answer);
    let answer = UpstreamAnswer::Said {
        status,
        headers,
        body,
    };
    Err(Failed { class, answer })
}

/// Whether bytes of an answer hold the secret of the lease that it came for (P11).
fn repeats(lease: &Lease, bytes: &[u8]) -> bool {
    repeated::holds(bytes, lease.secret().expose().as_bytes())
}

fn is_encoded(headers: &Fields) -> bool {
    headers
        .all("content-encoding")
        .any(|value| !value.eq_ignore_ascii_case(b"identity"))
}

fn is_unnamed(headers: &Fields) -> bool {
    headers.get("content-type").is_none_or(<[u8]>::is_empty)
}

fn is_event_stream(headers: &Fields) -> bool {
    headers
        .get("content-type")
        .and_then(|value| value.get(..17))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}

async fn read_whole(
    mut first: Bytes,
    mut body: UpstreamBody,
    limit: usize,
    idle: Duration,
) -> Result<Bytes, Silence> {
    let mut whole = BytesMut::new();
    loop {
        let frame = match within(idle, body.frame()).await {
            None => return Err(Silence::TimedOut),
            Some(None) => break,
            Some(Some(Err(_))) => return Err(Silence::BrokeOff),
            Some(Some(Ok(frame))) => frame,
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if first.len() + whole.len() + piece.len() > limit {
            return Err(Silence::TooLarge);
        }
        if first.is_empty() && whole.is_empty() {
            first = piece;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// Reads up to `limit` bytes within `patience`; a body that breaks off or trickles is read as far as it came.
async fn read_beginning(mut body: UpstreamBody, limit: usize, patience: Duration) -> Bytes {
    let mut whole = BytesMut::new();
    let end = Instant::now() + patience;
    while let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await {
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let room = limit - whole.len();
        whole.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if whole.len() == limit {
            break;
        }
    }
    whole.freeze()
}
