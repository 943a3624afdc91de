//! The opening handshake of a WebSocket (RFC 6455 §4.2), and whether a page of another site caused it.

use crate::browser;
use crate::error::Refusal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use portunus_api::ErrorCode;
use portunus_api::push::SUBPROTOCOL;
use portunus_core::websocket::ACCEPT_SUFFIX;

const VERSION: &str = "13";

/// A handshake that can be answered.
#[derive(Debug)]
pub(crate) struct Accepted {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
}

/// Judges a request's head.
pub(crate) fn accept(headers: &HeaderMap, public_url: Option<&str>) -> Result<Accepted, Refusal> {
    if !names(headers, &UPGRADE, "websocket") || !names(headers, &CONNECTION, "upgrade") {
        return Err(needed(
            "the request does not ask for an upgrade to websocket",
        ));
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != VERSION)
    {
        return Err(needed("the version of WebSocket must be 13"));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    if STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
        if !browser::may_open_socket(headers, public_url) {
            return Err(Refusal::new(
                ErrorCode::CrossSite,
                "a page of another site may not open a WebSocket here",
            ));
        }
        let offered = names(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        return Ok(Accepted {
            accept: answer(key),
            subprotocol: offered.then(|| HeaderValue::from_static(SUBPROTOCOL)),
        });
    }
    let detail = "Sec-WebSocket-Key must be 16 bytes in Base64";
    Err(Refusal::new(ErrorCode::BadRequest, detail)
        .fix("open the connection with a WebSocket client"))
}

fn needed(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::UpgradeRequired, detail)
}

/// Whether a list of a header has a word, in any case.
fn names(headers: &HeaderMap, header: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(header).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(word))
}

fn answer(key: &[u8]) -> HeaderValue {
    let hash = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        &[key, ACCEPT_SUFFIX.as_bytes()].concat(),
    );
    // Base64 is a header's value.
    HeaderValue::try_from(STANDARD.encode(hash)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Accepted {
    /// The answer that turns the connection into a WebSocket.
    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(name) = self.subprotocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(change: &[(&'static str, &'static str)]) -> HeaderMap {
        let usual = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let mut map = HeaderMap::new();
        for (name, value) in usual.iter().chain(change) {
            map.insert(*name, HeaderValue::from_static(value));
        }
        map
    }

    fn refused(change: &[(&'static str, &'static str)]) -> Option<ErrorCode> {
        accept(&headers(change), None)
            .err()
            .map(|refusal| refusal.code())
    }

    /// The example of RFC 6455 §1.3.
    #[test]
    fn the_handshake_of_the_standard_is_answered() {
        let accepted = accept(&headers(&[]), None).unwrap();
        assert_eq!(accepted.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(accepted.subprotocol, None);
        let named = headers(&[("sec-websocket-protocol", "chat, portunus.push.v1")]);
        assert!(accept(&named, None).unwrap().subprotocol.is_some());
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        let required = Some(ErrorCode::UpgradeRequired);
        assert_eq!(refused(&[("upgrade", "h2c")]), required);
        assert_eq!(refused(&[("connection", "close")]), required);
        assert_eq!(refused(&[("sec-websocket-version", "8")]), required);
        for key in ["", "x", "dGhlIHNhbXBsZQ=="] {
            assert_eq!(
                refused(&[("sec-websocket-key", key)]),
                Some(ErrorCode::BadRequest),
                "{key}"
            );
        }
    }

    #[test]
    fn a_page_of_another_site_opens_nothing() {
        let other = refused(&[("origin", "https://evil.example")]);
        assert_eq!(other, Some(ErrorCode::CrossSite));
        let cookie = refused(&[("cookie", "__Host-portunus_session=ptns_1")]);
        assert_eq!(
            cookie,
            Some(ErrorCode::CrossSite),
            "a cookie without an origin"
        );
        let own = &[
            ("origin", "http://127.0.0.1:7070"),
            ("host", "127.0.0.1:7070"),
        ];
        assert_eq!(refused(own), None);
    }
}
