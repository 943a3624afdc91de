//! Fifth phase: a stream on its way to the client. Events pass as they came; a stream that breaks ends with the
//! protocol's own error event and a cut connection, never cleanly.

use super::forward::{Failed, Opened, silent};
use super::source::{Piece, Source};
use super::{bind, settle};
use crate::body::{Ending, Outlet};
use crate::call::{Call, UsageChunk};
use crate::on_call::OnCall;
use crate::provider::endpoint::Endpoint;
use crate::provider::error_shape::Position;
use crate::provider::finish::Finished;
use crate::provider::keepalive::{Progress, keepalive};
use crate::provider::phase::{EventPhase, phase};
use crate::provider::repeated;
use crate::provider::sse::Event;
use crate::provider::usage_option;
use crate::provider::{Fields, headers};
use crate::refusal::Refusal;
use crate::upstream::UpstreamBody;
use crate::upstream_answer::{Silence, UpstreamAnswer};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use portunus_app::pools::Lease;
use portunus_core::decision::Outcome;
use portunus_core::pool::Class;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How long the connection gets to write the last event before it is cut.
pub(crate) const FLUSH: Duration = Duration::from_millis(25);
/// How much of a stream is held back until its first semantic event.
const HELD_BYTES: usize = 1024 * 1024;
const HELD_EVENTS: usize = 1_000;
/// Events are gathered into writes of about this size, in bytes.
const RUN_BYTES: usize = 32 * 1024;

/// A stream past its first semantic event: nothing of it may be repeated by another attempt.
pub(crate) struct OpenStream {
    /// Headers for the client.
    pub(crate) headers: HeaderMap,
    lease: Lease,
    source: Source,
    /// What was held back, to be sent first.
    held: Vec<Event>,
    position: Position,
    finished: Finished,
    course: Course,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Its last event is still to come.
    Running,
    /// Its last event is through.
    Complete,
    /// The upstream's error is through.
    Failed,
}

impl OpenStream {
    /// Reads an event stream up to its first semantic event. What comes before is held back, because an error may
    /// still follow inside a 200. `begun` has been read of it already.
    pub(crate) async fn open(
        call: &mut Call,
        mut lease: Lease,
        headers: Fields,
        begun: Bytes,
        body: UpstreamBody,
    ) -> Result<Opened, Failed> {
        let idle = call.door.settings.now().idle_timeout;
        let mut source = Source::new(call.endpoint, begun, body, idle);
        let mut held = Vec::new();
        let mut held_bytes = 0;
        loop {
            let event = match source.next(idle).await {
                Ok(Piece::Event(event)) => event,
                Ok(Piece::Quiet) => continue,
                Ok(Piece::End) => return Err(silent(&mut lease, Silence::BrokeOff)),
                Err(silence) => return Err(silent(&mut lease, silence)),
            };
            let event = without_key(&lease, event);
            let phase = phase(call.endpoint, &event);
            let mut course = Course::Running;
            if phase == EventPhase::Error {
                let class = failed_inside(call, &mut lease, &event);
                if class != Class::ClientFault {
                    return Err(error_inside(class, &event, headers));
                }
                // The client asked for events, and its own fault is told in the event that the upstream chose.
                course = Course::Failed;
            }
            if phase == EventPhase::Terminal {
                course = Course::Complete;
            }
            held_bytes += event.raw().len();
            held.push(event);
            // An upstream that never comes to the point is not held for ever.
            let is_long = held_bytes > HELD_BYTES || held.len() > HELD_EVENTS;
            if is_long || phase == EventPhase::Semantic || course != Course::Running {
                call.record.first_byte();
                if course != Course::Failed {
                    call.record.begin_counting(call.endpoint);
                    settle::serves(&mut lease);
                }
                let stream = Self {
                    headers: named(headers::for_client(&headers)),
                    lease,
                    source,
                    held,
                    position: Position::default(),
                    finished: Finished::default(),
                    course,
                };
                return Ok(Opened::Stream(Box::new(stream)));
            }
        }
    }

    /// Relays the stream to its end.
    pub(crate) async fn run(mut self, mut call: Box<Call>, outlet: Outlet) -> Ending {
        let warrant = call.warrant.clone();
        let door = Arc::clone(&call.door);
        call.forget_request();
        let cut_short = pin!(async {
            tokio::select! {
                biased;
                () = warrant.ended() => Refusal::revoked(),
                () = door.cut() => Refusal::draining(),
            }
        });
        let ending = tokio::select! {
            biased;
            refusal = OnCall::new(cut_short) => Err(End::Broken(refusal)),
            ending = self.relay(&mut call, &outlet) => ending,
        };
        match &ending {
            Ok(Ending::Clean) => call.record.end(Outcome::Served),
            Ok(_) | Err(End::ErrorRelayed) => call.record.end(Outcome::BrokenOff),
            Err(End::Broken(refusal)) => call.record.refused(refusal, Outcome::BrokenOff),
        }
        match ending {
            Ok(ending) => ending,
            Err(End::ErrorRelayed) => {
                tokio::time::sleep(FLUSH).await;
                Ending::Cut
            }
            Err(End::Broken(refusal)) => break_off(&call, &refusal, &self.position, &outlet).await,
        }
    }

    async fn relay(&mut self, call: &mut Call, outlet: &Outlet) -> Result<Ending, End> {
        let mut run = Run::default();
        for event in std::mem::take(&mut self.held) {
            self.pass(call, event, &mut run);
        }
        outlet.send(run.bytes).await;
        match self.course {
            Course::Running => {}
            Course::Failed if !ends_with_its_error(call.endpoint) => return Err(End::ErrorRelayed),
            course => self.wind_up(call, course),
        }
        let pause = call.door.settings.now().keepalive;
        loop {
            match self.source.next(pause).await {
                Ok(Piece::Quiet) if self.course != Course::Running => {}
                Ok(Piece::Quiet) => outlet.send(keepalive(call.endpoint, Progress::Begun)).await,
                Ok(Piece::Event(event)) => {
                    let run = self.gather(call, event);
                    outlet.send(run.bytes).await;
                    if let Some(end) = run.end {
                        return Err(end);
                    }
                }
                ended => match (self.course, ended) {
                    (Course::Complete, _) => return Ok(Ending::Clean),
                    (Course::Failed, _) => return Ok(Ending::Failed),
                    (Course::Running, Err(silence)) => {
                        return Err(lost(call, &mut self.lease, silence));
                    }
                    (Course::Running, Ok(_)) if self.is_finished(call) => {
                        self.wind_up(call, Course::Complete);
                        return Ok(Ending::Clean);
                    }
                    (Course::Running, Ok(_)) => {
                        return Err(lost(call, &mut self.lease, Silence::BrokeOff));
                    }
                },
            }
        }
    }

    /// Puts the events that are there into one write. What came before an end is written all the same.
    fn gather(&mut self, call: &mut Call, first: Event) -> Run {
        let mut run = Run::default();
        let mut next = Some(first);
        while let Some(event) = next {
            let event = without_key(&self.lease, event);
            match phase(call.endpoint, &event) {
                // What an error says is heard once; some providers say it in two events.
                EventPhase::Error if self.course == Course::Failed => {}
                EventPhase::Error => run.end = self.failed_inside(call, &event),
                EventPhase::Terminal => self.wind_up(call, Course::Complete),
                EventPhase::Handshake | EventPhase::Ping | EventPhase::Semantic => {}
            }
            if !matches!(run.end, Some(End::Broken(_))) {
                self.pass(call, event, &mut run);
            }
            if run.end.is_some() || run.bytes.len() >= RUN_BYTES {
                break;
            }
            next = self.source.at_hand().unwrap_or_else(|silence| {
                run.end = Some(lost(call, &mut self.lease, silence));
                None
            });
        }
        run
    }

    /// Adds one event to what is written next, unless only we asked for it.
    fn pass(&mut self, call: &mut Call, event: Event, run: &mut Run) {
        call.record.count(&event);
        bind::remember(call, self.lease.key(), &event);
        if call.usage == UsageChunk::Drop && self.is_ours_alone(call, &event.data()) {
            return;
        }
        self.position.sent(call.endpoint, &event);
        if call.endpoint == Endpoint::ChatCompletions {
            self.finished.absorb(&event);
        }
        run.add(event.into_raw());
    }

    /// Whether a chunk came only because we asked for usage.
    fn is_ours_alone(&self, call: &Call, data: &[u8]) -> bool {
        usage_option::is_usage_only(data)
            || self.is_finished(call) && usage_option::has_no_choices(data)
    }

    /// Whether a stream that ended cleanly misses nothing but its last event.
    fn is_finished(&self, call: &Call) -> bool {
        call.endpoint == Endpoint::ChatCompletions && self.finished.has_all(call.steering.answers)
    }

    /// The last event is through: what remains is the end of the upstream's body, which may take a moment.
    fn wind_up(&mut self, call: &mut Call, course: Course) {
        if self.course == Course::Running {
            self.course = course;
        }
        self.source.wind_up();
        call.record.end(match self.course {
            Course::Failed => Outcome::BrokenOff,
            Course::Running | Course::Complete => Outcome::Served,
        });
    }

    /// An error of the upstream's in the middle of a stream. The client may see it, unless it is about our key. `None`
    /// when more may follow.
    fn failed_inside(&mut self, call: &mut Call, event: &Event) -> Option<End> {
        match failed_inside(call, &mut self.lease, event) {
            Class::CredentialDead | Class::MoneyOut => Some(End::Broken(Refusal::broken_off(
                "lost the key that was serving it",
            ))),
            _ if ends_with_its_error(call.endpoint) => {
                self.wind_up(call, Course::Failed);
                None
            }
            _ => Some(End::ErrorRelayed),
        }
    }
}

/// The same headers, which say that it is a stream also where the upstream did not.
fn named(mut headers: HeaderMap) -> HeaderMap {
    if headers.get(CONTENT_TYPE).is_none_or(HeaderValue::is_empty) {
        let events = HeaderValue::from_static("text/event-stream");
        headers.insert(CONTENT_TYPE, events);
    }
    headers
}

/// Whether the protocol has errors for a last event, behind which its streams end cleanly. Of the other protocols a client
/// that did not look at the error would take a clean end for success.
fn ends_with_its_error(endpoint: Endpoint) -> bool {
    endpoint == Endpoint::Responses
}

/// Charges an error event. The headers before it are of the stream, and say nothing of the error.
fn failed_inside(call: &Call, lease: &mut Lease, event: &Event) -> Class {
    settle::failed_inside(call, lease, &Fields::default(), &event.data())
}

/// The event without the key that the upstream was asked with: a provider may quote it (P11).
fn without_key(lease: &Lease, event: Event) -> Event {
    let secret = lease.secret().expose().as_bytes();
    repeated::struck_out(event.raw(), secret).map_or(event, Event::read)
}

/// A stream whose upstream fell silent.
fn lost(call: &Call, lease: &mut Lease, silence: Silence) -> End {
    tracing::warn!(request_id = %call.record.id(), key = %lease.label(), %silence, "the stream was lost");
    settle::silent(lease);
    End::Broken(Refusal::broken_off(&silence.to_string()))
}

/// Several events in one write.
#[derive(Default)]
struct Run {
    bytes: Bytes,
    /// Why nothing follows it.
    end: Option<End>,
}

impl Run {
    /// One event is passed on as it is; more are copied together, since a write costs more than a copy.
    fn add(&mut self, event: Bytes) {
        if self.bytes.is_empty() {
            self.bytes = event;
            return;
        }
        let mut joined = BytesMut::from(std::mem::take(&mut self.bytes));
        joined.extend_from_slice(&event);
        self.bytes = joined.freeze();
    }
}

/// Why a stream ended without its last event.
enum End {
    /// The client has the upstream's own error event.
    ErrorRelayed,
    /// It has to be told.
    Broken(Refusal),
}

/// An error event as the first word of the upstream: nothing was shown yet, so another attempt may follow.
fn error_inside(class: Class, event: &Event, headers: Fields) -> Failed {
    let status = status_of(&class);
    let body = Bytes::copy_from_slice(&event.data());
    Failed {
        class,
        answer: UpstreamAnswer::Said {
            status,
            headers,
            body,
        },
    }
}

/// The status that an error would have had, had it come before the stream.
const fn status_of(class: &Class) -> StatusCode {
    match class {
        Class::Quota | Class::MoneyOut => StatusCode::TOO_MANY_REQUESTS,
        Class::CredentialDead => StatusCode::UNAUTHORIZED,
        Class::Entitlement(_) => StatusCode::FORBIDDEN,
        Class::Ok | Class::ClientFault => StatusCode::BAD_REQUEST,
        Class::Overload { .. } | Class::Network => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Ends an answer that has begun: the error event in the client's protocol, then a cut connection.
pub(crate) async fn break_off(
    call: &Call,
    refusal: &Refusal,
    position: &Position,
    outlet: &Outlet,
) -> Ending {
    outlet.send(refusal.event(call, position)).await;
    // The connection writes what it holds only while the body is pending; a cut at once would lose the event.
    tokio::time::sleep(FLUSH).await;
    Ending::Cut
}
