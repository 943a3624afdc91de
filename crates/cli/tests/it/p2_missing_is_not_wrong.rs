//! P2 through the real binary: who brings no credential is told so at once, at every entrance, and nothing is held against
//! the address that it came from.

use crate::plane::{Answer, Plane, finish, portunus, request};

/// The entrances: the control API, what goes on, the metrics, and both protocols of the model door.
const ENTRANCES: [(&str, &str); 7] = [
    ("GET", "/api/v1/whoami"),
    ("POST", "/api/v1/agents"),
    ("GET", "/api/v1/push/events"),
    ("GET", "/metrics"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
];

fn ask(plane: &Plane, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let body = (method == "POST").then_some("{}");
    request(&plane.url, method, path, headers, body)
}

fn sources(plane: &Plane) -> usize {
    let listed = plane.run("sources list --json").well().json();
    listed["items"].as_array().unwrap().len()
}

#[test]
fn p2_a_missing_credential_is_told_apart_from_a_wrong_one_and_costs_nothing() {
    let plane = Plane::start();
    for _ in 0..3 {
        for (method, path) in ENTRANCES {
            let told = ask(&plane, method, path, &[]);
            assert_eq!(told.status, 401, "{path}: {told:?}");
            let head = told.head.to_ascii_lowercase();
            assert!(!head.contains("error="), "{path}: {head}");
            if path.starts_with("/v1/") {
                assert!(head.contains("x-should-retry: false"), "{path}: {head}");
                assert!(told.json()["error"]["message"].is_string(), "{told:?}");
            } else {
                assert!(head.contains("www-authenticate: bearer realm="), "{head}");
                assert_eq!(told.json()["code"], "missing_credential", "{path}");
                assert!(told.json()["fix"].is_string(), "{told:?}");
            }
        }
    }
    assert_eq!(sources(&plane), 0, "twenty-one of them count as nothing");
    let wrong = [("authorization", "Bearer ptna_made-up")];
    let told = ask(&plane, "GET", "/api/v1/whoami", &wrong);
    assert_eq!(
        (told.status, &told.json()["code"]),
        (401, &"invalid_token".into())
    );
    assert_eq!(sources(&plane), 1, "a wrong one is remembered");
}

#[test]
fn p2_the_command_line_without_a_token_says_how_to_get_one() {
    let plane = Plane::start();
    let said = finish(
        portunus(&plane.path(".")).args(["whoami", "--url", &plane.url]),
        "",
    );
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("portunus login"), "{said:?}");
}
