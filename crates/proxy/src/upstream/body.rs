//! The body of an upstream's answer, whichever protocol brings it.

use super::fault::BrokenAnswer;
use super::http1::Http1Body;
use super::http2::Place;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};

/// The body of an upstream's answer. Dropping it before its end cancels the request.
pub(crate) struct UpstreamBody(Inner);

enum Inner {
    Http1(Http1Body),
    Http2 { body: Incoming, _place: Place },
}

impl UpstreamBody {
    pub(super) const fn http1(body: Http1Body) -> Self {
        Self(Inner::Http1(body))
    }

    pub(super) const fn http2(body: Incoming, place: Place) -> Self {
        Self(Inner::Http2 {
            body,
            _place: place,
        })
    }

    /// Whether it comes over a connection that other requests use too.
    #[cfg(test)]
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.0, Inner::Http2 { .. })
    }

    /// The next frame; `None` at the end. Cancel-safe.
    pub(crate) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, BrokenAnswer>> {
        match &mut self.0 {
            Inner::Http1(body) => Some(body.piece().await?.map(Frame::data)),
            Inner::Http2 { body, .. } => Some(body.frame().await?.map_err(BrokenAnswer::Http2)),
        }
    }
}
