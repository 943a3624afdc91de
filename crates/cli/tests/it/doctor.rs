//! The doctor finds what is wrong with a real plane, and nothing where nothing is.

use crate::plane::Plane;
use portunus_testkit::FakeProvider;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn verdict(report: &Value, check: &str) -> String {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check} in {report}"));
    found["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_sound_plane_is_called_sound_and_loose_permissions_are_not() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    for pool in ["anthropic", "openai"] {
        plane.add_key(pool, "a", "sk-a-1234567", &provider.base_url());
        let base_url = provider.base_url();
        plane
            .run(&format!("pools set {pool} --base-url {base_url}"))
            .well();
        plane
            .run_with(&format!("keys set {pool}:a --secret"), "sk-b-1234567")
            .well();
    }
    let data = plane.path("data");
    let words = format!("doctor --data-dir {} --json", data.display());
    let report = plane.run(&words).json();
    for check in [
        "configuration",
        "permissions",
        "secrets",
        "database",
        "plane",
        "upstream",
    ] {
        assert_eq!(verdict(&report, check), "ok", "{check}: {report}");
    }
    assert_eq!(verdict(&report, "pool anthropic"), "ok", "{report}");

    let pepper = data.join("pepper");
    fs::set_permissions(&pepper, fs::Permissions::from_mode(0o644)).unwrap();
    let said = plane.run(&words);
    assert_eq!(said.code, 1, "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict(&report, "permissions"), "fail");
    assert_eq!(report["healthy"], false);
    assert!(said.out.contains("chmod 600"), "{}", said.out);
}

#[test]
fn a_damaged_secret_is_found_while_the_plane_still_runs() {
    let plane = Plane::start();
    let data = plane.path("data");
    let words = format!("doctor --data-dir {} --json", data.display());
    for name in ["pepper", "master.key"] {
        let file = data.join(name);
        let whole = fs::read(&file).unwrap();
        for damaged in [&b""[..], b"short", b"\xff\xfe\0"] {
            fs::write(&file, damaged).unwrap();
            let said = plane.run(&words);
            assert_eq!(said.code, 1, "{said:?}");
            let report: Value = serde_json::from_str(&said.out).unwrap();
            assert_eq!(verdict(&report, "secrets"), "fail", "{report}");
            assert!(said.out.contains("restore it from a backup"), "{report}");
        }
        fs::write(&file, whole).unwrap();
    }
    let report: Value = serde_json::from_str(&plane.run(&words).out).unwrap();
    assert_eq!(verdict(&report, "secrets"), "ok");
}

#[test]
fn an_upstream_that_is_away_and_a_plane_that_is_away_are_told_apart() {
    let mut plane = Plane::start();
    plane.add_key("openai", "a", "sk-a-1234567", "http://127.0.0.1:1");
    plane
        .run("pools set anthropic --base-url http://127.0.0.9:2")
        .well();
    let data = plane.path("data");
    let words = format!("doctor --data-dir {} --json", data.display());
    let said = plane.run(&words);
    assert_eq!(said.code, 1);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict(&report, "plane"), "ok");
    assert_eq!(verdict(&report, "upstream"), "fail");
    assert!(said.out.contains("http://127.0.0.1:1:"), "{}", said.out);
    // No enabled key uses it, so nobody minds that it is away.
    assert!(!said.out.contains("http://127.0.0.9:2"), "{}", said.out);
    assert_eq!(verdict(&report, "pool anthropic"), "warn");

    plane.crash();
    let report: Value = serde_json::from_str(&plane.run(&words).out).unwrap();
    assert_eq!(verdict(&report, "plane"), "fail");
    assert_eq!(verdict(&report, "database"), "ok");
}
