//! Which addresses an upstream may have, checked at the moment of connecting: a name that was harmless when
//! an operator typed it may resolve to something else now (DNS rebinding). The name is looked up once, and what was judged
//! is what is connected to.

use super::fault::SendError;
use super::origin::Origin;
use super::unreachable::Unreachable;
use portunus_app::upstream_policy::UpstreamPolicy;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Who knows the addresses of names.
pub(super) enum Resolver {
    /// This machine's.
    Machine,
    /// A test's.
    #[cfg(test)]
    Told(Box<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>),
}

impl Resolver {
    async fn look_up(&self, origin: &Origin) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Machine => {
                let found = tokio::net::lookup_host((origin.host(), origin.port())).await?;
                Ok(found.collect())
            }
            #[cfg(test)]
            Self::Told(addresses) => addresses(),
        }
    }
}

/// The addresses of `origin` that may be connected to; never none.
///
/// An address that stands in the URL itself is judged like one that a resolver found.
pub(super) async fn permitted(
    policy: &UpstreamPolicy,
    resolver: &Resolver,
    origin: &Origin,
) -> Result<Vec<SocketAddr>, SendError> {
    let allowed =
        |address: &SocketAddr| policy.check_address(origin.scheme(), address.ip()).is_ok();
    let found = match origin.host().parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, origin.port())],
        Err(_) => {
            let found = resolver.look_up(origin).await;
            found.map_err(|error| SendError::meeting(Unreachable::Unresolved, error))?
        }
    };
    let permitted: Vec<SocketAddr> = found.into_iter().filter(allowed).collect();
    if permitted.is_empty() {
        Err(SendError::AddressRefused)
    } else {
        Ok(permitted)
    }
}
