//! Base URLs that lead where no secret may go: judged when an operator writes them, in every spelling, and again by the
//! address that is connected to. Answers that send the plane elsewhere are not followed.
//!
//! Names that resolve to something else from one look to the next are in `crates/proxy/src/upstream/tests/rebinding.rs`, too.

use super::stage::{BODY, Stage};
use crate::plane::{Plane, request};
use portunus_testkit::{Answer as Upstream, FakeProvider};
use serde_json::json;
use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs};

/// Link-local, metadata and what is no address of an upstream, as plainly as they can be written.
const NEVER: [&str; 26] = [
    "http://169.254.169.254",
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.0.1:8080",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://192.0.0.192",
    "http://metadata",
    "http://metadata.google.internal",
    "HTTPS://Metadata.Google.Internal/computeMetadata/v1",
    "http://instance-data.ec2.internal",
    "http://[fe80::1]",
    "http://[febf::1]:80",
    "http://[fd00:ec2::254]",
    "http://0.0.0.0",
    "http://0.1.2.3",
    "http://[::]",
    "http://224.0.0.1",
    "http://255.255.255.255",
    "http://[ff02::1]",
    "http://[::ffff:169.254.169.254]",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]",
    "http://[::127.0.0.1]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[2002:a9fe:a9fe::1]",
    "https://[2001:0:a9fe:a9fe::1]",
];

/// The same in disguise: what a resolver or a browser takes for an address, and what hides the host.
const DISGUISED: [&str; 36] = [
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://0xA9.0xFE.0xA9.0xFE",
    "http://0251.0376.0251.0376",
    "http://025177524776",
    "http://169.254.43518",
    "http://169.16689662",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://0",
    "http://169.254.169.254.",
    "http://metadata.google.internal.",
    "http://[fe80::1%25eth0]",
    "http://[fe80::1%eth0]",
    "http://[169.254.169.254]",
    "http://[::ffff:0xa9fea9fe]",
    "https://api.anthropic.com@169.254.169.254",
    "https://api.anthropic.com:443@169.254.169.254",
    "https://169.254.169.254#@api.anthropic.com",
    "https://169.254.169.254?@api.anthropic.com",
    "https://api.anthropic.com\\@169.254.169.254",
    "https://169.254.169.254\\.api.anthropic.com",
    "http://169.254.169.254%2eexample.com",
    "http://127.0.0.1%00.example.com",
    "http://\u{ff11}\u{ff16}\u{ff19}.254.169.254",
    "http://\u{2460}69.254.169.254",
    "http://169\u{3002}254\u{3002}169\u{3002}254",
    "https://api.\u{430}nthropic.com",
    "http://169.254.169.254\t",
    " http://169.254.169.254",
    "http:169.254.169.254",
    "//169.254.169.254",
    "file:///etc/passwd",
];

/// Loopback and private networks.
const PRIVATE: [&str; 15] = [
    "http://127.0.0.1:7070",
    "https://127.0.0.1",
    "https://127.255.255.254",
    "http://localhost",
    "https://LOCALHOST:8443",
    "https://a.localhost",
    "https://[::1]",
    "https://10.0.0.1",
    "https://172.16.0.1",
    "https://172.31.255.255",
    "https://192.168.1.1",
    "https://100.64.0.1",
    "https://[fd12:3456::1]",
    "http://ollama:11434",
    "http://models.internal",
];

#[test]
fn what_is_never_an_upstream_is_refused_in_every_spelling() {
    let stage = Stage::open();
    for url in NEVER.iter().chain(&DISGUISED) {
        let pool = json!({"name": "spare", "protocol": "openai", "base_url": url});
        stage.refuses("POST", "/api/v1/pools", &pool, "upstream_forbidden");
    }
    for url in [NEVER[0], NEVER[20], DISGUISED[0], DISGUISED[19]] {
        let change = json!({"base_url": url});
        stage.refuses(
            "PATCH",
            "/api/v1/pools/anthropic",
            &change,
            "upstream_forbidden",
        );
        stage.refuses(
            "PATCH",
            "/api/v1/keys/anthropic:a",
            &change,
            "upstream_forbidden",
        );
        let words = format!("keys add --pool anthropic --label b --base-url {url}");
        let said = stage.plane.run_with(&words, "sk-ant-api03-b");
        assert_eq!(said.code, 2, "{said:?}");
    }
    stage.serves();
}

#[test]
fn loopback_and_private_networks_are_upstreams_only_where_they_are_allowed() {
    let closed = Plane::start_configured("[upstream]\nallow_private = false\n");
    let open = Plane::start();
    for (number, url) in PRIVATE.iter().enumerate() {
        let pool = json!({"name": format!("p{number}"), "protocol": "openai", "base_url": url});
        let refused = closed.ask(&closed.operator, "POST", "/api/v1/pools", Some(&pool));
        assert_eq!(refused.status, 400, "{url}: {refused:?}");
        assert_eq!(refused.json()["code"], "upstream_forbidden", "{url}");
        let made = open.ask(&open.operator, "POST", "/api/v1/pools", Some(&pool));
        assert_eq!(made.status, 201, "{url}: {made:?}");
    }
}

/// A name of this machine that is not written like one of a private network.
fn name_of_this_machine() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let names = hosts
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.split_whitespace().skip(1));
    let is_loopback = |name: &&str| {
        let found = (*name, 1).to_socket_addrs();
        found.is_ok_and(|mut all| all.all(|address| address.ip().is_loopback()))
    };
    names
        .filter(|name| !name.contains("localhost") && is_loopback(name))
        .map(str::to_owned)
        .next()
}

#[test]
fn a_name_is_judged_by_the_address_that_is_connected_to() {
    let Some(name) = name_of_this_machine() else {
        println!("SKIPPED: /etc/hosts has no other name of this machine");
        return;
    };
    let plane = Plane::start_configured("[upstream]\nallow_private = false\n");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nothing shows in the text where it leads.
    plane.add_key(
        "anthropic",
        "a",
        "sk-ant-api03-a",
        &format!("https://{name}:{port}"),
    );
    let token = plane.create_agent("mayor");
    let headers = [("x-api-key", token.as_str())];
    let answer = request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(answer.body.contains("may not call"), "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("x-should-retry: false"), "{answer:?}");
    let nobody = listener.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(nobody, Err(ErrorKind::WouldBlock), "the plane has called");
}

#[test]
fn a_name_that_leads_elsewhere_since_it_was_checked_is_not_followed() {
    let names = |address: &str| format!("{address} models.internal\n");
    let Some(plane) = Plane::start_knowing(&names("127.0.0.1")) else {
        println!("SKIPPED HERE: no process may have an /etc/hosts of its own here");
        return;
    };
    let provider = FakeProvider::start().unwrap();
    // Each call looks the name up anew.
    let closing = Upstream::ok().header("connection", "close");
    provider.anyone().always(closing);
    let there = provider.base_url().replace("127.0.0.1", "models.internal");
    plane.add_key("anthropic", "a", "sk-ant-api03-a", &there);
    let token = plane.create_agent("mayor");
    let headers = [("x-api-key", token.as_str())];
    let call = || request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    assert_eq!(call().status, 200);
    for (address, status) in [
        ("169.254.169.254", 502),
        ("127.0.0.1", 200),
        ("::ffff:169.254.169.254", 502),
        ("0.0.0.0", 502),
        // One of several is enough.
        ("127.0.0.1 models.internal\n169.254.169.254", 200),
    ] {
        let before = provider.seen().len();
        std::fs::write(plane.path("hosts"), names(address)).unwrap();
        let answer = call();
        assert_eq!(answer.status, status, "{address}: {answer:?}");
        let called = provider.seen().len() > before;
        assert_eq!(called, status == 200, "{address}");
    }
}

#[test]
fn an_answer_that_sends_the_plane_elsewhere_is_not_followed() {
    let elsewhere = FakeProvider::start().unwrap();
    let stage = Stage::open();
    let there = elsewhere.base_url();
    for location in [
        format!("{there}/v1/messages"),
        there.replacen("http:", "", 1),
        "/v1/messages?again".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let away = Upstream::status(status).header("location", &location);
            stage.provider.anyone().always(away);
            let answer = stage.call(BODY);
            assert_eq!(answer.status, 502, "{status} {location}: {answer:?}");
            let head = answer.head.to_ascii_lowercase();
            assert!(!head.contains("location:"), "{head}");
        }
    }
    assert!(elsewhere.seen().is_empty());
    let seen = stage.provider.seen();
    assert!(seen.iter().all(|one| one.path == "/v1/messages"));
}
