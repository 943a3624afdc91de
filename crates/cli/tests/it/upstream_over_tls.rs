//! Upstreams over TLS, with the HTTP version that they offer and connections that are used again.

use crate::plane::{Plane, request};
use http::Version;
use portunus_testkit::{Alpn, FakeProvider, TlsIdentity};
use std::collections::HashSet;
use tempfile::TempDir;

const QUESTION: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;

/// Asks five times and answers the HTTP versions and the connections that the provider saw.
fn seen_over_tls(alpn: Alpn) -> (HashSet<Version>, HashSet<u64>) {
    let files = TempDir::new().unwrap();
    let roots = files.path().join("roots.pem");
    // One worker has one set of connections.
    let config = files.path().join("portunus.toml");
    std::fs::write(&config, "[door]\nworkers = 1\n").unwrap();
    let identity = TlsIdentity::generate(alpn).unwrap();
    std::fs::write(&roots, identity.pem()).unwrap();
    let provider = FakeProvider::start_with_tls(&identity).unwrap();
    let plane = Plane::start_with(&[
        ("SSL_CERT_FILE", roots.to_str().unwrap()),
        ("PORTUNUS_CONFIG", config.to_str().unwrap()),
    ]);
    plane.add_key("anthropic", "a", "sk-ant-api03-tls", &provider.base_url());
    let token = plane.create_agent("mayor");
    for _ in 0..5 {
        let headers = [
            ("x-api-key", token.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = request(&plane.url, "POST", "/v1/messages", &headers, Some(QUESTION));
        assert_eq!(answer.status, 200, "{answer:?}\n{}", plane.log());
    }
    let seen = provider.seen();
    let versions = seen.iter().map(|one| one.version).collect();
    (versions, seen.iter().map(|one| one.connection).collect())
}

#[test]
fn http2_is_spoken_where_it_is_offered() {
    let (versions, connections) = seen_over_tls(Alpn::Both);
    assert_eq!(versions, HashSet::from([Version::HTTP_2]));
    assert_eq!(connections.len(), 1, "{connections:?}");
}

#[test]
fn http1_is_spoken_where_nothing_else_is_offered() {
    let (versions, connections) = seen_over_tls(Alpn::Http1);
    assert_eq!(versions, HashSet::from([Version::HTTP_11]));
    assert_eq!(connections.len(), 1, "{connections:?}");
}
