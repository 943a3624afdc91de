//! What of a request's head two parsers on the way may read differently: whatever stands in front of the plane could have
//! decided by one reading, and the plane would act by another (RFC 9112 §3.2, §3.2.2, §6.1).

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Uri, Version};

/// What is ambiguous; the text says how it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguous {
    /// No host, several, or something that is none.
    #[error("the request must have exactly one Host header, with a host and perhaps a port")]
    Host,
    /// The target names one host and the header another.
    #[error("the request's target and its Host header must name the same host")]
    Target,
    /// A body in a coding that is not taken off.
    #[error("the only Transfer-Encoding is chunked, once")]
    Coding,
}

/// Refuses a head that is ambiguous.
pub fn refuse(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Ambiguous> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => return Err(Ambiguous::Host),
        (_, Some(_)) => return Err(Ambiguous::Host),
        (host, None) => host.map(HeaderValue::as_bytes),
    };
    // No address of ours is without a host (RFC 9110 §4.2.1), and what stands in front may put any there.
    let names_nobody = host.is_some_and(|host| matches!(host.first(), None | Some(b':')));
    let host = host.unwrap_or_default();
    if names_nobody || !host.iter().copied().all(is_of_a_host) {
        return Err(Ambiguous::Host);
    }
    if let Some(named) = uri.authority()
        && !named.as_str().as_bytes().eq_ignore_ascii_case(host)
    {
        return Err(Ambiguous::Target);
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Ambiguous::Coding),
    }
}

const fn is_of_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(target: &str, fields: &[(&'static str, &str)]) -> Result<(), Ambiguous> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        refuse(Version::HTTP_11, &target.parse().unwrap(), &headers)
    }

    #[test]
    fn one_host_is_named_however_often() {
        for host in ["a", "a:1", "127.0.0.1:7070", "[::1]:7070", "my_plane.lan"] {
            assert_eq!(judge("/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["a b", "x@a", "a,b", "a/b", "a?b", "a#b", "", ":7070"] {
            assert_eq!(
                judge("/", &[("host", host)]),
                Err(Ambiguous::Host),
                "{host}"
            );
        }
        assert_eq!(judge("/", &[]), Err(Ambiguous::Host));
        let two = [("host", "a"), ("host", "a")];
        assert_eq!(judge("/", &two), Err(Ambiguous::Host));
        assert_eq!(judge("http://A:1/x", &[("host", "a:1")]), Ok(()));
        for target in ["http://b/", "http://a:2/", "http://x@a:1/"] {
            let judged = judge(target, &[("host", "a:1")]);
            assert_eq!(judged, Err(Ambiguous::Target), "{target}");
        }
        let headers = HeaderMap::new();
        let old = refuse(Version::HTTP_10, &Uri::from_static("/"), &headers);
        assert_eq!(old, Ok(()));
    }

    #[test]
    fn a_body_is_chunked_once_or_has_a_length() {
        for coding in ["chunked", "Chunked"] {
            let fields = [("host", "a"), ("transfer-encoding", coding)];
            assert_eq!(judge("/", &fields), Ok(()), "{coding}");
        }
        for coding in [
            "gzip, chunked",
            "chunked, chunked",
            ",chunked",
            "identity",
            "",
        ] {
            let fields = [("host", "a"), ("transfer-encoding", coding)];
            assert_eq!(judge("/", &fields), Err(Ambiguous::Coding), "{coding}");
        }
        let chunked = ("transfer-encoding", "chunked");
        let twice = [("host", "a"), chunked, chunked];
        assert_eq!(judge("/", &twice), Err(Ambiguous::Coding));
    }
}
