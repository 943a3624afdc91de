//! Where a request came from before it reached a proxy: what trusted proxies wrote down, read from the right.
//!
//! A proxy appends, so the rightmost address is what the nearest one saw. The walk goes on only from one trusted proxy
//! to the next, and what a client made up stands to the left of all of them. Nothing is guessed: behind the first
//! element that cannot be read, the last trusted proxy is where the request came from.

use super::source::Source;
use core::net::IpAddr;
use ipnet::IpNet;
use std::str::FromStr;

/// Proxies that are followed at most; no real chain is longer.
const HOPS: usize = 32;

/// Whose word is believed about where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address, and not a network such as 10.0.0.0/8")]
pub struct NetworkError;

impl TrustedProxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    /// The place of the first text that is neither.
    pub fn read<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (usize, NetworkError)> {
        let networks = texts.into_iter().enumerate();
        let networks = networks.map(|(at, text)| network(text).map_err(|error| (at, error)));
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Their networks, as text.
    pub fn networks(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The source of a request that arrived from `peer` with these lines of `Forwarded` (RFC 7239) and of
    /// `X-Forwarded-For`, each as they stand in the request.
    ///
    /// A proxy writes one of the two and may pass the other one on as its client sent it. So when both came and do not
    /// agree, neither is believed.
    pub fn source<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
        x_forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Source {
        if !self.trusts(peer) {
            return Source::of(peer);
        }
        let mut standard = forwarded
            .rev()
            .flat_map(elements)
            .map(forwarded_for)
            .peekable();
        let lists = x_forwarded_for.rev();
        let mut list = lists
            .flat_map(|line| line.rsplit(|byte| *byte == b','))
            .map(node)
            .peekable();
        let (has_standard, has_list) = (standard.peek().is_some(), list.peek().is_some());
        let (standard, list) = (self.walk(peer, standard), self.walk(peer, list));
        Source::of(match (has_standard, has_list) {
            (true, true) if standard != list => peer,
            (true, _) => standard,
            (false, _) => list,
        })
    }

    /// Follows the chain from its right end; `None` is what cannot be read.
    fn walk(&self, peer: IpAddr, chain: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut at = peer;
        for next in chain.take(HOPS) {
            let Some(next) = next.filter(|_| self.trusts(at)) else {
                break;
            };
            at = next;
        }
        at
    }
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    let address = IpAddr::from_str(text).map(|address| IpNet::from(address.to_canonical()));
    let network = address.or_else(|_| text.parse::<IpNet>().map(|network| network.trunc()));
    network.map_err(|_| NetworkError)
}

/// The elements of one line of `Forwarded`, from the right. Quoted commas part nothing; a quote that never began makes
/// all that is left of it one element, which cannot be read then.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let comma = last_outside_quotes(line, b',');
        let (left, element) = match comma {
            Some(at) => (line.get(..at), line.get(at + 1..)),
            None => (None, Some(line)),
        };
        rest = left;
        element
    })
}

/// Where the last `wanted` outside quotes stands.
fn last_outside_quotes(text: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        match byte {
            b'"' if !(quoted && is_escaped(text, at)) => quoted = !quoted,
            byte if *byte == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether an odd number of backslashes stands before `at`.
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 1
}

/// The address in the one `for` of an element such as `for="[2001:db8::1]:443";proto=https`.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let (mut rest, mut found) = (Some(element), None);
    while let Some(pairs) = rest {
        let at = last_outside_quotes(pairs, b';');
        let pair = at.map_or(Some(pairs), |at| pairs.get(at + 1..))?;
        rest = at.and_then(|at| pairs.get(..at));
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..equals)?, pair.get(equals + 1..)?);
        if !name.trim_ascii().eq_ignore_ascii_case(b"for") {
            continue;
        }
        let value = value.trim_ascii();
        let bare = match value.strip_prefix(b"\"") {
            Some(opened) => opened.strip_suffix(b"\"")?,
            None => value,
        };
        if found.replace(node(bare)?).is_some() {
            return None;
        }
    }
    found
}

/// An address as proxies write it: plain, in brackets, with a port, with a zone. Ports and zones are left out.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    if let Some(opened) = text.strip_prefix('[') {
        let (address, port) = opened.split_once(']')?;
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address_with_zone(address).filter(|address| address.is_ipv6() && is_port);
    }
    if let Some((address, port)) = text.split_once(':')
        && !port.contains(':')
    {
        let address = address.parse().ok().filter(IpAddr::is_ipv4);
        return address.filter(|_| is_port(port));
    }
    address_with_zone(text)
}

fn address_with_zone(text: &str) -> Option<IpAddr> {
    let Some((address, zone)) = text.split_once('%') else {
        return text.parse().ok();
    };
    let is_zone = !zone.is_empty() && zone.bytes().all(is_name_byte);
    address
        .parse()
        .ok()
        .filter(|address: &IpAddr| is_zone && address.is_ipv6())
}

/// Digits, or an obfuscated port (RFC 7239 §6.3).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(is_name_byte),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests;
