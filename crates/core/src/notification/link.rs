//! Where a notification leads: an address that a person may click on, so it is http or https, names its host plainly, and
//! has no character that browsers read otherwise than people do.

use core::net::Ipv6Addr;
use std::fmt;
use std::sync::Arc;

/// Most bytes of a link.
pub const MAX_LINK_BYTES: usize = 2_048;

/// Why a text is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Another scheme, or none.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// Nothing or no host where the host stands.
    #[error("has no host")]
    Host,
    /// What stands before an `@` looks like a host and is none.
    #[error("must have no user name and no password")]
    UserInfo,
    /// A character that no address has (RFC 3986 §2), or that browsers read as another one.
    #[error("has a character that must be percent-encoded")]
    Character,
    /// Too long.
    #[error("has {0} bytes, and {MAX_LINK_BYTES} are the most")]
    TooLong(usize),
}

/// An address over http or https.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(Arc<str>);

impl Link {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Link {
    type Error = LinkError;

    fn try_from(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK_BYTES {
            return Err(LinkError::TooLong(text.len()));
        }
        let rest = behind(text, "https://").or_else(|| behind(text, "http://"));
        let rest = rest.ok_or(LinkError::Scheme)?;
        // Browsers take a backslash for a slash, which would make another host of this one.
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte))
        {
            return Err(LinkError::Character);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(LinkError::UserInfo);
        }
        if !is_host_and_port(authority) {
            return Err(LinkError::Host);
        }
        Ok(Self(text.into()))
    }
}

/// What follows a scheme, written in any case.
fn behind<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// A name, an IPv4 address or an IPv6 address in brackets, and a port or none (RFC 3986 §3.2).
fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                return address.parse::<Ipv6Addr>().is_ok() && is_port(port);
            }
            None => return false,
        },
        None => authority.find(':').map_or((authority, ""), |at| {
            authority.split_at_checked(at).unwrap_or((authority, ""))
        }),
    };
    let may_be_in_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !host.is_empty()
        && host.bytes().all(may_be_in_a_name)
        && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && is_port(port)
}

/// Nothing, or a colon and a number.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.parse::<u16>().is_ok() && !digits.starts_with('+'),
        None => text.is_empty(),
    }
}

impl fmt::Debug for Link {
    /// Without what follows the host, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.split('/').nth(2).unwrap_or_default();
        let host = host.split(['?', '#']).next().unwrap_or_default();
        write!(f, "Link({host})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_over_http_are_links_and_nothing_else_is() {
        for good in [
            "https://ci.example/run/7?x=1#end",
            "HTTP://localhost:8080",
            "https://[2001:db8::1]:8443/a",
            "https://192.0.2.7/%41?q=a&b=%20",
            "https://xn--mnchen-3ya.example/",
        ] {
            assert_eq!(Link::try_from(good).unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("javascript:alert(1)", LinkError::Scheme),
            ("data:text/html,x", LinkError::Scheme),
            ("//evil.example", LinkError::Scheme),
            ("https:/evil.example", LinkError::Scheme),
            ("file:///etc/passwd", LinkError::Scheme),
            ("", LinkError::Scheme),
            (" https://a", LinkError::Scheme),
            ("https://", LinkError::Host),
            ("https:///path", LinkError::Host),
            ("https://a:99999/", LinkError::Host),
            ("https://a:+80/", LinkError::Host),
            ("https://[::1/", LinkError::Host),
            ("https://a%2eb/", LinkError::Host),
            ("https://-/", LinkError::Host),
            ("https://bank.example@evil.example/", LinkError::UserInfo),
            ("https://good.example\\@evil.example/", LinkError::Character),
            ("https://a/b c", LinkError::Character),
            ("https://a/\u{1b}[2J", LinkError::Character),
            ("https://a/\"onclick=", LinkError::Character),
            ("https://münchen.example/", LinkError::Character),
        ] {
            assert_eq!(Link::try_from(bad), Err(why), "{bad}");
        }
        let long = format!("https://a/{}", "x".repeat(MAX_LINK_BYTES));
        assert_eq!(
            Link::try_from(long.as_str()),
            Err(LinkError::TooLong(long.len()))
        );
    }

    #[test]
    fn p11_what_follows_the_host_is_not_in_its_debug_output() {
        let link = Link::try_from("https://ci.example?token=canary").unwrap();
        assert_eq!(format!("{link:?}"), "Link(ci.example)");
    }

    proptest! {
        #[test]
        fn what_is_taken_is_harmless_in_a_line_and_in_a_page(text in ".{0,60}|https://[ -~]{0,40}") {
            if let Ok(link) = Link::try_from(text.as_str()) {
                let lower = link.as_str().to_ascii_lowercase();
                prop_assert!(lower.starts_with("http://") || lower.starts_with("https://"));
                prop_assert!(!lower.contains(|c: char| c.is_control() || " \"<>\\".contains(c)));
                let told = format!("{link:?}");
                prop_assert!(!told.contains('@'));
            }
        }
    }
}
