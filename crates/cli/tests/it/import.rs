//! `portunus import` with the real binary: secrets that the file does not hold itself, and mistakes told by line.

use crate::plane::{Plane, finish, portunus};

fn import(plane: &Plane, text: &str) -> crate::plane::Said {
    std::fs::write(plane.path("fleet.jsonl"), text).unwrap();
    let mut command = portunus(&plane.path("."));
    command
        .args(["import", "--from", "fleet.jsonl"])
        .env("PORTUNUS_URL", &plane.url)
        .env("PORTUNUS_TOKEN", &plane.operator)
        .env("TEAM_A", "sk-canary-a");
    finish(&mut command, "")
}

const LINES: &str = r#"
{"kind": "key", "pool": "anthropic", "label": "a", "secret_env": "TEAM_A"}
{"kind": "key", "pool": "anthropic", "label": "b", "secret_file": "team-b.key"}
{"kind": "key", "pool": "anthropic", "label": "c", "secret": "sk-canary-c"}
"#;

#[test]
fn secrets_of_keys_may_be_in_variables_and_files() {
    let plane = Plane::start();
    std::fs::write(plane.path("team-b.key"), "sk-canary-b\n").unwrap();
    let said = import(&plane, LINES).well();
    assert!(said.out.contains("Imported 3, unchanged 0."), "{said:?}");
    assert!(!format!("{said:?}").contains("canary"));
    // They are the same keys as those whose secrets are given in another way.
    let again = LINES.replace(r#""secret_env": "TEAM_A""#, r#""secret": "sk-canary-a""#);
    let said = import(&plane, &again).well();
    assert!(
        said.out.contains("Imported 0, unchanged 3.") || said.out.contains("3 unchanged"),
        "{said:?}"
    );
}

#[test]
fn what_is_not_there_is_told_by_line_and_nothing_is_imported() {
    let plane = Plane::start();
    let both = LINES.replace("TEAM_A", "TEAM_Z");
    let said = import(&plane, &both);
    assert_eq!(said.code, 2, "{said:?}");
    for told in [
        "nothing was imported",
        "fleet.jsonl:2: secret_env: the environment variable TEAM_Z is not set",
        "fleet.jsonl:3: secret_file: cannot read",
    ] {
        assert!(said.err.contains(told), "{told}: {said:?}");
    }
    assert!(!said.err.contains("canary"), "{said:?}");
    let keys = plane.run("keys list --json").well().json();
    assert!(keys["items"].as_array().unwrap().is_empty());
}

#[test]
fn every_line_that_cannot_be_is_told_with_its_number_in_the_file() {
    let plane = Plane::start();
    let sha = |digit: &str| digit.repeat(64);
    let text = format!(
        "# a fleet\n{}\n\n{}\n{}\n{}\n{}\n",
        format_args!(
            r#"{{"kind": "agent", "name": "Mayor", "token_sha256": "{}"}}"#,
            sha("a")
        ),
        format_args!(
            r#"{{"kind": "agent", "name": "clerk", "token_sha256": "{}"}}"#,
            sha("b")
        ),
        format_args!(
            r#"{{"kind": "agent", "name": "clerk", "token_sha256": "{}"}}"#,
            sha("c")
        ),
        r#"{"kind": "robot"}"#,
        r#"{"kind": "agent", "name": "scout", "token_sha256": "short"}"#,
    );
    let said = import(&plane, &text);
    assert_eq!(said.code, 2, "{said:?}");
    for told in [
        "fleet.jsonl:2: Mayor: the field name ",
        "fleet.jsonl:5: clerk: line 4 has the same name",
        "fleet.jsonl:6: its kind is neither agent nor key",
        "fleet.jsonl:7: scout: the field token_sha256 ",
    ] {
        assert!(said.err.contains(told), "{told}: {said:?}");
    }
    // What only the plane finds is told so too, and a program reads one object.
    let text = text.replace("{\"kind\": \"robot\"}", "");
    for dry_run in [false, true] {
        std::fs::write(plane.path("fleet.jsonl"), &text).unwrap();
        let mut command = portunus(&plane.path("."));
        command
            .args(["import", "--from", "fleet.jsonl", "--json"])
            .env("PORTUNUS_URL", &plane.url)
            .env("PORTUNUS_TOKEN", &plane.operator);
        if dry_run {
            command.arg("--dry-run");
        }
        let said = finish(&mut command, "");
        assert_eq!(said.code, 5, "{said:?}");
        let failure: serde_json::Value = serde_json::from_str(&said.err).unwrap();
        let detail = failure["detail"].as_str().unwrap();
        assert!(detail.contains("fleet.jsonl:2: Mayor: "), "{detail}");
        assert!(detail.contains("fleet.jsonl:7: scout: "), "{detail}");
    }
    assert!(
        plane.run("agents list --json").well().json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_file_with_keys_that_others_may_read_is_named_and_one_without_is_not() {
    use std::os::unix::fs::PermissionsExt;
    let plane = Plane::start();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::write(plane.path("fleet.jsonl"), "").unwrap();
    std::fs::set_permissions(plane.path("fleet.jsonl"), open).unwrap();
    let key = LINES.lines().last().unwrap();
    let said = import(&plane, key).well();
    assert!(said.err.contains("Others may read fleet.jsonl"), "{said:?}");
    let agent = format!(
        r#"{{"kind": "agent", "name": "mayor", "token_sha256": "{}"}}"#,
        "a".repeat(64)
    );
    let said = import(&plane, &agent).well();
    assert!(!said.err.contains("Others"), "{said:?}");
}
