//! Connections to upstreams: one set per worker, HTTP/1.1 and HTTP/2, over TLS or in the clear, to guarded addresses.
//!
//! A request is sent a second time only when it is certain that the upstream has done nothing for the first; whatever else
//! fails is for the phases to judge.

mod body;
mod connections;
mod dial;
mod fault;
mod guard;
mod http1;
mod http2;
mod origin;
mod roots;
#[cfg(test)]
mod tests;
mod unreachable;
mod wire;

pub(crate) use body::UpstreamBody;
pub(crate) use fault::SendError;
pub(crate) use origin::address;
pub use roots::{NoRoots, TlsRoots};
pub(crate) use unreachable::Unreachable;

use crate::provider::Fields;
use crate::provider::credential::Credential;
use bytes::Bytes;
use connections::{Outcome, Way};
use dial::{Dialed, Dialer, Versions};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri};
use http1::Connection;
use http2::Lane;
use origin::{Destination, Origin};
use parking_lot::Mutex;
use portunus_app::upstream_policy::{UpstreamPolicy, UpstreamScheme};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How often closed and idle connections are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How often a request looks for a way before it takes a connection of its own: others may take every place first.
const PATIENCE: usize = 4;

/// Makes requests to upstreams and keeps their connections for reuse.
#[derive(Clone)]
pub struct Upstream(Arc<Network>);

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstream")
    }
}

/// What one worker knows of its upstreams.
struct Network {
    dialer: Dialer,
    /// By base URL as configured, so that none is parsed twice. There are as many as were ever configured.
    destinations: Mutex<HashMap<Box<str>, Arc<Destination>>>,
}

/// A request on its way out; everything is borrowed, so that another attempt costs no copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    /// What is asked.
    pub(crate) method: &'a Method,
    /// The key's base URL.
    pub(crate) base_url: &'a str,
    /// What follows it.
    pub(crate) target: &'a PathAndQuery,
    /// End-to-end headers. Host and length are added.
    pub(crate) headers: &'a Fields,
    /// The key, which takes the place of headers of the same names.
    pub(crate) credential: &'a Credential,
    /// The body, as a whole.
    pub(crate) body: &'a Bytes,
}

/// An answer, of which the body is still to come.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: Fields,
    pub(crate) body: UpstreamBody,
}

impl Upstream {
    /// Must be called in the runtime that will use it: its connections live there.
    #[must_use]
    pub fn new(roots: &TlsRoots, policy: UpstreamPolicy, connect_timeout: Duration) -> Self {
        let network = Arc::new(Network {
            dialer: Dialer::new(roots, policy, connect_timeout),
            destinations: Mutex::default(),
        });
        tokio::spawn(sweep(Arc::downgrade(&network)));
        Self(network)
    }

    /// Sends one request; resolves at the answer's headers. Dropping the future or the answer's body cancels it.
    ///
    /// # Errors
    /// When no answer came: refused address, connection, TLS, or a peer that broke off.
    pub(crate) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answered, SendError> {
        let destination = self.0.destination(outgoing.base_url)?;
        match destination.origin.scheme() {
            UpstreamScheme::Http => self.0.in_the_clear(&destination, &outgoing).await,
            UpstreamScheme::Https => Box::pin(self.0.over_tls(&destination, &outgoing)).await,
        }
    }
}

impl Network {
    fn destination(&self, base_url: &str) -> Result<Arc<Destination>, SendError> {
        let mut known = self.destinations.lock();
        if let Some(destination) = known.get(base_url) {
            return Ok(Arc::clone(destination));
        }
        let base: Uri = base_url.parse().map_err(|_| Unreachable::NoSuchUpstream)?;
        let origin = Origin::of(&base).ok_or(Unreachable::NoSuchUpstream)?;
        let same = known.values().find(|one| one.origin.is(&origin));
        let origin = same.map_or_else(|| Arc::new(origin), |one| Arc::clone(&one.origin));
        let destination = Arc::new(Destination::new(&base, origin));
        known.insert(base_url.into(), Arc::clone(&destination));
        Ok(destination)
    }

    async fn in_the_clear(
        &self,
        destination: &Destination,
        outgoing: &Outgoing<'_>,
    ) -> Result<Answered, SendError> {
        let idle = destination.origin.connections.lock().take_idle();
        if let Some(connection) = idle {
            match http1::exchange(connection, destination, outgoing).await {
                Err(unanswered) if unanswered.is_unsent => {}
                answered => return answered.map_err(|unanswered| unanswered.error),
            }
        }
        // Boxed, as below: most requests find a connection, and would have to keep room for making one.
        Box::pin(self.alone(destination, outgoing, Versions::Http1)).await
    }

    async fn over_tls(
        self: &Arc<Self>,
        destination: &Destination,
        outgoing: &Outgoing<'_>,
    ) -> Result<Answered, SendError> {
        let origin = &destination.origin;
        let mut may_resend = true;
        for _ in 0..PATIENCE {
            let way = origin.connections.lock().way();
            match way {
                Way::Shared(ticket) => match ticket.exchange(destination, outgoing).await {
                    Err(refused) if refused.is_unprocessed && may_resend => may_resend = false,
                    answered => return answered.map_err(|refused| refused.error),
                },
                Way::Reused(connection) => {
                    match http1::exchange(connection, destination, outgoing).await {
                        Err(unanswered) if unanswered.is_unsent => {
                            return Box::pin(self.alone(destination, outgoing, Versions::All))
                                .await;
                        }
                        answered => return answered.map_err(|unanswered| unanswered.error),
                    }
                }
                Way::Alone(versions) => {
                    return Box::pin(self.alone(destination, outgoing, versions)).await;
                }
                Way::Join(outcome) => joined(outcome).await?,
                Way::Begin(teller, outcome) => {
                    // A task of its own: others wait for it, whoever began it may leave.
                    tokio::spawn(handshake(Arc::clone(self), Arc::clone(origin), teller));
                    joined(outcome).await?;
                }
            }
        }
        self.alone(destination, outgoing, Versions::Http1).await
    }

    /// Sends a request on a connection that is made for it.
    async fn alone(
        &self,
        destination: &Destination,
        outgoing: &Outgoing<'_>,
        versions: Versions,
    ) -> Result<Answered, SendError> {
        let origin = &destination.origin;
        match self.dialer.dial(origin, versions).await? {
            Dialed::Http1(wire) => {
                let connection = Connection::new(wire);
                let answered = http1::exchange(connection, destination, outgoing).await;
                answered.map_err(|unanswered| unanswered.error)
            }
            Dialed::Http2(wire) => {
                let mut lane = Lane::open(wire).await?;
                let ticket = lane.enter();
                origin.connections.lock().share(lane);
                let ticket = ticket.ok_or(Unreachable::TimedOut)?;
                let answered = ticket.exchange(destination, outgoing).await;
                answered.map_err(|refused| refused.error)
            }
        }
    }
}

/// Makes a connection for everybody who waits for one, and tells them.
async fn handshake(network: Arc<Network>, origin: Arc<Origin>, teller: watch::Sender<Outcome>) {
    let outcome = match network.dialer.dial(&origin, Versions::All).await {
        Ok(Dialed::Http1(wire)) => {
            let mut connections = origin.connections.lock();
            connections.speaks_http1();
            connections.put_back(Connection::new(wire));
            Ok(())
        }
        Ok(Dialed::Http2(wire)) => match Lane::open(wire).await {
            Ok(lane) => {
                origin.connections.lock().share(lane);
                Ok(())
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let _ = teller.send(Some(outcome));
}

/// Waits for a handshake that others wait for too.
async fn joined(mut outcome: watch::Receiver<Outcome>) -> Result<(), SendError> {
    match outcome.wait_for(Option::is_some).await {
        Ok(told) => told.clone().unwrap_or(Ok(())),
        // It ended without a word, as when its runtime ends.
        Err(_) => Err(Unreachable::TimedOut.into()),
    }
}

/// Closes what nobody uses any more, as long as there is a network.
async fn sweep(network: Weak<Network>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(network) = network.upgrade() else {
            return;
        };
        for destination in network.destinations.lock().values() {
            destination.origin.connections.lock().sweep();
        }
    }
}
