//! What the OpenAPI document says is what the plane does: schemathesis makes thousands of requests out of it, right ones
//! and wrong ones, and the plane answers none with a 5xx and none in a way that the document does not have.

use super::installed;
use crate::plane::Plane;
use std::process::Command;
use tempfile::TempDir;

/// Nothing is to be turned away for coming too often.
const NO_LIMITS: &str =
    "[limits]\nvital_per_minute = 0\ncontrol_per_minute = 0\nunverified_per_second = 0\n";

/// Who asks; the token comes from the environment, so that no process list has it. The tool learns names from answers, and
/// must not delete whom it asks as: all it would see from then on is a 401.
const ASKER: &str = r#"
[headers]
Authorization = "Bearer ${PORTUNUS_TOKEN}"

[[operations]]
include-path = "/api/v1/operators/{operator}"
include-method = "DELETE"
parameters = { operator = "nobody-of-this-name" }
"#;

/// One worker, since the tool's own recursion is not safe on several; the seed lets a failure come again. Every check
/// but one: that what fits the schema is accepted does not hold where fields exclude each other or name what must exist.
const HOW: &[&str] = &[
    "--workers=1",
    "--seed=1",
    "--max-examples=12",
    "--phases=examples,coverage,fuzzing,stateful",
    "--exclude-checks=positive_data_acceptance",
    "--continue-on-failure",
    "--warnings=off",
    // What is told there has no end.
    "--exclude-path=/api/v1/push/events",
];

#[test]
fn the_document_has_every_answer_and_no_request_breaks_the_plane() {
    let test = "the_document_has_every_answer_and_no_request_breaks_the_plane";
    let Some(program) = installed::find(test, "schemathesis", "bin/schemathesis") else {
        return;
    };
    let plane = Plane::start_configured(NO_LIMITS);
    let home = TempDir::new().unwrap();
    let asker = home.path().join("schemathesis.toml");
    std::fs::write(&asker, ASKER).unwrap();
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(asker)
        .arg("run")
        .arg(format!("{}/openapi.json", plane.url))
        .args(HOW);
    let token = [("PORTUNUS_TOKEN", plane.operator.clone())];
    let finished = installed::run(&mut command, home.path(), &token);
    assert!(
        finished.success,
        "after {:?}: {}\n{}",
        finished.took, finished.stdout, finished.stderr
    );
    assert!(
        finished.stdout.contains(" generated, "),
        "{}",
        finished.stdout
    );
    // Whom it asked as is still there. What it made it may have deleted again; the record knows.
    let made = plane.run("audit list --action agent.created").well();
    assert!(made.out.contains("agent.created"), "it made nothing");
    let defects = plane.log();
    let defects: Vec<_> = defects
        .lines()
        .filter(|line| line.contains("\"level\":\"ERROR\""))
        .collect();
    assert!(defects.is_empty(), "{defects:#?}");
}
