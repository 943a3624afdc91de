//! Where a plane is, and whether it is known to be the one that is meant: an address on this machine, or a pinned certificate.

use crate::pin::Pin;
use http::Uri;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Why a text is no address of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL, or has no host.
    #[error("cannot be read: write it like http://127.0.0.1:7070 or https://plane.example")]
    Unreadable,
    /// Another scheme.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// What stands before an `@` may be a password, and addresses are logged.
    #[error("has a user name or a password: leave them out, the token says who you are")]
    UserInfo,
    /// A query, which no address of a plane has.
    #[error("has a query: leave it out")]
    Query,
    /// A certificate is pinned where there is none.
    #[error("has a pinned certificate and no TLS: write https://")]
    PinWithoutTls,
}

/// One address of a plane: scheme, host, port and perhaps a path before everything else.
///
/// ```
/// use portunus_client::Endpoint;
///
/// let plane: Endpoint = "https://plane.example".parse()?;
/// assert_eq!(plane.to_string(), "https://plane.example");
/// assert!(!plane.is_trusted());
/// # Ok::<(), portunus_client::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    /// As it is written, in lower case; an IPv6 address without its brackets.
    host: String,
    port: u16,
    /// As it is written: host, and port if there is one.
    authority: String,
    /// Without a slash at its end.
    prefix: String,
    pins: Vec<Pin>,
}

/// What bytes travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Endpoint {
    /// The same, where only the server with this certificate is spoken to, or with another one that was pinned before; no
    /// authority is asked. Two pins let a certificate be replaced while nobody notices.
    ///
    /// # Errors
    ///
    /// [`AddressError::PinWithoutTls`].
    pub fn pinned(mut self, pin: Pin) -> Result<Self, AddressError> {
        if self.scheme == Scheme::Http {
            return Err(AddressError::PinWithoutTls);
        }
        self.pins.push(pin);
        Ok(self)
    }

    /// Whether it is certain who is spoken to: the address is one of this machine (a name, `localhost` too, is not, because
    /// something else may answer for it), or the certificate is pinned.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        let address: Option<IpAddr> = self.host.parse().ok();
        !self.pins.is_empty() || address.is_some_and(|address| address.to_canonical().is_loopback())
    }

    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The address of `path` on this plane, for a WebSocket.
    pub(crate) fn join_websocket(&self, path: &str) -> String {
        // `http` becomes `ws` and `https` `wss` (RFC 6455 §3).
        self.join(path).replacen("http", "ws", 1)
    }

    /// The address of `path` on this plane.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.trim().parse().map_err(|_| AddressError::Unreadable)?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(AddressError::Scheme),
        };
        let authority = uri.authority().ok_or(AddressError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(AddressError::UserInfo);
        }
        if uri.query().is_some() {
            return Err(AddressError::Query);
        }
        let host = authority.host().trim_matches(['[', ']']);
        // Several addresses in one text look like a host with a comma.
        if host.is_empty() || authority.as_str().contains(',') {
            return Err(AddressError::Unreadable);
        }
        let port = match (authority.port_u16(), scheme) {
            (Some(port), _) => port,
            // What stands behind the host is no port, and nobody means another one.
            (None, _) if authority.host() != authority.as_str() => {
                return Err(AddressError::Unreadable);
            }
            (None, Scheme::Http) => 80,
            (None, Scheme::Https) => 443,
        };
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
            authority: authority.as_str().to_ascii_lowercase(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            pins: Vec::new(),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Endpoint, AddressError> {
        text.parse()
    }

    #[test]
    fn addresses_are_read_strictly() {
        let plane = read("HTTP://Plane:80/p/").unwrap();
        assert_eq!(plane.join("/api/v1"), "http://plane:80/p/api/v1");
        assert_eq!((plane.host(), plane.port()), ("plane", 80));
        let plane = read("https://[::1]").unwrap();
        assert_eq!((plane.host(), plane.port()), ("::1", 443));
        for (bad, why) in [
            ("plane", AddressError::Scheme),
            ("", AddressError::Unreadable),
            ("ftp://a", AddressError::Scheme),
            ("http://u:hunter2@h", AddressError::UserInfo),
            ("http://h?x", AddressError::Query),
            ("http://", AddressError::Unreadable),
            ("http://a,http://b", AddressError::Unreadable),
            ("http://127.0.0.1:70700", AddressError::Unreadable),
            ("https://[::1]:99999999999", AddressError::Unreadable),
            ("http://h:", AddressError::Unreadable),
        ] {
            assert_eq!(read(bad).unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn only_addresses_of_this_machine_and_pinned_certificates_are_trusted() {
        for (text, is_trusted) in [
            ("http://127.0.0.1:7070", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:7", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost", false),
            ("http://127.0.0.1.example", false),
            ("http://0.0.0.0", false),
            ("http://10.0.0.1", false),
            ("https://plane.example", false),
        ] {
            assert_eq!(read(text).unwrap().is_trusted(), is_trusted, "{text}");
        }
        let pin: Pin = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let pinned = read("https://plane.example").unwrap().pinned(pin.clone());
        assert!(pinned.unwrap().is_trusted());
        let plain = read("http://plane.example").unwrap().pinned(pin);
        assert_eq!(plain.unwrap_err(), AddressError::PinWithoutTls);
    }
}
