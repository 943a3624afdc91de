//! What browsers do by themselves is not what their user wants: cookies are sent along with requests that other sites
//! cause, and addresses end up in histories and logs.
//!
//! A request that a cookie authenticates must show that a page of this plane caused it: `Sec-Fetch-Site` says so in every
//! current browser (W3C Fetch Metadata), `Origin` in every other. `SameSite=Strict` on the cookie says the same to the
//! browser. No route answers with CORS headers, so no other site reads an answer.

use crate::error::Refusal;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, Method};
use portunus_api::ErrorCode;
use portunus_core::token::is_ours;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request was caused, as its headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// A page of this plane, or its user by hand.
    Own,
    /// Another site, or a page without one.
    Other,
    /// It does not say: a program, or a very old browser.
    Untold,
}

/// The plane's own origin: the address that it is configured with, or else the one that the request was sent to.
fn is_own(origin: &str, headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let is_public = public_url.is_some_and(|url| {
        let url = url.trim_end_matches('/');
        url.eq_ignore_ascii_case(origin)
    });
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_asked = match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    };
    is_public || is_asked
}

fn cause(headers: &HeaderMap, public_url: Option<&str>) -> Cause {
    let mut told = Cause::Untold;
    for site in headers.get_all(SITE) {
        match site.as_bytes() {
            b"same-origin" | b"none" => told = Cause::Own,
            _ => return Cause::Other,
        }
    }
    for origin in headers.get_all(ORIGIN) {
        match origin.to_str() {
            Ok(origin) if is_own(origin, headers, public_url) => told = Cause::Own,
            _ => return Cause::Other,
        }
    }
    told
}

fn refused(why: &str) -> Refusal {
    Refusal::new(ErrorCode::CrossSite, why)
}

/// Whether a cookie may authenticate a request: a change only with proof that a page of this plane caused it.
pub(crate) fn admit_cookie(
    method: &Method,
    headers: &HeaderMap,
    public_url: Option<&str>,
) -> Result<(), Refusal> {
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    match cause(headers, public_url) {
        Cause::Own => Ok(()),
        Cause::Other => Err(refused(
            "the request came with a cookie and was caused by another site",
        )),
        Cause::Untold if changes => Err(refused(
            "the request came with a cookie, and neither Origin nor Sec-Fetch-Site shows that this plane caused it",
        )),
        Cause::Untold => Ok(()),
    }
}

/// Whether somebody may sign in: not where another site would sign its visitor in as somebody else.
pub(crate) fn admit_sign_in(headers: &HeaderMap, public_url: Option<&str>) -> Result<(), Refusal> {
    match cause(headers, public_url) {
        Cause::Own | Cause::Untold => Ok(()),
        Cause::Other => Err(refused("another site may not sign its visitors in")),
    }
}

/// Whether a WebSocket may be opened: with a cookie only by a page of this plane, which says so in `Origin`
/// (RFC 6455 §10.2); without one also by programs, which prove themselves in their first message.
#[must_use]
pub fn may_open_socket(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    match cause(headers, public_url) {
        Cause::Own => true,
        Cause::Other => false,
        Cause::Untold => crate::caller::session_cookie(headers).is_none(),
    }
}

/// Refuses a request whose address has a token in its query. The address is in no log of ours; it may be in others'.
pub(crate) async fn no_token_in_url(request: Request, next: Next) -> Result<Response, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    if pairs.any(|(name, value)| is_ours(&name) || is_ours(&value)) {
        let detail = "a parameter of the address looks like a token, which is not repeated here";
        return Err(Refusal::new(ErrorCode::TokenInUrl, detail));
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    const PUBLIC: Option<&str> = Some("https://plane.example");

    #[test]
    fn a_cookie_counts_where_this_plane_caused_the_request() {
        for pairs in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://plane.example")],
            &[("origin", "HTTPS://Plane.Example")],
            &[
                ("origin", "http://127.0.0.1:7070"),
                ("host", "127.0.0.1:7070"),
            ],
            &[
                ("origin", "https://plane.example"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            let headers = headers(pairs);
            assert!(
                admit_cookie(&Method::POST, &headers, PUBLIC).is_ok(),
                "{pairs:?}"
            );
            assert!(may_open_socket(&headers, PUBLIC), "{pairs:?}");
            assert!(admit_sign_in(&headers, PUBLIC).is_ok(), "{pairs:?}");
        }
    }

    #[test]
    fn a_cookie_does_not_count_where_another_site_caused_the_request() {
        for pairs in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[
                ("origin", "https://evil.example"),
                ("host", "plane.example"),
            ],
            &[("origin", "null")],
            &[("origin", "https://plane.example.evil.example")],
            &[
                ("origin", "https://plane.example"),
                ("origin", "https://evil.example"),
            ],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[
                ("origin", "https://plane.example"),
                ("sec-fetch-site", "cross-site"),
            ],
        ] {
            let headers = headers(pairs);
            for method in [Method::GET, Method::POST, Method::DELETE] {
                assert!(
                    admit_cookie(&method, &headers, PUBLIC).is_err(),
                    "{pairs:?}"
                );
            }
            assert!(!may_open_socket(&headers, PUBLIC), "{pairs:?}");
            assert!(admit_sign_in(&headers, PUBLIC).is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn without_proof_a_cookie_looks_and_does_not_change() {
        let told = headers(&[("host", "plane.example")]);
        assert!(admit_cookie(&Method::GET, &told, PUBLIC).is_ok());
        assert!(admit_cookie(&Method::HEAD, &told, None).is_ok());
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(admit_cookie(&method, &told, PUBLIC).is_err(), "{method}");
        }
        assert!(admit_sign_in(&told, PUBLIC).is_ok(), "a program");
        assert!(may_open_socket(&told, PUBLIC), "a program");
        let with_cookie = headers(&[("cookie", "__Host-portunus_session=x")]);
        assert!(!may_open_socket(&with_cookie, PUBLIC));
    }
}
