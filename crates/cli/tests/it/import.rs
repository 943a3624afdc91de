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
