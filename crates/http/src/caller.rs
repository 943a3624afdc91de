//! Who calls: by a credential in a header, or in a session that a cookie carries.
//!
//! A header counts alone: where one brings a credential, the cookie beside it is not looked at. On the model door cookies
//! never count.

use crate::browser;
use crate::error::Refusal;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Method};
use portunus_app::{AuthError, CredentialHeaders, Plane, Session};
use std::net::IpAddr;

/// Name of the session's cookie. Browsers take `__Host-` only over TLS or from this machine, for one host and every path.
pub(crate) const COOKIE_NAME: &str = "__Host-portunus_session";

/// Proves who calls.
pub(crate) async fn prove(
    plane: &Plane,
    method: &Method,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> Result<Session, Refusal> {
    let in_header = CredentialHeaders::of(headers).credential();
    let cookie = session_cookie(headers).filter(|_| in_header == Err(AuthError::Missing));
    let Some(text) = cookie else {
        return Ok(plane.admit(headers, peer).await?);
    };
    browser::admit_cookie(method, headers, plane.public_url())?;
    let proof = plane.authenticate_session(text);
    proof.map_err(|error| match error {
        AuthError::Revoked => Refusal::of_session(error),
        other => plane.turn_away(other, headers, peer).into(),
    })
}

/// The text that the session's cookie carries.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE_NAME);
    // A browser that was told to forget it may still send its name.
    let carried = named.next().map(|(_, text)| text);
    carried.filter(|text| !text.is_empty())
}

/// `Set-Cookie` for a session that lasts `longest_ms` at most.
pub(crate) fn cookie_of(secret: &str, longest_ms: u64) -> Option<HeaderValue> {
    let seconds = longest_ms / 1_000;
    sensitive(format!(
        "{COOKIE_NAME}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"
    ))
}

/// `Set-Cookie` that makes the browser forget the session.
pub(crate) fn no_cookie() -> Option<HeaderValue> {
    sensitive(format!(
        "{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
    ))
}

fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_cookie(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("theme=dark; x"));
        assert_eq!(session_cookie(&headers), None);
        let line =
            HeaderValue::from_static("a=b; __Host-portunus_session=ptns_1 ; portunus_session=no");
        headers.append(COOKIE, line);
        assert_eq!(session_cookie(&headers), Some("ptns_1"));
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("__Host-portunus_session="));
        assert_eq!(session_cookie(&headers), None, "p2 an empty one is none");
    }
}
