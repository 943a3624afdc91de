//! Where a request goes: a base URL, read once, and the origin behind it with its open connections.

use super::connections::Connections;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use parking_lot::Mutex;
use portunus_app::upstream_policy::UpstreamScheme;
use rustls::pki_types::ServerName;
use std::sync::Arc;

/// Scheme, host and port, and what is connected to them.
pub(super) struct Origin {
    scheme: UpstreamScheme,
    host: Box<str>,
    port: u16,
    authority: Authority,
    /// Its open connections. One worker's requests come here, so the lock is never waited for.
    pub(super) connections: Mutex<Connections>,
}

impl Origin {
    /// Reads the origin of a base URL; `None` when there is none that could be called.
    pub(super) fn of(base: &Uri) -> Option<Self> {
        let scheme = match base.scheme_str()? {
            "https" => UpstreamScheme::Https,
            "http" => UpstreamScheme::Http,
            _ => return None,
        };
        let authority = base.authority()?;
        let bare = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if bare.is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let default_port = match scheme {
            UpstreamScheme::Http => 80,
            UpstreamScheme::Https => 443,
        };
        let port = authority.port_u16().unwrap_or(default_port);
        let authority = if port == default_port {
            authority.host().parse().ok()?
        } else {
            authority.clone()
        };
        Some(Self {
            scheme,
            host: bare.to_ascii_lowercase().into(),
            port,
            authority,
            connections: Mutex::default(),
        })
    }

    pub(super) const fn scheme(&self) -> UpstreamScheme {
        self.scheme
    }

    /// The name or address, without the brackets of IPv6.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// As it stands in a `Host` header: without the scheme's own port.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The name that its certificate must be for.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.to_string()).ok()
    }

    /// Whether both are the same origin.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.port, &self.host) == (other.port, &other.host) && self.scheme == other.scheme
    }
}

/// Scheme, host and port of a base URL, for people: what else stands in one may be a secret.
pub(crate) fn address(base_url: &str) -> String {
    let base: Option<Uri> = base_url.parse().ok();
    let address = base.as_ref().and_then(|base| {
        let (scheme, host) = (base.scheme_str()?, base.host()?);
        let port = base.port_u16().map(|port| format!(":{port}"));
        Some(format!("{scheme}://{host}{}", port.unwrap_or_default()))
    });
    address.unwrap_or_else(|| "an address that cannot be read".to_owned())
}

/// A base URL as requests need it.
pub(super) struct Destination {
    /// Whom it names.
    pub(super) origin: Arc<Origin>,
    /// What its paths begin with; empty as a rule.
    prefix: Box<str>,
}

impl Destination {
    /// A base that ends in `/v1`, as `OpenAI`'s is often written, does not double it.
    pub(super) fn new(base: &Uri, origin: Arc<Origin>) -> Self {
        let prefix = base.path().trim_end_matches('/');
        let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix);
        Self {
            origin,
            prefix: prefix.into(),
        }
    }

    /// What the request line says before the client's own path.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The whole URI of `target` here, for HTTP/2.
    pub(super) fn uri(&self, target: &PathAndQuery) -> Option<Uri> {
        let target = if self.prefix.is_empty() {
            target.clone()
        } else {
            [&self.prefix, target.as_str()].concat().parse().ok()?
        };
        let scheme = match self.origin.scheme {
            UpstreamScheme::Http => Scheme::HTTP,
            UpstreamScheme::Https => Scheme::HTTPS,
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(self.origin.authority.clone());
        parts.path_and_query = Some(target);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn p11_an_address_for_people_has_nothing_that_could_be_a_secret() {
        for (base_url, told) in [
            ("https://api.example/v1", "https://api.example"),
            ("http://[::1]:8080/a?key=canary#canary", "http://[::1]:8080"),
            (
                "https://user:canary@api.example:444/canary",
                "https://api.example:444",
            ),
            ("canary", "an address that cannot be read"),
            ("https://canary canary/", "an address that cannot be read"),
        ] {
            assert_eq!(address(base_url), told);
        }
    }
}
