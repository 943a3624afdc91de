//! How a WebSocket begins: the challenge, and `connect`, which says who is there and what they want.

use super::conversation::{Parting, Visitor, answer, passed_over};
use super::frames::{self, Said};
use super::refusals::{of_admission, of_breach, of_drain, of_opening, refused};
use super::socket::Socket;
use crate::lobby::Guest;
use crate::wire;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use portunus_api::push::{Challenge, Connect, PROTOCOL, PushError, PushErrorCode, ServerFrame};
use portunus_app::entropy;
use portunus_app::push::{MOST_UNREAD, SPREAD_MS, Subscription, Tokens, Wanted, Window};
use portunus_app::{AuthError, Session};
use portunus_core::agent::Principal;
use portunus_core::base62;
use portunus_core::message::terms::{LONGEST_VISIBILITY_MS, SHORTEST_VISIBILITY_MS, VISIBILITY_MS};
use portunus_core::push::{Breach, Line};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Longest name of a client, in characters.
const LONGEST_CLIENT: usize = 80;

/// Finds out who is there.
pub(super) async fn greet<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: &Visitor,
    guest: &Guest,
    socket: &mut Socket<T>,
) -> Result<Subscription, Parting> {
    let plane = &visitor.plane;
    let terms = plane.push().terms();
    let line = Line::challenged(terms, plane.tick());
    let nonce = nonce()?;
    let challenge = ServerFrame::Challenge(Challenge {
        nonce: nonce.clone(),
        protocols: vec![PROTOCOL],
        connect_within_ms: terms.connect_within_ms,
        now: wire::time::rfc3339(plane.now()),
    });
    answer(socket, &challenge).await?;
    let patience = Duration::from_millis(terms.connect_within_ms);
    let draining = plane.draining();
    tokio::select! {
        // Whoever has spoken already is not silent, however full the lobby is.
        biased;
        connect = connect_frame(socket, &line) => open(visitor, line, &nonce, connect?).await.map_err(Parting::Refused),
        () = tokio::time::sleep(patience) => Err(of_breach(Breach::ConnectTimeout).into()),
        () = guest.must_leave() => Err(of_breach(Breach::ConnectTimeout).into()),
        () = draining.cancelled() => Err(of_drain(SPREAD_MS / 2).into()),
    }
}

/// Reads until a `connect` comes that can be read.
async fn connect_frame<T: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<T>,
    line: &Line,
) -> Result<Connect, Parting> {
    loop {
        let message = socket.read().await?;
        let Some(text) = passed_over(socket, message)? else {
            socket.flush().await?;
            continue;
        };
        match frames::read(&text) {
            Ok(frame) => match frame.said {
                Said::Connect(connect) => return Ok(*connect),
                _ => line.ask().map_err(of_breach)?,
            },
            Err(error) if error.code == PushErrorCode::UnknownFrame => {
                return Err(of_breach(Breach::ConnectFirst).into());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn open(
    visitor: &Visitor,
    mut line: Line,
    nonce: &str,
    connect: Connect,
) -> Result<Subscription, PushError> {
    let plane = &visitor.plane;
    line.connect().map_err(of_breach)?;
    if connect.protocol != PROTOCOL {
        let detail = format!("this plane speaks version {PROTOCOL} of the protocol");
        return Err(refused(PushErrorCode::UnsupportedProtocol, detail));
    }
    if connect.nonce != nonce {
        return Err(refused(
            PushErrorCode::WrongNonce,
            "the nonce is not the challenge's",
        ));
    }
    let wanted = wanted(&connect)?;
    let session = session(visitor, &connect).await?;
    if let Some(agent) = &connect.agent {
        let id = match session.principal {
            Principal::Agent(id) => id.to_string(),
            Principal::Operator(id) => id.to_string(),
        };
        // What the frame says is believed by nobody (P6).
        if *agent != **session.name() && *agent != id {
            let detail = "the credential proves somebody else than the frame names";
            return Err(refused(PushErrorCode::WrongAgent, detail));
        }
    }
    tracing::debug!(name = %session.name(), kid = %session.kid, client = connect.client.as_deref().unwrap_or(""), "connected");
    let opened = Subscription::open(plane, session.clone(), line, wanted).await;
    let mut subscription = opened.map_err(|error| of_opening(plane, &session, error))?;
    subscription.hear();
    Ok(subscription)
}

fn wanted(connect: &Connect) -> Result<Wanted, PushError> {
    let invalid = |detail: String| refused(PushErrorCode::InvalidFrame, detail);
    if connect
        .client
        .as_ref()
        .is_some_and(|name| name.chars().count() > LONGEST_CLIENT)
    {
        return Err(invalid(format!(
            "the member client has more than {LONGEST_CLIENT} characters"
        )));
    }
    let visibility_ms = connect.visibility_ms.unwrap_or(VISIBILITY_MS);
    if !(SHORTEST_VISIBILITY_MS..=LONGEST_VISIBILITY_MS).contains(&visibility_ms) {
        let detail = format!(
            "the member visibility_ms must be {SHORTEST_VISIBILITY_MS} to {LONGEST_VISIBILITY_MS}"
        );
        return Err(invalid(detail));
    }
    let window = Window::of(connect.max_unread);
    let window = window
        .ok_or_else(|| invalid(format!("the member max_unread must be 1 to {MOST_UNREAD}")))?;
    let topics = connect.topics.as_ref();
    Ok(Wanted {
        topics: topics.map(|topics| topics.iter().copied().map(wire::push::asked).collect()),
        cursor: connect.cursor.clone(),
        tokens: match connect.access_token {
            Some(true) => Tokens::Kept,
            Some(false) | None => Tokens::AsItCame,
        },
        visibility_ms,
        window,
    })
}

/// By the frame's credential, or else by that of the request.
async fn session(visitor: &Visitor, connect: &Connect) -> Result<Session, PushError> {
    match (&connect.token, &visitor.session) {
        (Some(token), _) if visitor.contradicts(token.expose()) => {
            let two = visitor
                .plane
                .turn_away(AuthError::TwoTokens, &visitor.headers, visitor.peer);
            Err(of_admission(&two, Some(token.expose())))
        }
        (Some(token), _) => prove(visitor, token.expose()).await,
        (None, Some(session)) => Ok(session.clone()),
        (None, None) => Err(of_admission(&AuthError::Missing.into(), None)),
    }
}

/// Proves who has a credential that came in a frame. What fails counts against where the connection came from.
pub(super) async fn prove(visitor: &Visitor, token: &str) -> Result<Session, PushError> {
    let admitted = match HeaderValue::try_from(format!("Bearer {token}")) {
        Ok(value) => {
            let mut headers = visitor.headers.clone();
            headers.insert(AUTHORIZATION, value);
            visitor.plane.admit(&headers, visitor.peer).await
        }
        Err(_) => {
            let wrong = AuthError::Mangled;
            Err(visitor
                .plane
                .turn_away(wrong, &visitor.headers, visitor.peer))
        }
    };
    admitted.map_err(|error| of_admission(&error, Some(token)))
}

fn nonce() -> Result<String, PushError> {
    let bytes: Result<[u8; 16], _> = entropy::draw();
    let bytes = bytes.map_err(|error| refused(PushErrorCode::Internal, error.to_string()))?;
    Ok(base62::encode(&bytes, 22))
}
