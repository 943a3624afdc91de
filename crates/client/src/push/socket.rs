//! One WebSocket to the plane: the upgrade, the challenge, `connect`, `hello`, and frames after that.

use crate::dial::{Line, Stream};
use crate::reconnect::End;
use crate::refusal::Refusal;
use crate::trouble::{in_words, not_connected};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::{RETRY_AFTER, USER_AGENT};
use portunus_api::SecretText;
use portunus_api::push::{ClientFrame, Connect, Hello, PATH, PROTOCOL, ServerFrame};
use portunus_core::secret::Secret;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Largest message that is read, in bytes: a hundred times what a usual one has, and room for the largest.
const LARGEST: usize = 4 * 1024 * 1024;
/// Bytes that are read at once. There is one buffer for each connection.
const BUFFER: usize = 16 * 1024;

/// A connection on which `hello` was said.
pub(super) struct Socket(WebSocketStream<Box<dyn Stream>>);

/// Connects, says who we are, and waits for `hello`; all of it within `limit`.
pub(super) async fn open(
    line: &Line,
    connect: Connect,
    bearer: &Secret,
    limit: Duration,
) -> Result<(Socket, Box<Hello>), End> {
    let opening = async {
        let mut socket = upgrade(line).await?;
        let ServerFrame::Challenge(challenge) = socket.read().await? else {
            return Err(lost("it did not begin with a challenge"));
        };
        let connect = Connect {
            protocol: PROTOCOL,
            nonce: challenge.nonce,
            token: Some(SecretText::new(bearer.expose().to_owned())),
            ..connect
        };
        socket.write(&ClientFrame::Connect(connect)).await?;
        loop {
            match socket.read().await? {
                ServerFrame::Hello(hello) => return Ok((socket, hello)),
                ServerFrame::Error(error) => return Err(End::Refused(Box::new(error))),
                ServerFrame::Unknown => {}
                _ => return Err(lost("it did not say hello")),
            }
        }
    };
    let opened = timeout(limit, opening).await;
    opened.unwrap_or_else(|_| Err(lost("it did not say hello in time")))
}

async fn upgrade(line: &Line) -> Result<Socket, End> {
    let stream = line
        .connect()
        .await
        .map_err(|error| lost(&format!("{} {}", line.endpoint(), not_connected(&error))))?;
    let address = line.endpoint().join_websocket(PATH);
    let mut request = address
        .into_client_request()
        .map_err(|error| broken(&error))?;
    let agent = HeaderValue::from_static(concat!("portunus-client/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(USER_AGENT, agent);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(WebSocketError::Http(answer)) => {
            let retry_after = answer.headers().get(RETRY_AFTER);
            let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            let body = answer.body().as_deref().unwrap_or_default();
            let retry_after = retry_after.map(Duration::from_secs);
            let refusal = Refusal::read(answer.status().as_u16(), retry_after, body);
            Err(End::TurnedAway(Box::new(refusal)))
        }
        Err(error) => Err(broken(&error)),
    }
}

impl Socket {
    /// The next frame. Pings are answered by the way and are no frames here, except that they are heard.
    pub(super) async fn read(&mut self) -> Result<ServerFrame, End> {
        loop {
            match self.heard().await? {
                Heard::Frame(frame) => return Ok(*frame),
                Heard::Sign => {}
            }
        }
    }

    /// Whatever comes next. Safe to drop: nothing is lost.
    pub(super) async fn heard(&mut self) -> Result<Heard, End> {
        match self.0.next().await {
            None => Err(lost("it was closed")),
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok(Message::Text(text))) => {
                let frame = serde_json::from_str(text.as_str());
                // What cannot be read may hold an access token, so it is not repeated.
                let frame = frame.map_err(|_| lost("it said something that cannot be read"))?;
                Ok(Heard::Frame(Box::new(frame)))
            }
            Some(Ok(Message::Close(Some(close)))) => Err(End::Closed(close.code.into())),
            Some(Ok(Message::Close(None))) => Err(lost("it was closed")),
            Some(Ok(Message::Binary(_))) => Err(lost("it said something that is no text")),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Heard::Sign),
        }
    }

    pub(super) async fn write(&mut self, frame: &ClientFrame) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|error| lost(&error.to_string()))?;
        let sent = self.0.send(Message::text(text)).await;
        sent.map_err(|error| broken(&error))
    }

    /// Says goodbye; whether it is heard does not matter.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.0.close(None)).await;
    }
}

/// What was heard of the plane.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Box<ServerFrame>),
    /// It is there.
    Sign,
}

pub(super) fn lost(why: &str) -> End {
    End::Lost(why.to_owned())
}

fn broken(error: &WebSocketError) -> End {
    End::Lost(in_words(error))
}
