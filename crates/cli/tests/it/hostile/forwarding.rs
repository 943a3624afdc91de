//! Headers that say where a request came from, written by whoever likes to.

use crate::plane::{Plane, request};

/// One failure with these headers, and the sources that are remembered then.
fn sources_after(plane: &Plane, headers: &[(&str, &str)]) -> Vec<String> {
    let mut headers = headers.to_vec();
    headers.push(("authorization", "Bearer ptna_made-up"));
    let refused = request(&plane.url, "GET", "/api/v1/whoami", &headers, None);
    assert_eq!(refused.status, 401, "{refused:?}");
    let listed = plane.run("sources list --json").well().json();
    let sources = listed["items"].as_array().unwrap().iter();
    sources
        .map(|source| source["source"].as_str().unwrap().to_owned())
        .collect()
}

/// What an attacker hopes that somebody believes.
const FORGED: [(&str, &str); 8] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("forwarded", "for=203.0.113.7"),
    ("x-real-ip", "203.0.113.7"),
    ("true-client-ip", "203.0.113.7"),
    ("cf-connecting-ip", "203.0.113.7"),
    ("x-client-ip", "203.0.113.7"),
    ("x-cluster-client-ip", "203.0.113.7"),
    ("via", "1.1 203.0.113.7"),
];

#[test]
fn from_a_peer_that_is_no_proxy_they_have_no_effect() {
    let plane = Plane::start();
    for forged in FORGED {
        assert_eq!(
            sources_after(&plane, &[forged]),
            ["127.0.0.1"],
            "{forged:?}"
        );
    }
}

#[test]
fn from_a_proxy_they_are_read_from_the_right_and_nonsense_ends_it() {
    let trusting = "trusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n";
    for (headers, source) in [
        (
            vec![("x-forwarded-for", "1.2.3.4, 203.0.113.7")],
            "203.0.113.7",
        ),
        // A proxy of ours added what it saw; what stands left of a stranger is the stranger's invention.
        (
            vec![("x-forwarded-for", "127.0.0.1, 203.0.113.7, 10.1.2.3")],
            "203.0.113.7",
        ),
        (
            vec![
                ("x-forwarded-for", "203.0.113.7"),
                ("x-forwarded-for", "198.51.100.9"),
            ],
            "198.51.100.9",
        ),
        (
            vec![("forwarded", "for=1.2.3.4, for=\"[2001:db8:7::9]:4711\"")],
            "2001:db8:7::/64",
        ),
        (
            vec![("x-forwarded-for", "203.0.113.7, ::ffff:198.51.100.4")],
            "198.51.100.4",
        ),
        (
            vec![("x-forwarded-for", "203.0.113.7, unknown")],
            "127.0.0.1",
        ),
        (
            vec![("x-forwarded-for", "203.0.113.7, 0x7f.1")],
            "127.0.0.1",
        ),
        (vec![("x-forwarded-for", "203.0.113.7,")], "127.0.0.1"),
        (vec![("x-forwarded-for", "")], "127.0.0.1"),
        (
            vec![
                ("x-forwarded-for", "203.0.113.7"),
                ("forwarded", "for=198.51.100.9"),
            ],
            "127.0.0.1",
        ),
        (vec![("x-real-ip", "203.0.113.7")], "127.0.0.1"),
    ] {
        let plane = Plane::start_configured(trusting);
        let found = sources_after(&plane, &headers);
        assert!(found.contains(&source.to_owned()), "{headers:?}: {found:?}");
        assert!(
            !found.contains(&"1.2.3.4".to_owned()),
            "{headers:?}: {found:?}"
        );
    }
}
