//! Where failed credentials came from, through the real binary: counted, shown, and forgotten without a restart.

use crate::plane::{Plane, request};

/// Fails `times` times with a made-up token, over this machine's own address.
fn fail(plane: &Plane, times: usize, headers: &[(&str, &str)]) {
    let mut headers = headers.to_vec();
    headers.push(("authorization", "Bearer ptna_made-up"));
    for _ in 0..times {
        let refused = request(&plane.url, "POST", "/v1/messages", &headers, Some("{}"));
        assert_eq!(refused.status, 401);
    }
}

fn sources(plane: &Plane) -> Vec<(String, bool)> {
    let listed = plane.run("sources list --json").well().json();
    let sources = listed["items"].as_array().unwrap().iter();
    sources
        .map(|source| {
            let name = source["source"].as_str().unwrap().to_owned();
            (name, source["penalised_until"].is_string())
        })
        .collect()
}

#[test]
fn clear_unlocks_a_source_while_the_plane_runs() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    fail(&plane, 10, &[]);
    assert_eq!(sources(&plane), [("127.0.0.1".to_owned(), true)]);
    let shown = plane.run("sources list").well();
    assert!(shown.out.contains("PENALTY UNTIL"), "{shown:?}");
    assert!(plane.accepts(&token), "a valid token of the same address");
    let cleared = plane.run("sources clear 127.0.0.1").well();
    assert!(cleared.out.contains("127.0.0.1"), "{cleared:?}");
    assert!(sources(&plane).is_empty());
    let again = plane.run("sources clear 127.0.0.1");
    assert_eq!(again.code, 4, "{again:?}");
    let log = plane.run("audit list --action source.").well();
    assert!(log.out.contains("source.cleared"), "{log:?}");
}

#[test]
fn what_a_proxy_says_counts_once_it_is_trusted() {
    let plane = Plane::start();
    let said = [("x-forwarded-for", "198.51.100.1, 2001:db8:1:2::9")];
    fail(&plane, 1, &said);
    assert_eq!(sources(&plane), [("127.0.0.1".to_owned(), false)]);
    let trusting = "trusted_proxies = [\"127.0.0.0/8\"]\n[limits]\ncontrol_per_minute = 600\n";
    let plane = Plane::start_configured(trusting);
    fail(&plane, 1, &said);
    let network = |name: &str| (name.to_owned(), false);
    let expected = [network("2001:db8:1::/48"), network("2001:db8:1:2::/64")];
    assert_eq!(sources(&plane), expected);
    let cleared = plane.run("sources clear 2001:db8:1:2::/64 --json").well();
    assert_eq!(cleared.json()["cleared"].as_array().unwrap().len(), 2);
}

#[test]
fn limits_and_proxies_count_from_a_reload_on() {
    let plane = Plane::start_configured("[limits]\nvital_per_minute = 600\n");
    let changed =
        "trusted_proxies = [\"127.0.0.1\"]\n[limits]\nvital_per_minute = 1\nvital_burst = 1\n";
    std::fs::write(plane.path("portunus.toml"), changed).unwrap();
    let reloaded = plane.run("reload").well();
    for key in [
        "trusted_proxies",
        "limits.vital_per_minute",
        "limits.vital_burst",
    ] {
        assert!(reloaded.out.contains(key), "{key}: {reloaded:?}");
    }
    plane.run("whoami").well();
    let limited = plane.run("whoami");
    assert_eq!(limited.code, 6, "{limited:?}");
    plane.run("agents list").well();
}
