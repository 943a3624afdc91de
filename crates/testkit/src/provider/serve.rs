//! The provider's side of the socket: accepts HTTP/1.1 and HTTP/2, reads a request, carries out its answer.

use super::answer::{Answer, Body, ErrorKind, Opening, Turn};
use super::asked::{Asked, Wire};
use super::body::{Broken, PlannedBody, Step};
use super::book::{Book, Entry};
use super::seen::{Ending, Seen, key_of};
use super::wire::{self, Natural};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Accepts connections until it is dropped; under TLS when an acceptor is given.
pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, book: Arc<Book>) {
    let mut connection = 0_u64;
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        // Without it a small first event waits for the peer's delayed acknowledgement.
        let _ = socket.set_nodelay(true);
        let (number, book, tls) = (connection, Arc::clone(&book), tls.clone());
        connection = connection.saturating_add(1);
        tokio::spawn(async move {
            match tls {
                None => converse(socket, number, book).await,
                Some(tls) => {
                    // A client that does not trust the certificate breaks off, as it should.
                    if let Ok(secured) = tls.accept(socket).await {
                        converse(secured, number, book).await;
                    }
                }
            }
        });
    }
}

async fn converse<S>(socket: S, number: u64, book: Arc<Book>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, number, Arc::clone(&book)));
    // A connection that the script breaks ends with an error here, as it should.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    connection: u64,
    book: Arc<Book>,
) -> Result<Response<PlannedBody>, Broken> {
    let (head, body) = request.into_parts();
    let entry = book.open(|number| Seen {
        number,
        connection,
        version: head.version,
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: head.headers.clone(),
        body: Bytes::new(),
        key: key_of(&head.headers),
        at: book.clock.now(),
        arrived: Instant::now(),
        status: None,
        ending: Ending::Open,
    });
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    entry.body_arrived(body.clone());
    let anthropic = head.headers.contains_key("anthropic-version");
    let asked = Asked::read(
        entry.number,
        head.method.as_str(),
        head.uri.path(),
        anthropic,
        &body,
    );
    if head.method == http::Method::HEAD {
        // Its answer has no body to be read to the end.
        entry.close(Ending::Complete);
    }
    let decision = book.decide(key_of(&head.headers).as_deref(), &asked);
    tokio::time::sleep(decision.answer.delay).await;
    if let Some(gate) = decision.answer.held_by.clone() {
        gate.passed().await;
    }
    respond(&decision.answer, decision.limits, &asked, entry).await
}

async fn respond(
    answer: &Answer,
    limits: Vec<(String, String)>,
    asked: &Asked,
    entry: Entry,
) -> Result<Response<PlannedBody>, Broken> {
    let status = match answer.opening {
        Opening::Status(status) => status,
        Opening::Overloaded if asked.wire == Wire::OpenAi => 503,
        Opening::Overloaded => 529,
        Opening::ConnectionLost => {
            entry.close(Ending::BrokenOff);
            return Err(Broken);
        }
        Opening::Never => return std::future::pending().await,
    };
    let planned = planned(answer, status, asked);
    let (status, length) = (planned.status, total(&planned.chunks));
    let streams = planned.content_type.starts_with("text/event-stream");
    let mut response = Response::new(PlannedBody::new(steps(answer, asked, planned.chunks), {
        entry.answered(status);
        entry
    }));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    set(headers, "content-type", planned.content_type);
    set(headers, "server", "fake");
    set(
        headers,
        request_id_header(asked),
        &format!("req_fake{:08}", asked.number),
    );
    if asked.wire == Wire::Anthropic {
        set(
            headers,
            "anthropic-organization-id",
            "00000000-fake-0000-0000-000000000000",
        );
    }
    if !streams && !matches!(answer.turn, Some((_, Turn::Ends))) {
        set(headers, "content-length", &length.to_string());
    }
    for (name, value) in limits.iter().chain(&answer.headers) {
        set(headers, name, value);
    }
    Ok(response)
}

const fn request_id_header(asked: &Asked) -> &'static str {
    match asked.wire {
        Wire::Anthropic => "request-id",
        Wire::OpenAi => "x-request-id",
    }
}

/// The whole body before it is cut or broken.
fn planned(answer: &Answer, status: u16, asked: &Asked) -> Natural {
    match &answer.body {
        Body::Natural => wire::natural(asked),
        Body::Error(kind) => Natural::json_under(status, &wire::error_document(asked, *kind)),
        Body::OverloadedStream if asked.streams() => Natural::stream(overloaded_stream(asked)),
        Body::OverloadedStream => {
            Natural::json_under(529, &wire::error_document(asked, ErrorKind::Overloaded))
        }
        Body::Bytes(bytes) => Natural {
            status,
            content_type: "application/octet-stream",
            chunks: vec![bytes.clone()],
        },
    }
}

/// The error is the first event; Responses say `created` and `in_progress` before it.
fn overloaded_stream(asked: &Asked) -> Vec<Bytes> {
    let before = usize::from(wire::numbers_events(asked)) * 2;
    let mut events: Vec<Bytes> = wire::natural(asked)
        .chunks
        .into_iter()
        .take(before)
        .collect();
    let sequence = u64::try_from(events.len()).unwrap_or(0);
    events.push(wire::error_event(asked, ErrorKind::Overloaded, sequence));
    events
}

fn steps(answer: &Answer, asked: &Asked, chunks: Vec<Bytes>) -> VecDeque<Step> {
    let mut chunks = match answer.turn {
        Some((after, Turn::Errors)) => with_error(asked, chunks, after),
        _ => chunks,
    };
    chunks.retain(|chunk| !chunk.is_empty());
    if let Some(size) = answer.cut {
        chunks = recut(&chunks, size.max(1));
    }
    let mut steps = VecDeque::new();
    let turn = answer.turn.as_ref();
    for (index, chunk) in chunks.into_iter().enumerate() {
        match turn.filter(|(after, _)| *after == index) {
            Some((_, Turn::Ends)) => return steps,
            Some((_, Turn::Lost)) => break,
            Some((_, Turn::Silence)) => steps.push_back(Step::Silence),
            Some((_, Turn::Held(gate))) => steps.push_back(Step::Held(gate.clone())),
            Some((_, Turn::Errors)) | None => {}
        }
        if index > 0 && !answer.gap.is_zero() {
            steps.push_back(Step::Pause(answer.gap));
        }
        steps.push_back(Step::Chunk(chunk));
    }
    if matches!(turn, Some((_, Turn::Lost))) {
        // What was sent should arrive before the connection goes, or the turn would be another one.
        steps.push_back(Step::Pause(std::time::Duration::from_millis(20)));
        steps.push_back(Step::Lost);
    }
    steps
}

fn with_error(asked: &Asked, chunks: Vec<Bytes>, after: usize) -> Vec<Bytes> {
    let mut kept: Vec<Bytes> = chunks.into_iter().take(after).collect();
    let sequence = u64::try_from(kept.len()).unwrap_or(0);
    kept.push(wire::error_event(asked, ErrorKind::Overloaded, sequence));
    kept
}

fn recut(chunks: &[Bytes], size: usize) -> Vec<Bytes> {
    let mut whole = BytesMut::new();
    for chunk in chunks {
        whole.extend_from_slice(chunk);
    }
    let mut rest = whole.freeze();
    let mut out = Vec::new();
    while !rest.is_empty() {
        out.push(rest.split_to(size.min(rest.len())));
    }
    out
}

fn total(chunks: &[Bytes]) -> usize {
    chunks.iter().map(Bytes::len).sum()
}

/// Sets a header; names and values that are none are left out.
fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_str(value),
    ) {
        headers.insert(name, value);
    }
}
