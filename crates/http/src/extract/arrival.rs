//! Where a request came from: what fails counts against that.

use crate::listen::Peer;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use portunus_app::Plane;
use portunus_core::admission::Source;
use std::convert::Infallible;
use std::net::IpAddr;

/// The headers of a request, and the address of its connection.
pub(crate) struct Arrival {
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<IpAddr>,
}

impl Arrival {
    /// The source; `None` only without a connection.
    pub(crate) fn source(&self, plane: &Plane) -> Option<Source> {
        let peer = self.peer?;
        Some(plane.admission().source(peer, &self.headers))
    }
}

impl<S: Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            headers: parts.headers.clone(),
            peer: parts.extensions.get().map(|Peer(peer)| *peer),
        })
    }
}
