//! Where a request comes from, in the one form that counts: an IPv4 address, or the network that one IPv6 client owns.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;
use std::str::FromStr;

/// Where a request comes from. An IPv4-mapped IPv6 address is the IPv4 address; any other IPv6 address stands for its
/// /64, of which a single machine usually owns all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 /48, by its first 48 bits and zeros: a whole site. Only counted in, never where a request comes from.
    Site(u64),
    /// An IPv6 /64, by its first 64 bits.
    Network(u64),
}

/// The text names no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address, and not an IPv6 network of /64 or /48")]
pub struct SourceError;

impl Source {
    /// Where requests from `address` come from.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::Network(first_half(address)),
        }
    }

    /// The wider network in which failures of many sources add up.
    #[must_use]
    pub const fn wider(self) -> Option<Self> {
        match self {
            Self::Network(prefix) => Some(Self::Site(prefix >> 16 << 16)),
            Self::V4(_) | Self::Site(_) => None,
        }
    }

    /// Whether one is the other, or a part of it.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self == other || self.wider() == Some(other) || other.wider() == Some(self)
    }
}

fn first_half(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or_default()
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = |prefix: u64| Ipv6Addr::from_bits(u128::from(prefix) << 64);
        match *self {
            Self::V4(address) => address.fmt(f),
            Self::Site(prefix) => write!(f, "{}/48", network(prefix)),
            Self::Network(prefix) => write!(f, "{}/64", network(prefix)),
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;

    /// Takes any address too, and gives the source that it belongs to.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let source = Self::of(address.parse().map_err(|_| SourceError)?);
        match (source, length) {
            (_, None) | (Self::V4(_), Some("32")) | (Self::Network(_), Some("64")) => Ok(source),
            (Self::Network(_), Some("48")) => source.wider().ok_or(SourceError),
            _ => Err(SourceError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        Source::of(text.parse().unwrap()).to_string()
    }

    #[test]
    fn one_client_is_one_source_however_it_is_written() {
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2::9"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
    }

    #[test]
    fn a_source_reads_back_and_an_address_means_its_source() {
        for (text, shown) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1::/48", "2001:db8:1::/48"),
        ] {
            let source: Source = text.parse().unwrap();
            assert_eq!(source.to_string(), shown);
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        for bad in [
            "",
            "mayor",
            "203.0.113.0/24",
            "2001:db8::/32",
            "1.2.3.4/",
            "/64",
        ] {
            assert_eq!(bad.parse::<Source>(), Err(SourceError), "{bad}");
        }
    }

    #[test]
    fn a_network_overlaps_its_site_and_no_other() {
        let source = |text: &str| text.parse::<Source>().unwrap();
        let (one, site) = (source("2001:db8:1:2::/64"), source("2001:db8:1::/48"));
        assert!(one.overlaps(site) && site.overlaps(one) && one.overlaps(one));
        assert!(!one.overlaps(source("2001:db8:1:3::/64")));
        assert!(!one.overlaps(source("2001:db8:2::/48")));
        assert!(!one.overlaps(source("203.0.113.7")));
    }
}
