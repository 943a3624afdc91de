//! A base URL, read strictly: scheme, host, optional port and path prefix, and nothing else.

use super::UpstreamError;
use http::Uri;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// How names of private networks end: reserved by RFC 6761, 6762, 8375 and ICANN, or in wide use.
const PRIVATE_ENDS: [&str; 11] = [
    ".localhost",
    ".local",
    ".internal",
    ".lan",
    ".home.arpa",
    ".test",
    ".svc",
    ".cluster.local",
    ".private",
    ".corp",
    ".intranet",
];

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamScheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl UpstreamScheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A base URL in its one spelling: lower-case scheme and host, no default port, no trailing slash, no trailing
/// `/v1` (the door's own paths begin with it, and half of all SDKs are configured with it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    scheme: UpstreamScheme,
    host: String,
    port: u16,
    prefix: String,
}

impl UpstreamUrl {
    pub(super) fn parse(text: &str) -> Result<Self, UpstreamError> {
        if text.len() > 2048 {
            return Err(UpstreamError::Form("it is longer than 2048 characters"));
        }
        if text.contains(['?', '#', '\\']) {
            return Err(UpstreamError::Form("no query, fragment or backslash"));
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| UpstreamError::Form("this is no URL"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => UpstreamScheme::Http,
            Some("https") => UpstreamScheme::Https,
            _ => return Err(UpstreamError::Form("the scheme is https or http")),
        };
        let authority = uri
            .authority()
            .ok_or(UpstreamError::Form("a host is needed"))?;
        if authority.as_str().contains('@') {
            return Err(UpstreamError::Form("no user or password"));
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => scheme.default_port(),
            rest => rest
                .and_then(|rest| rest.strip_prefix(':'))
                .and_then(|digits| digits.parse().ok())
                .filter(|port| *port != 0)
                .ok_or(UpstreamError::Form("the port is 1 to 65535"))?,
        };
        let host = authority.host().to_ascii_lowercase();
        check_host(&host)?;
        let prefix = uri.path().trim_end_matches('/');
        let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix);
        Ok(Self {
            scheme,
            host,
            port,
            prefix: prefix.to_owned(),
        })
    }

    /// Plain or over TLS.
    #[must_use]
    pub const fn scheme(&self) -> UpstreamScheme {
        self.scheme
    }

    /// The address, when the host is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    }

    /// Whether the host is the name of a cloud's metadata service; its address is refused at connect in any case.
    pub(super) fn names_metadata(&self) -> bool {
        let host = self.host.trim_end_matches('.');
        [
            "metadata",
            "metadata.google.internal",
            "metadata.azure.internal",
            "instance-data",
        ]
        .contains(&host)
            || host.starts_with("instance-data.")
    }

    pub(super) fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Whether the host is a name that the public DNS does not have: one label, or one that ends as private networks do.
    pub(super) fn names_private_host(&self) -> bool {
        !self.host.contains('.') || PRIVATE_ENDS.iter().any(|end| self.host.ends_with(end))
    }

    /// `scheme://host:port`, which a provider secret is sealed for.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.prefix)
    }
}

fn check_host(host: &str) -> Result<(), UpstreamError> {
    if host.is_empty() || host.ends_with('.') {
        return Err(UpstreamError::Form("the host is empty or ends in a dot"));
    }
    if host.starts_with('[') {
        return match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(UpstreamError::Form("this is no IPv6 address")),
        };
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !host.chars().all(plain) {
        return Err(UpstreamError::Form("the host has odd characters"));
    }
    // Resolvers read 127.1, 0x7f000001 and 2130706433 as addresses too.
    let last = host.rsplit('.').next().unwrap_or(host);
    let numeric = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.starts_with("0x") || last.chars().all(|c| c.is_ascii_digit()));
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(UpstreamError::Form(
            "write an IPv4 address as four decimal numbers",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_upstream_has_one_spelling() {
        for (text, spelled, origin) in [
            (
                "https://API.Anthropic.com/",
                "https://api.anthropic.com",
                "https://api.anthropic.com:443",
            ),
            (
                "https://api.openai.com:443/v1/",
                "https://api.openai.com",
                "https://api.openai.com:443",
            ),
            (
                "http://127.0.0.1:9000/api/v1",
                "http://127.0.0.1:9000/api",
                "http://127.0.0.1:9000",
            ),
            (
                "http://[::1]:8080",
                "http://[::1]:8080",
                "http://[::1]:8080",
            ),
        ] {
            let url = UpstreamUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), spelled);
            assert_eq!(url.origin(), origin);
        }
    }

    #[test]
    fn what_is_no_plain_base_url_is_refused() {
        for text in [
            "",
            "api.anthropic.com",
            "ftp://example.com",
            "https://",
            "https://user:pass@example.com",
            "https://user@example.com",
            "https://example.com?x=1",
            "https://example.com/#x",
            "https://example.com:0",
            "https://example.com:",
            "https://example.com:70000",
            "https://example.com.",
            "http://127.1",
            "http://0x7f000001",
            "http://2130706433",
            "http://0177.0.0.1",
            "http://127.0.0.1.",
            "https://exa mple.com",
            "https://[::1",
            "https://exämple.com",
            "https://%31%32",
        ] {
            assert!(UpstreamUrl::parse(text).is_err(), "{text}");
        }
    }
}
