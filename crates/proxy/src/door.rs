//! The door itself: takes a request through its phases and turns what comes of it into an answer.

use crate::attempts::Tries;
use crate::body::{DoorBody, Ending, Outlet};
use crate::call::{Call, UsageChunk, Warrant};
use crate::once::{self, Answers, Asked};
use crate::phases::forward::Opened;
use crate::phases::obtain::obtain;
use crate::phases::relay::break_off;
use crate::phases::{admit, authenticate, settle};
use crate::provider::endpoint::{Endpoint, Route};
use crate::provider::error_shape::Position;
use crate::provider::family::family;
use crate::provider::headers;
use crate::provider::keepalive::{Progress, keepalive};
use crate::provider::steering::{Delivery, Steering};
use crate::provider::usage;
use crate::provider::usage_option::UsageOption;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::settings::{DoorSettings, LiveSettings};
use crate::shared::{DoorState, Shared};
use crate::uploads::Upload;
use crate::upstream::Upstream;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use portunus_app::admission::Allowance;
use portunus_app::pools::PoolHandle;
use portunus_app::{Plane, ambiguity};
use portunus_core::decision::Outcome;
use portunus_core::ids::AgentId;
use portunus_core::pool::Ask;
use portunus_core::provider_key::Protocol;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name under which every answer carries the id of its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The model door of one worker. Cloning it is cheap.
#[derive(Clone)]
pub struct Door(Arc<Shared>);

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// `upstream` must have been made in the runtime that will call this door.
    #[must_use]
    pub fn new(
        plane: Arc<Plane>,
        settings: impl Into<LiveSettings>,
        upstream: Upstream,
        state: Arc<DoorState>,
    ) -> Self {
        Self(Arc::new(Shared {
            plane,
            settings: settings.into(),
            upstream,
            state,
        }))
    }

    /// Answers one request under `/v1/` of a connection from `peer`. Every refusal has the shape of the protocol that
    /// the client speaks.
    pub async fn handle<B>(&self, request: Request<B>, peer: IpAddr) -> Response<DoorBody>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let id = self.0.plane.request_id();
        let mut record = Record::begin(Arc::clone(&self.0), id);
        let (parts, body) = request.into_parts();
        record.follows(&parts.headers);
        let route = Endpoint::match_(&parts.method, parts.uri.path(), &parts.headers);
        if let Route::Serve { endpoint, .. } = route {
            record.asks_for(endpoint.as_str());
        }
        let protocol = spoken(route);
        let mut allowance = None;
        let mut response = match self
            .receive(route, parts, body, peer, &mut record, &mut allowance)
            .await
        {
            Ok(mut admitted) => match admitted.asked.take() {
                None => self.answer(admitted.into_call(record)).await,
                // Boxed: few requests have a key, and all would have to keep room for it.
                Some(asked) => Box::pin(self.answer_once(asked, admitted, record)).await,
            },
            Err(refusal) => refuse(&refusal, protocol, &mut record),
        };
        if let Some(allowance) = allowance {
            allowance.write(response.headers_mut());
        }
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    /// What is said to a head under `/v1/` that never became a request and began so: `status` is what the listener found,
    /// 400, 408, 414 or 431. Its path, as far as it came, tells the protocol.
    #[must_use]
    pub fn unreadable(&self, status: StatusCode, beginning: &[u8]) -> Response<Bytes> {
        let id = self.0.plane.request_id();
        let is_messages = memchr::memmem::find(beginning, b" /v1/messages").is_some();
        let protocol = match is_messages {
            true => Protocol::Anthropic,
            false => Protocol::OpenAi,
        };
        let mut response = Refusal::unreadable_head(status).response(protocol, id);
        *response.status_mut() = status;
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    /// The phases before the pool is asked.
    async fn receive<B>(
        &self,
        route: Route,
        parts: http::request::Parts,
        body: B,
        peer: IpAddr,
        record: &mut Record,
        allowance: &mut Option<Allowance>,
    ) -> Result<Admitted, Refusal>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        ambiguity::refuse(parts.version, &parts.uri, &parts.headers).map_err(Refusal::ambiguous)?;
        if headers::target_holds_token(&parts.uri) {
            return Err(Refusal::token_in_url());
        }
        let mut session = authenticate::authenticate(&self.0.plane, &parts.headers, peer).await?;
        record.proven(&session);
        let (endpoint, protocol) = match route {
            Route::Serve { endpoint, protocol } => (endpoint, protocol),
            other => return Err(Refusal::no_such_route(other, &parts)),
        };
        let agent = admit::permit(&session)?;
        admit::pace(&self.0.plane, &session, allowance)?;
        if self.0.plane.is_draining() {
            return Err(Refusal::draining());
        }
        let body = admit::arrived(&self.0, (&mut session, agent), &parts.headers, body).await?;
        let steering = admit::steering(endpoint, &parts.headers, body.bytes())?;
        let pool = self
            .0
            .plane
            .pools()
            .serving(protocol)
            .ok_or_else(|| Refusal::no_pool(protocol))?;
        admit::within_scope(session.grants(), &pool, endpoint, &steering)?;
        let asked = once::asked(agent, endpoint, &parts, body.bytes())?;
        let door = self.0.clone();
        let name = Arc::clone(session.name());
        Ok(Admitted {
            door,
            asked,
            warrant: Warrant::Own(session.revoked),
            name,
            agent,
            endpoint,
            protocol,
            parts,
            body,
            steering,
            pool,
        })
    }

    /// Those in force.
    pub(crate) fn settings(&self) -> DoorSettings {
        self.0.settings.now()
    }

    /// The answers that may be given again.
    pub(crate) fn answers(&self) -> &Arc<Answers> {
        self.0.state.answers()
    }

    /// Makes the call.
    pub(crate) async fn answer(&self, call: Box<Call>) -> Response<DoorBody> {
        let open_after = self.0.settings.now().open_after;
        if !call.streams() {
            let (call, outcome) = obtain(call).await;
            return respond(call, outcome);
        }
        let endpoint = call.endpoint;
        let mut obtaining = Box::pin(obtain(call));
        match tokio::time::timeout(open_after, &mut obtaining).await {
            Ok((call, outcome)) => respond(call, outcome),
            Err(_) => {
                let keepalive_every = self.0.settings.now().keepalive;
                early(DoorBody::flow(move |outlet| async move {
                    let (call, outcome) = loop {
                        outlet.send(keepalive(endpoint, Progress::Waiting)).await;
                        match tokio::time::timeout(keepalive_every, &mut obtaining).await {
                            Ok(obtained) => break obtained,
                            Err(_) => continue,
                        }
                    };
                    resume(call, outcome, outlet).await
                }))
            }
        }
    }
}

/// A request that may ask the pool.
pub(crate) struct Admitted {
    door: Arc<Shared>,
    /// What it says of its being a repetition.
    asked: Option<Box<Asked>>,
    pub(crate) warrant: Warrant,
    name: Arc<str>,
    agent: AgentId,
    pub(crate) endpoint: Endpoint,
    pub(crate) protocol: Protocol,
    parts: http::request::Parts,
    body: Upload,
    steering: Steering,
    pool: Arc<PoolHandle>,
}

impl Admitted {
    /// The model's name, as it is recorded.
    pub(crate) fn model(&self) -> Arc<str> {
        shortened(&self.steering.model.as_str().into())
    }

    /// The call, on its way from here on.
    pub(crate) fn into_call(self, mut record: Record) -> Box<Call> {
        let Self {
            door,
            asked: _,
            warrant,
            name,
            agent,
            endpoint,
            protocol,
            parts,
            body,
            steering,
            pool,
        } = self;
        let model: Arc<str> = steering.model.as_str().into();
        record.asks_model(shortened(&model));
        let expected = usage::expected(endpoint, &steering, body.bytes().len());
        record.expects(expected);
        let family = family(protocol, &model);
        let ask = Ask {
            agent,
            family: settle::lane(endpoint, &family),
            model,
            conversation: steering.conversation,
            excluded: Vec::new(),
            avoided: Vec::new(),
            bound: None,
        };
        let headers = headers::for_upstream(&parts.headers);
        let repetition = door.state.repetition(agent, door.plane.now(), &headers);
        let began = Instant::now();
        let client_ms =
            headers::client_timeout_ms(&headers).filter(|_| steering.delivery == Delivery::Whole);
        let patience = Duration::from_millis(patience_ms(&pool, &steering, client_ms));
        let client_leaves = client_leaves(&warrant, began, client_ms);
        let (body, usage) = with_usage(body, &steering.usage);
        Box::new(Call {
            door,
            warrant,
            name,
            agent,
            endpoint,
            protocol,
            method: parts.method,
            target: parts
                .uri
                .into_parts()
                .path_and_query
                .unwrap_or(PathAndQuery::from_static("/")),
            headers,
            body,
            steering,
            expected,
            usage,
            pool,
            family,
            ask,
            deadline: began + patience,
            client_leaves,
            looks_again: began.into(),
            tries: Tries::new(repetition),
            failed_at: Vec::new(),
            failed_keys: Vec::new(),
            last: None,
            record,
        })
    }
}

/// The body as it goes out, which reports its usage where it can.
fn with_usage(body: Upload, option: &UsageOption) -> (Bytes, UsageChunk) {
    match option {
        UsageOption::Spliced(splice) => {
            let spliced = splice.apply(body.bytes());
            (body.rewritten(spliced).into_bytes(), UsageChunk::Drop)
        }
        UsageOption::Untouched => (body.into_bytes(), UsageChunk::Keep),
    }
}

/// Characters of a model's name that are recorded.
const RECORDED_CHARS: usize = 100;

/// How much earlier than its client's own time-out a plain request is told, in milliseconds.
const CLIENT_MARGIN_MS: u64 = 5_000;

/// When a client that waits for a plain answer gives up. One that has an idempotency key may come back for it.
fn client_leaves(warrant: &Warrant, began: Instant, client_ms: Option<u64>) -> Option<Instant> {
    let ms = client_ms.filter(|_| matches!(warrant, Warrant::Own(_)))?;
    Some(began + Duration::from_millis(ms.saturating_sub(CLIENT_MARGIN_MS)))
}

/// How long a request may wait for a key, in milliseconds: the pool's `max_wait`, and for plain requests no longer
/// than the client itself waits, since nobody would be there to read the answer.
fn patience_ms(pool: &PoolHandle, steering: &Steering, client_ms: Option<u64>) -> u64 {
    let max_wait = pool.settings().max_wait_ms;
    if steering.delivery == Delivery::Stream {
        return max_wait;
    }
    max_wait.min(client_ms.map_or(300_000, |ms| ms.saturating_sub(CLIENT_MARGIN_MS)))
}

/// A model's name as it is recorded: clients write it.
fn shortened(model: &Arc<str>) -> Arc<str> {
    match model.char_indices().nth(RECORDED_CHARS) {
        Some((end, _)) => model.get(..end).unwrap_or_default().into(),
        None => Arc::clone(model),
    }
}

fn respond(mut call: Box<Call>, outcome: Result<Opened, Refusal>) -> Response<DoorBody> {
    match outcome {
        Err(refusal) => refuse(&refusal, call.protocol, &mut call.record),
        Ok(Opened::Whole(answer)) => {
            call.record.shows(answer.status.as_u16());
            call.record.end(Outcome::Served);
            let mut response = Response::new(DoorBody::whole(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        Ok(Opened::Stream(stream)) => {
            call.record.shows(StatusCode::OK.as_u16());
            let headers = stream.headers.clone();
            let body = DoorBody::flow(|outlet| stream.run(call, outlet));
            let mut response = Response::new(body);
            *response.headers_mut() = headers;
            response
        }
    }
}

/// Goes on with a stream whose answer began with waiting.
async fn resume(mut call: Box<Call>, outcome: Result<Opened, Refusal>, outlet: Outlet) -> Ending {
    call.record.shows(StatusCode::OK.as_u16());
    match outcome {
        Ok(Opened::Stream(stream)) => stream.run(call, outlet).await,
        Ok(Opened::Whole(_)) => {
            let why = Refusal::broken_off("answered without streaming");
            call.record.refused(&why, Outcome::BrokenOff);
            break_off(&call, &why, &Position::default(), &outlet).await
        }
        Err(refusal) => {
            call.record.refused(&refusal, Outcome::Refused);
            break_off(&call, &refusal, &Position::default(), &outlet).await
        }
    }
}

/// The beginning of a stream that has nothing to say yet.
fn early(body: DoorBody) -> Response<DoorBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

pub(crate) fn refuse(
    refusal: &Refusal,
    protocol: Protocol,
    record: &mut Record,
) -> Response<DoorBody> {
    let response = refusal.response(protocol, record.id());
    record.shows(response.status().as_u16());
    record.refused(refusal, refusal.outcome());
    response.map(DoorBody::whole)
}

/// In which protocol a route's refusals are told.
const fn spoken(route: Route) -> Protocol {
    match route {
        Route::Serve { protocol, .. }
        | Route::MethodNotAllowed { protocol, .. }
        | Route::NotAllowed { protocol } => protocol,
        Route::DeclineUpgrade => Protocol::OpenAi,
    }
}
