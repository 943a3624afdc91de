//! The origin of an upstream: scheme, host and port, which a sealed secret is bound to.

use std::fmt;

/// `scheme://host:port`, in lower case and with the port written out: two spellings of one origin are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// The text has no origin that a secret could be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL with a host and without a user")]
pub struct OriginError;

impl Origin {
    /// The origin of a base URL.
    ///
    /// # Errors
    /// When the scheme is not http or https, the host is missing, the port is no number, or there is a user part.
    pub fn of(base_url: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = base_url.split_once("://").ok_or(OriginError)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(OriginError),
        };
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let authority = rest.get(..end).ok_or(OriginError)?;
        let is_odd = |c: char| c == '@' || c.is_whitespace() || c.is_control();
        if authority.contains(is_odd) {
            return Err(OriginError);
        }
        // A colon inside brackets belongs to the IPv6 address and not to the port.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse::<u16>().map_err(|_| OriginError)?)
            }
            _ => (authority, default_port),
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            return Err(OriginError);
        }
        Ok(Self(format!("{scheme}://{host}:{port}")))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_origin_are_equal_and_others_are_not() {
        let of = |url| Origin::of(url).map(|o| o.0);
        let api = Ok("https://api.anthropic.com:443".to_owned());
        assert_eq!(of("https://api.anthropic.com"), api);
        assert_eq!(of("HTTPS://API.Anthropic.com.:443/v1?x"), api);
        assert_eq!(of("http://[::1]/x"), Ok("http://[::1]:80".into()));
        assert_eq!(of("http://[::1]:8080"), Ok("http://[::1]:8080".into()));
        assert_ne!(of("http://api.anthropic.com"), api);
        assert_ne!(of("https://api.anthropic.com:8443"), api);
    }

    #[test]
    fn what_has_no_plain_origin_is_refused() {
        for url in [
            "",
            "api.anthropic.com",
            "ftp://x",
            "https://",
            "https://:443",
            "https://me@evil.example",
            "https://a b",
            "https://host:port",
            "https://host:99999",
        ] {
            assert_eq!(Origin::of(url), Err(OriginError), "{url}");
        }
    }
}
