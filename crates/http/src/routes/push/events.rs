//! Tells of events to those who cannot open a WebSocket.

use crate::error::Refusal;
use crate::extract::{Actor, Params};
use crate::push::{Press, stream};
use crate::wire;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use portunus_api::ErrorCode;
use portunus_api::push::PushQuery;
use portunus_app::push::{MOST_UNREAD, NotOpened, Subscription, Tokens, Topic, Wanted, Window};
use portunus_app::{Plane, Session};
use portunus_core::message::terms::{LONGEST_VISIBILITY_MS, SHORTEST_VISIBILITY_MS, VISIBILITY_MS};
use portunus_core::push::Line;
use std::sync::Arc;

const LAST_EVENT_ID: &str = "last-event-id";

/// Hear of events
///
/// Server-sent events: `hello`, the full state, `synced`, and what happens then, as `docs/push.md` describes it. Acknowledge
/// them with `POST /api/v1/push/ack`, or they stop coming.
#[utoipa::path(
    get,
    path = "/api/v1/push/events",
    operation_id = "push_events",
    tag = "push",
    params(PushQuery),
    responses((status = 200, description = "Events, until one of the two ends it", body = String, content_type = "text/event-stream"))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Extension(press): Extension<Arc<Press>>,
    Actor(session): Actor,
    headers: HeaderMap,
    Params(query): Params<PushQuery>,
) -> Result<Response, Refusal> {
    if plane.is_draining() {
        let refusal = Refusal::new(ErrorCode::Draining, "the plane is shutting down");
        return Err(refusal.retry_after_ms(1_000));
    }
    let wanted = wanted(&headers, &query)?;
    let line = Line::one_way(plane.push().terms(), plane.tick());
    let opened = Subscription::open(&plane, session.clone(), line, wanted).await;
    let subscription = opened.map_err(|error| not_opened(&plane, &session, error))?;
    let mut response = Response::new(Body::new(stream(plane, press, subscription)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn wanted(headers: &HeaderMap, query: &PushQuery) -> Result<Wanted, Refusal> {
    let invalid = |detail: String| Refusal::new(ErrorCode::InvalidParameter, detail);
    let visibility_ms = query.visibility_ms.unwrap_or(VISIBILITY_MS);
    if !(SHORTEST_VISIBILITY_MS..=LONGEST_VISIBILITY_MS).contains(&visibility_ms) {
        let detail =
            format!("visibility_ms must be {SHORTEST_VISIBILITY_MS} to {LONGEST_VISIBILITY_MS}");
        return Err(invalid(detail));
    }
    let window = Window::of(query.max_unread);
    let window = window.ok_or_else(|| invalid(format!("max_unread must be 1 to {MOST_UNREAD}")))?;
    let topics = query
        .topics
        .as_deref()
        .map(|list| list.split(',').map(topic).collect());
    let cursor = match headers.get(LAST_EVENT_ID) {
        Some(id) => Some(id.to_str().unwrap_or_default()),
        None => query.cursor.as_deref(),
    };
    Ok(Wanted {
        topics: topics.transpose()?,
        cursor: cursor.map(str::to_owned),
        tokens: match query.access_token {
            Some(true) => Tokens::Kept,
            Some(false) | None => Tokens::AsItCame,
        },
        visibility_ms,
        window,
    })
}

fn topic(name: &str) -> Result<Topic, Refusal> {
    let topic = serde_json::from_value(name.trim().into());
    topic.map(wire::push::asked).map_err(|_| {
        let detail = "topics names something that nobody tells of";
        Refusal::new(ErrorCode::InvalidParameter, detail).fix(
            "use inbox, agents, boards, notifications and deliveries, with commas between them",
        )
    })
}

fn not_opened(plane: &Plane, session: &Session, error: NotOpened) -> Refusal {
    let detail = error.to_string();
    match error {
        NotOpened::Scope(scope) => Refusal::lacking(plane, session, scope),
        NotOpened::NoInbox => Refusal::new(ErrorCode::NotAnAgent, detail)
            .fix("leave inbox out of topics, or use the token of an agent"),
        NotOpened::Full(_) => {
            Refusal::new(ErrorCode::TooManyConnections, detail).retry_after_ms(crate::push::FULL_MS)
        }
        NotOpened::BadCursor(_) => Refusal::new(ErrorCode::BadCursor, detail),
        NotOpened::Failure(failure) => failure.into(),
    }
}
