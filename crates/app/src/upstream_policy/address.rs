//! How far an IP address reaches (RFC 6890 registries, RFC 6598, and the metadata addresses of the large clouds).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The internet.
    Public,
    /// This machine or this network.
    Private,
    /// Nothing that an upstream could be: link-local, metadata, multicast, unspecified, reserved, disguised.
    Never,
}

impl Reach {
    /// Judges an address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        match ip.octets() {
            // Metadata of Alibaba, Azure's host, Oracle.
            [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, _] => Self::Never,
            [0, ..] | [169, 254, ..] | [224..=255, ..] => Self::Never,
            [127 | 10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => {
                Self::Private
            }
            _ => Self::Public,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        if ip == Ipv6Addr::LOCALHOST {
            return Self::Private;
        }
        match ip.segments() {
            // NAT64 (RFC 6052) is how a machine without IPv4 reaches the public part of it.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => match Self::of_v4(embedded(high, low)) {
                Self::Public => Self::Public,
                Self::Private | Self::Never => Self::Never,
            },
            // Unspecified, IPv4-compatible and IPv4-mapped.
            [0, 0, 0, 0, 0, ..] => Self::Never,
            // Local NAT64, 6to4, Teredo: other spellings of an IPv4 address.
            [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => Self::Never,
            // Link-local, site-local, multicast.
            [0xfe80..=0xfeff, ..] | [0xff00..=0xffff, ..] => Self::Never,
            // Metadata of AWS.
            [0xfd00, 0x0ec2, ..] => Self::Never,
            [0xfc00..=0xfdff, ..] => Self::Private,
            _ => Self::Public,
        }
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_has_one_reach() {
        for (text, reach) in [
            ("8.8.8.8", Reach::Public),
            ("172.15.0.1", Reach::Public),
            ("172.16.0.1", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("100.100.100.200", Reach::Never),
            ("169.254.170.2", Reach::Never),
            ("2606:4700::1", Reach::Public),
            ("64:ff9b::808:808", Reach::Public),
            ("64:ff9b::7f00:1", Reach::Never),
            ("::ffff:8.8.8.8", Reach::Never),
            ("fd00::1", Reach::Private),
            ("febf::1", Reach::Never),
        ] {
            assert_eq!(Reach::of(text.parse().unwrap()), reach, "{text}");
        }
    }
}
