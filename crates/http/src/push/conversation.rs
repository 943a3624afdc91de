//! The protocol of `docs/push.md` over one WebSocket: events go out as the client has room for them, frames come in between,
//! and the end says why.

use super::frames::{self, Frame, Said};
use super::greeting::{greet, prove};
use super::press::Press;
use super::refusals::{closing, of_breach, of_end, of_fallen, of_flaw, of_route, refused};
use super::socket::{NoMessage, Socket};
use super::{MAX_FRAME, limits, patiently};
use crate::error::Refusal;
use crate::lobby::Guest;
use crate::routes::{inbox, liveness};
use crate::wire;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use portunus_api::liveness::{Heartbeat, HeartbeatAnswer};
use portunus_api::messages::{Acknowledge, Acknowledged};
use portunus_api::push::{Asked, Nothing, Now, PushError, PushErrorCode, ServerFrame, close};
use portunus_app::liveness::beat;
use portunus_app::push::{Fallen, Subscription};
use portunus_app::{CredentialHeaders, Plane, Session};
use portunus_core::admission::Class;
use portunus_core::websocket::{Message, Opcode};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Who opened a WebSocket, before and while they are known.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) plane: Arc<Plane>,
    press: Arc<Press>,
    /// Those that say where the connection came from.
    pub(super) headers: HeaderMap,
    pub(crate) peer: Option<IpAddr>,
    /// Whom the request proved, if it brought a credential.
    pub(super) session: Option<Session>,
    /// By which it may be told from another one.
    presented: Option<Digest>,
}

impl Visitor {
    pub(crate) fn new(
        plane: Arc<Plane>,
        press: Arc<Press>,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        session: Option<Session>,
    ) -> Self {
        const ORIGINS: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-forwarded-for")];
        let mut kept = HeaderMap::new();
        for name in ORIGINS {
            for value in headers.get_all(&name) {
                kept.append(&name, value.clone());
            }
        }
        Self {
            plane,
            press,
            headers: kept,
            peer,
            session,
            presented: CredentialHeaders::of(headers).any().map(hash),
        }
    }

    /// Whether the request brought another token than this one of a frame.
    pub(super) fn contradicts(&self, token: &str) -> bool {
        let presented = self.presented.as_ref();
        presented.is_some_and(|presented| presented.as_ref() != hash(token).as_ref())
    }
}

/// Tokens are random, so nobody learns one from it.
fn hash(token: &str) -> Digest {
    digest(&SHA256, token.as_bytes())
}

/// How a conversation ends.
#[derive(Debug)]
pub(super) enum Parting {
    /// There is nobody to say goodbye to.
    Gone,
    /// The client closed.
    Closed,
    /// The plane does.
    Refused(PushError),
}

impl From<PushError> for Parting {
    fn from(error: PushError) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Parting {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<NoMessage> for Parting {
    fn from(why: NoMessage) -> Self {
        match why {
            NoMessage::Gone => Self::Gone,
            NoMessage::Flaw(flaw) => Self::Refused(of_flaw(flaw)),
        }
    }
}

/// Talks with a client until one of the two ends it.
pub(crate) async fn converse<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: Visitor,
    guest: Guest,
    io: T,
) {
    let mut socket = Socket::new(io, MAX_FRAME);
    let greeted = Box::pin(greet(&visitor, &guest, &mut socket)).await;
    drop(guest);
    let parting = match greeted {
        Ok(subscription) => serve(&visitor, subscription, &mut socket).await,
        Err(parting) => parting,
    };
    match parting {
        Parting::Gone => {}
        Parting::Closed => socket.part(None, close::NORMAL, "").await,
        Parting::Refused(error) => {
            if matches!(
                error.code,
                PushErrorCode::SlowReader | PushErrorCode::NoPong
            ) {
                visitor.plane.push().note_cut_off();
            }
            let error = closing(error);
            let code = error.code.closes_with().unwrap_or(close::PROTOCOL);
            let reason = error.code.as_str();
            let last = serde_json::to_string(&ServerFrame::Error(error)).ok();
            socket.part(last.as_deref(), code, reason).await;
        }
    }
}

/// Sends a frame now.
pub(super) async fn answer<T: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<T>,
    frame: &ServerFrame,
) -> Result<(), Parting> {
    queue(socket, frame)?;
    Ok(socket.flush().await?)
}

fn queue<T: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<T>,
    frame: &ServerFrame,
) -> Result<(), PushError> {
    let json = serde_json::to_vec(frame).map_err(unwritten)?;
    socket.queue(Opcode::Text, &json);
    Ok(())
}

/// Strings and numbers always serialise.
fn unwritten(error: serde_json::Error) -> PushError {
    refused(PushErrorCode::Internal, error.to_string())
}

/// Puts the answer that the WebSocket itself wants behind what waits to be sent, and gives the text of a message that the
/// protocol reads.
pub(super) fn passed_over<T: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<T>,
    message: Message,
) -> Result<Option<String>, Parting> {
    match message {
        Message::Text(text) => Ok(Some(text)),
        Message::Binary(_) => Err(refused(PushErrorCode::NotText, "frames are text").into()),
        Message::Close(_) => Err(Parting::Closed),
        Message::Pong(_) => Ok(None),
        Message::Ping(payload) => {
            socket.queue(Opcode::Pong, &payload);
            Ok(None)
        }
    }
}

async fn serve<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: &Visitor,
    mut subscription: Subscription,
    socket: &mut Socket<T>,
) -> Parting {
    match talk(visitor, &mut subscription, socket).await {
        Ok(never) => match never {},
        Err(parting) => parting,
    }
}

/// A conversation has no end but a parting.
enum Never {}

async fn talk<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: &Visitor,
    subscription: &mut Subscription,
    socket: &mut Socket<T>,
) -> Result<Never, Parting> {
    let plane = &visitor.plane;
    let hello = wire::push::hello(subscription, limits(plane, subscription), plane.now());
    queue(socket, &ServerFrame::Hello(Box::new(hello)))?;
    loop {
        tokio::select! {
            message = socket.read() => {
                subscription.hear();
                if let Some(text) = passed_over(socket, message?)? {
                    Box::pin(obey(visitor, subscription, socket, &text)).await?;
                }
            }
            () = subscription.wait() => {
                Box::pin(tell(visitor, subscription, socket)).await?;
            }
        }
        send(plane, subscription, socket).await?;
    }
}

/// Sends what waits. Whoever does not read for too long is cut off, and a credential that ends meanwhile is not waited for.
async fn send<T: AsyncRead + AsyncWrite + Unpin>(
    plane: &Plane,
    subscription: &Subscription,
    socket: &mut Socket<T>,
) -> Result<(), Parting> {
    tokio::select! {
        biased;
        sent = patiently(plane, socket.flush()) => Ok(sent.map_err(of_breach)??),
        () = subscription.session().revoked.cancelled() => Err(of_fallen(Fallen::Revoked).into()),
    }
}

async fn tell<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: &Visitor,
    subscription: &mut Subscription,
    socket: &mut Socket<T>,
) -> Result<(), Parting> {
    let work = subscription.work().await;
    let work = work.map_err(|end| of_end(&visitor.plane, subscription.session(), end))?;
    if work.is_ping_due {
        socket.queue(Opcode::Ping, &[]);
    }
    for event in work.events {
        let json = visitor.press.frame(event).map_err(unwritten)?;
        socket.queue(Opcode::Text, json.as_bytes());
    }
    Ok(())
}

/// Does what a frame asks for. One that is refused has done nothing; some refusals end the conversation.
async fn obey<T: AsyncRead + AsyncWrite + Unpin>(
    visitor: &Visitor,
    subscription: &mut Subscription,
    socket: &mut Socket<T>,
    text: &str,
) -> Result<(), PushError> {
    let (id, done) = match frames::read(text) {
        Ok(Frame { id, said }) => (id.clone(), carry_out(visitor, subscription, id, said).await),
        Err(error) => (error.id.clone(), Err(error)),
    };
    match done {
        Ok(Some(answer)) => queue(socket, &answer),
        Ok(None) => Ok(()),
        Err(error) => {
            let error = PushError { id, ..error };
            match error.code.closes_with() {
                Some(_) => Err(error),
                None => queue(socket, &ServerFrame::Error(error)),
            }
        }
    }
}

async fn carry_out(
    visitor: &Visitor,
    subscription: &mut Subscription,
    id: Option<String>,
    said: Said,
) -> Result<Option<ServerFrame>, PushError> {
    let plane = &visitor.plane;
    let of_refusal = |refusal: Refusal| of_route(&refusal);
    let answer = match said {
        Said::Connect(_) => {
            subscription.line().connect().map_err(of_breach)?;
            return Ok(None);
        }
        Said::Ack(seq) => {
            subscription.acknowledge(seq).map_err(of_breach)?;
            return Ok(None);
        }
        Said::Ping => {
            let now = wire::time::rfc3339(plane.now());
            ServerFrame::Pong(Asked {
                id,
                body: Now { now },
            })
        }
        Said::Heartbeat(body) => {
            let body = heartbeat(plane, subscription, &body).await;
            let body = body.map_err(of_refusal)?;
            ServerFrame::Beaten(Asked { id, body })
        }
        Said::Read(body) => {
            let body = read(plane, subscription, &body).await;
            let body = body.map_err(of_refusal)?;
            ServerFrame::Read(Asked { id, body })
        }
        Said::Credential(token) => {
            let session = prove(visitor, token.expose()).await?;
            let presented = subscription.present(session);
            presented.map_err(|error| refused(PushErrorCode::WrongAgent, error.to_string()))?;
            ServerFrame::Credential(Asked {
                id,
                body: Nothing {},
            })
        }
    };
    Ok(Some(answer))
}

async fn heartbeat(
    plane: &Arc<Plane>,
    subscription: &Subscription,
    body: &Heartbeat,
) -> Result<HeartbeatAnswer, Refusal> {
    let session = subscription.session();
    if !subscription.may(liveness::beat::SCOPE) {
        return Err(Refusal::lacking(plane, session, liveness::beat::SCOPE));
    }
    plane
        .admission()
        .pace(session.principal, Class::Vital, plane.tick())?;
    let heard = beat(plane, session, liveness::beat::meant(body)?).await?;
    Ok(wire::liveness::heard(&heard, None, plane.now()))
}

async fn read(
    plane: &Arc<Plane>,
    subscription: &Subscription,
    body: &Acknowledge,
) -> Result<Acknowledged, Refusal> {
    let session = subscription.session();
    if !subscription.may(inbox::acknowledge::SCOPE) {
        let scope = inbox::acknowledge::SCOPE;
        return Err(Refusal::lacking(plane, session, scope));
    }
    plane
        .admission()
        .pace(session.principal, Class::Control, plane.tick())?;
    inbox::acknowledge::carry_out(plane, session, body).await
}
