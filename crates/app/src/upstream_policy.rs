//! Which upstream addresses the plane may call: judged when one is configured, and again at every connect.
//!
//! A base URL decides where provider secrets go, so it must not reach the machine's own services or a cloud's
//! metadata by accident. A host name proves nothing here; the door judges the address that it resolves to.

mod address;
mod url;

pub use address::Reach;
pub use url::{UpstreamScheme, UpstreamUrl};

use std::net::IpAddr;

/// Whether loopback and private addresses may be upstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateUpstreams {
    /// They may, over plain HTTP too.
    Allowed,
    /// They may not.
    Refused,
}

/// Why an upstream was refused; the text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No URL, or not of the form that is wanted.
    #[error("it must be like https://host[:port][/prefix]: {0}")]
    Form(&'static str),
    /// Link-local, metadata, multicast, unspecified or a disguised spelling.
    #[error("link-local, metadata, multicast and reserved addresses are never called")]
    Never,
    /// A loopback or private address where those are not allowed.
    #[error(
        "loopback and private addresses are not allowed while the plane listens on other than loopback"
    )]
    Private,
    /// Plain HTTP to a public address.
    #[error("plain http is for loopback and private addresses only")]
    PlainToPublic,
}

/// The plane's rule about upstreams.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamPolicy {
    private: PrivateUpstreams,
}

impl UpstreamPolicy {
    /// With loopback and private addresses allowed or not.
    #[must_use]
    pub const fn new(private: PrivateUpstreams) -> Self {
        Self { private }
    }

    /// Judges a base URL as an operator writes it.
    pub fn check_url(&self, text: &str) -> Result<UpstreamUrl, UpstreamError> {
        let url = UpstreamUrl::parse(text)?;
        if url.names_metadata() {
            return Err(UpstreamError::Never);
        }
        match url.address() {
            Some(ip) => self.check_address(url.scheme(), ip)?,
            None if url.is_localhost() => self.check_reach(url.scheme(), Reach::Private)?,
            None if url.scheme() == UpstreamScheme::Https => {}
            // Plain HTTP can only ever connect to a private address, so the name must be one of a private network, and
            // needs that allowance.
            None if url.names_private_host() => self.check_reach(url.scheme(), Reach::Private)?,
            None => self.check_reach(url.scheme(), Reach::Public)?,
        }
        Ok(url)
    }

    /// Judges the address that is about to be connected to.
    pub fn check_address(&self, scheme: UpstreamScheme, ip: IpAddr) -> Result<(), UpstreamError> {
        self.check_reach(scheme, Reach::of(ip))
    }

    fn check_reach(&self, scheme: UpstreamScheme, reach: Reach) -> Result<(), UpstreamError> {
        match (reach, scheme, self.private) {
            (Reach::Never, ..) => Err(UpstreamError::Never),
            (Reach::Private, _, PrivateUpstreams::Refused) => Err(UpstreamError::Private),
            (Reach::Public, UpstreamScheme::Http, _) => Err(UpstreamError::PlainToPublic),
            (Reach::Private, ..) | (Reach::Public, UpstreamScheme::Https, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: UpstreamPolicy = UpstreamPolicy::new(PrivateUpstreams::Allowed);
    const CLOSED: UpstreamPolicy = UpstreamPolicy::new(PrivateUpstreams::Refused);

    #[test]
    fn https_to_public_is_always_allowed_and_plain_http_never() {
        for policy in [OPEN, CLOSED] {
            assert!(policy.check_url("https://api.anthropic.com").is_ok());
            assert!(policy.check_url("https://1.1.1.1").is_ok());
            assert_eq!(
                policy.check_url("http://1.1.1.1"),
                Err(UpstreamError::PlainToPublic)
            );
            for url in [
                "http://api.anthropic.com",
                "http://example.internal.com",
                "http://local.example:8080",
            ] {
                let refused = policy.check_url(url);
                assert_eq!(refused, Err(UpstreamError::PlainToPublic), "{url}");
            }
        }
    }

    #[test]
    fn private_addresses_follow_the_allowance() {
        for url in [
            "http://127.0.0.1:9000",
            "https://127.0.0.1",
            "http://localhost:1",
            "http://10.1.2.3",
            "http://[::1]:80",
            "http://[fd12::1]",
            "http://ollama:11434",
            "http://models.lan",
            "http://gateway.default.svc.cluster.local",
            "http://host.docker.internal:8080",
            "http://nas.home.arpa",
            "https://fake.localhost",
        ] {
            assert!(OPEN.check_url(url).is_ok(), "{url}");
            assert_eq!(CLOSED.check_url(url), Err(UpstreamError::Private), "{url}");
        }
    }

    #[test]
    fn some_addresses_are_never_called_however_they_are_written() {
        for url in [
            "http://169.254.169.254",
            "https://169.254.169.254/latest",
            "http://metadata.google.internal/computeMetadata",
            "http://metadata",
            "http://[fe80::1]",
            "http://[fd00:ec2::254]",
            "http://100.100.100.200",
            "http://0.0.0.0:80",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://[::ffff:a9fe:a9fe]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[2002:7f00:1::]",
            "http://224.0.0.1",
            "http://[ff02::1]",
            "http://255.255.255.255",
        ] {
            assert_eq!(OPEN.check_url(url), Err(UpstreamError::Never), "{url}");
        }
    }
}
