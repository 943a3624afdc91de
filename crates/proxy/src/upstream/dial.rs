//! Makes connections: name, guard, TCP, TLS, and which HTTP version both sides agreed on.

use super::fault::SendError;
use super::guard::{self, Resolver};
use super::origin::Origin;
use super::roots::TlsRoots;
use super::unreachable::Unreachable;
use super::wire::Wire;
use portunus_app::upstream_policy::{UpstreamPolicy, UpstreamScheme};
use rustix::net::sockopt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long the preferred address family has before the other one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(300);
/// A peer that has vanished is noticed after about this long of silence, streams without a word included.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Which versions a connection may agree on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Versions {
    /// HTTP/2 if the upstream offers it, else HTTP/1.1.
    All,
    /// HTTP/1.1.
    Http1,
}

/// A connection, by what is spoken on it.
#[derive(Debug)]
pub(super) enum Dialed {
    /// HTTP/1.1: one request at a time.
    Http1(Wire),
    /// HTTP/2: many.
    Http2(Wire),
}

/// Makes the connections of one worker.
pub(super) struct Dialer {
    policy: UpstreamPolicy,
    resolver: Resolver,
    timeout: Duration,
    all: Arc<rustls::ClientConfig>,
    http1: Arc<rustls::ClientConfig>,
}

impl Dialer {
    /// `timeout` is for name, connection and TLS handshake together.
    pub(super) fn new(roots: &TlsRoots, policy: UpstreamPolicy, timeout: Duration) -> Self {
        Self {
            policy,
            resolver: Resolver::Machine,
            timeout,
            all: roots.offering(&[b"h2", b"http/1.1"]),
            http1: roots.offering(&[b"http/1.1"]),
        }
    }

    /// The same, asking somebody else for the addresses of names.
    #[cfg(test)]
    pub(super) fn resolved_by(mut self, resolver: Resolver) -> Self {
        self.resolver = resolver;
        self
    }

    /// Connects to `origin`, if its address is allowed.
    pub(super) async fn dial(
        &self,
        origin: &Origin,
        versions: Versions,
    ) -> Result<Dialed, SendError> {
        // Boxed: a handshake's state is several kilobytes, and requests on open connections would carry the room.
        let connecting = Box::pin(self.connect(origin, versions));
        match timeout(self.timeout, connecting).await {
            Ok(dialed) => dialed,
            Err(_) => Err(Unreachable::TimedOut.into()),
        }
    }

    async fn connect(&self, origin: &Origin, versions: Versions) -> Result<Dialed, SendError> {
        let addresses = guard::permitted(&self.policy, &self.resolver, origin).await?;
        let stream = reach(&addresses, self.timeout)
            .await
            .map_err(SendError::connecting)?;
        tune(&stream);
        if origin.scheme() == UpstreamScheme::Http {
            return Ok(Dialed::Http1(Wire::Plain(stream)));
        }
        let config = match versions {
            Versions::All => &self.all,
            Versions::Http1 => &self.http1,
        };
        let name = origin.server_name().ok_or(Unreachable::NoSuchUpstream)?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
            .map_err(SendError::shaking_hands)?;
        let agreed_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let wire = Wire::Tls(Box::new(stream));
        Ok(if agreed_http2 {
            Dialed::Http2(wire)
        } else {
            Dialed::Http1(wire)
        })
    }
}

/// The first address that takes a connection within `patience`. The family that the resolver named first begins; the
/// other one joins when that has failed or taken [`HEAD_START`].
async fn reach(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (preferred, fallback): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses
        .iter()
        .partition(|address| address.is_ipv4() == first_is_v4);
    let mut first = pin!(one_of(&preferred, patience));
    if fallback.is_empty() {
        return first.await;
    }
    match timeout(HEAD_START, &mut first).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(_)) => return one_of(&fallback, patience).await,
        Err(_) => {}
    }
    let mut second = pin!(one_of(&fallback, patience));
    tokio::select! {
        outcome = &mut first => match outcome {
            Ok(stream) => Ok(stream),
            Err(_) => second.await,
        },
        outcome = &mut second => match outcome {
            Ok(stream) => Ok(stream),
            Err(_) => first.await,
        },
    }
}

/// The first of one family that takes a connection; one that swallows every packet gets its share of the time only.
async fn one_of(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Sets what a long-lived connection needs. What fails here fails again, and louder, at the first write.
fn tune(stream: &TcpStream) {
    // Without it small requests wait for an acknowledgement (Nagle), 40 ms and more.
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE);
}
