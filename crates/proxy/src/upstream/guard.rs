//! Which addresses an upstream may have, checked at the moment of connecting: a name that was harmless when
//! an operator typed it may resolve to something else now (DNS rebinding).

use super::fault::SendError;
use super::origin::Origin;
use portunus_app::upstream_policy::UpstreamPolicy;
use std::net::{IpAddr, SocketAddr};

/// The addresses of `origin` that may be connected to; never none.
///
/// An address that stands in the URL itself is judged like one that a resolver found.
pub(super) async fn permitted(
    policy: &UpstreamPolicy,
    origin: &Origin,
) -> Result<Vec<SocketAddr>, SendError> {
    let allowed =
        |address: &SocketAddr| policy.check_address(origin.scheme(), address.ip()).is_ok();
    let found: Vec<SocketAddr> = match origin.host().parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, origin.port())],
        Err(_) => tokio::net::lookup_host((origin.host(), origin.port()))
            .await
            .map_err(SendError::connect)?
            .collect(),
    };
    let permitted: Vec<SocketAddr> = found.into_iter().filter(allowed).collect();
    if permitted.is_empty() {
        Err(SendError::AddressRefused)
    } else {
        Ok(permitted)
    }
}
