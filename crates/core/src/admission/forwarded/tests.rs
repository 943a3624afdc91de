//! Chains as proxies write them, and as somebody makes them up.

use super::*;
use proptest::prelude::*;

fn proxies() -> TrustedProxies {
    TrustedProxies::read(["10.0.0.0/8", "::1", "192.0.2.1", "fd00::/8"]).unwrap()
}

fn lines<'a>(texts: &'a [&'a str]) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    texts.iter().map(|text| text.as_bytes())
}

fn source(peer: &str, forwarded: &[&str], list: &[&str]) -> String {
    let peer = peer.parse().unwrap();
    proxies()
        .source(peer, lines(forwarded), lines(list))
        .to_string()
}

fn listed(text: &str) -> String {
    source("10.0.0.1", &[], &[text])
}

fn standard(text: &str) -> String {
    source("10.0.0.1", &[text], &[])
}

#[test]
fn what_an_untrusted_peer_says_is_not_read() {
    let said = source("203.0.113.9", &["for=198.51.100.1"], &["198.51.100.1"]);
    assert_eq!(said, "203.0.113.9");
    let nobody = TrustedProxies::default();
    let said = nobody.source(
        "10.0.0.1".parse().unwrap(),
        lines(&[]),
        lines(&["198.51.100.1"]),
    );
    assert_eq!(said.to_string(), "10.0.0.1");
}

#[test]
fn the_rightmost_address_that_is_no_proxy_counts() {
    assert_eq!(listed("198.51.100.1"), "198.51.100.1");
    assert_eq!(listed("6.6.6.6, 198.51.100.1"), "198.51.100.1");
    assert_eq!(listed("6.6.6.6, 198.51.100.1, 10.9.9.9"), "198.51.100.1");
    assert_eq!(
        listed("6.6.6.6,198.51.100.1,192.0.2.1 ,\t10.9.9.9"),
        "198.51.100.1"
    );
    assert_eq!(
        standard("for=6.6.6.6, for=198.51.100.1;proto=https, for=10.9.9.9"),
        "198.51.100.1"
    );
    let parted = source("10.0.0.1", &[], &["6.6.6.6, 198.51.100.1", "10.9.9.9"]);
    assert_eq!(parted, "198.51.100.1");
    let parted = source("10.0.0.1", &["for=6.6.6.6", "for=198.51.100.1"], &[]);
    assert_eq!(parted, "198.51.100.1");
}

#[test]
fn without_anything_said_the_proxy_itself_counts() {
    assert_eq!(source("10.0.0.1", &[], &[]), "10.0.0.1");
    assert_eq!(listed("10.0.0.3, 10.0.0.2"), "10.0.0.3");
}

#[test]
fn mapped_addresses_are_those_that_they_map() {
    assert_eq!(
        source("::ffff:10.0.0.1", &[], &["::ffff:198.51.100.1"]),
        "198.51.100.1"
    );
    let mapped = TrustedProxies::read(["::ffff:192.0.2.1"]).unwrap();
    let said = mapped.source(
        "192.0.2.1".parse().unwrap(),
        lines(&[]),
        lines(&["6.6.6.6"]),
    );
    assert_eq!(said.to_string(), "6.6.6.6");
}

#[test]
fn ports_zones_brackets_and_quotes_are_read() {
    for text in [
        "198.51.100.1:4711",
        "for=198.51.100.1",
        "For=\"198.51.100.1:4711\"",
        "by=10.0.0.1; FOR = \"198.51.100.1:_hidden\" ;host=\"a,b;c\"",
        "host=\"a\\\"b,\";for=198.51.100.1",
    ] {
        let is_list = !text.contains('=');
        let read = if is_list {
            listed(text)
        } else {
            standard(text)
        };
        assert_eq!(read, "198.51.100.1", "{text}");
    }
    for text in [
        "2001:db8::1",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "2001:db8::1%eth0",
    ] {
        assert_eq!(listed(text), "2001:db8::/64", "{text}");
    }
    for text in [
        "for=\"[2001:db8::1]\"",
        "for=\"[2001:db8::1%25]:443\"",
        "for=\"[2001:db8::1]:_x\"",
    ] {
        assert_eq!(standard(text), "2001:db8::/64", "{text}");
    }
    assert_eq!(
        source("fd00::1%0".split('%').next().unwrap(), &[], &["6.6.6.6"]),
        "6.6.6.6"
    );
}

#[test]
fn garbage_stops_the_walk_at_the_last_trusted_proxy() {
    for text in [
        "",
        "unknown",
        "_hidden",
        "6.6.6.6, mayor",
        "6.6.6.6,",
        "1.2.3",
        "1.2.3.4:",
        "1.2.3.4:99999",
        "1.2.3.4:+1",
        "[1.2.3.4]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]443",
        "2001:db8::1%",
        "1.2.3.4%eth0",
        "1.2.3.4 5.6.7.8",
        "\"1.2.3.4\"",
    ] {
        assert_eq!(listed(text), "10.0.0.1", "{text:?}");
    }
    for text in [
        "",
        "for",
        "for=",
        "for=unknown",
        "for=_hidden",
        "proto=https",
        "for=\"1.2.3.4",
        "for=1.2.3.4\"",
        "for=1.2.3.4;for=5.6.7.8",
        "for=1.2.3.4, proto=https",
        "for=1.2.3.4;",
        "1.2.3.4",
        "for=\"1.2.3.4\\\"",
    ] {
        assert_eq!(standard(text), "10.0.0.1", "{text:?}");
    }
    assert_eq!(listed("6.6.6.6, nonsense, 10.0.0.7"), "10.0.0.7");
    assert_eq!(
        standard("for=6.6.6.6, for=nonsense, for=10.0.0.7"),
        "10.0.0.7"
    );
}

#[test]
fn a_quote_that_the_client_left_open_swallows_nothing_of_the_proxys() {
    assert_eq!(standard("for=\"6.6.6.6, for=198.51.100.1"), "198.51.100.1");
    assert_eq!(
        standard("for=\"x\\, for=\"[2001:db8::1]:443\""),
        "2001:db8::/64"
    );
    let parted = source("10.0.0.1", &["for=\"6.6.6.6", "for=198.51.100.1"], &[]);
    assert_eq!(parted, "198.51.100.1");
}

#[test]
fn when_the_two_headers_do_not_agree_neither_is_believed() {
    let said = source("10.0.0.1", &["for=6.6.6.6"], &["198.51.100.1"]);
    assert_eq!(said, "10.0.0.1");
    let said = source(
        "10.0.0.1",
        &["for=198.51.100.1"],
        &["6.6.6.6, 198.51.100.1"],
    );
    assert_eq!(said, "198.51.100.1");
}

#[test]
fn a_chain_without_end_is_left_after_a_while() {
    let chain = format!("6.6.6.6{}", ", 10.0.0.2".repeat(100));
    assert_eq!(listed(&chain), "10.0.0.2");
}

#[test]
fn networks_are_read_and_a_mistake_is_named_by_its_place() {
    let read = TrustedProxies::read(["10.1.2.3/8", "2001:db8::1"]).unwrap();
    let networks: Vec<String> = read.networks().collect();
    assert_eq!(networks, ["10.0.0.0/8", "2001:db8::1/128"]);
    for bad in ["", "proxy.example", "10.0.0.0/33", "10.0.0.0/8 "] {
        assert_eq!(
            TrustedProxies::read(["::1", bad]),
            Err((1, NetworkError)),
            "{bad}"
        );
    }
}

proptest! {
    /// Whatever a client writes to the left, in either header, what the trusted proxy appended decides.
    #[test]
    fn what_the_client_wrote_changes_nothing(made_up in "[ -~]{0,60}") {
        prop_assert_eq!(listed(&format!("{made_up}, 198.51.100.1")), "198.51.100.1");
        prop_assert_eq!(standard(&format!("{made_up}, for=198.51.100.1")), "198.51.100.1");
        prop_assert_eq!(standard(&format!("{made_up}, for=\"[2001:db8::1]:9\"")), "2001:db8::/64");
    }

    /// No bytes make it panic, and the source is either the peer or what was written.
    #[test]
    fn hostile_bytes_are_read_to_an_end(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let line = [line.as_slice()];
        let proxies = proxies();
        let lines = || line.iter().copied();
        proxies.source("10.0.0.1".parse().unwrap(), lines(), lines());
    }
}
