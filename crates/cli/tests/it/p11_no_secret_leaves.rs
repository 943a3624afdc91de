//! P11: canaries go in by every door; afterwards no file, log, answer or process list has one.

use crate::plane::{BINARY, PATIENCE, Plane, finish, portunus, request};
use portunus_testkit::FakeProvider;
use portunus_testkit::provider::answer::Answer;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

const KEY: &str = "sk-ant-api03-canary-one";
const OTHER: &str = "sk-ant-api03-canary-two";
const WRONG: &str = "sk-ant-api03-canary-three";
const FROM_ENV: &str = "sk-proj-canary-env";

/// What must be nowhere; of tokens the part that is secret, since the kid before it is public.
fn canaries(tokens: &[&str]) -> Vec<String> {
    let keys = [KEY, OTHER, WRONG, FROM_ENV].map(str::to_owned);
    let halves = tokens.iter().map(|token| token[27..70].to_owned());
    keys.into_iter().chain(halves).collect()
}

fn assert_clean(what: &str, bytes: &[u8], canaries: &[String]) {
    for canary in canaries {
        let found = bytes
            .windows(canary.len())
            .any(|window| window == canary.as_bytes());
        assert!(!found, "{what} holds {canary}");
    }
}

fn assert_tree_is_clean(dir: &Path, canaries: &[String]) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_tree_is_clean(&path, canaries);
        } else if !path.ends_with("operator.token") {
            let bytes = std::fs::read(&path).unwrap();
            assert_clean(&path.display().to_string(), &bytes, canaries);
        }
    }
}

fn call(plane: &Plane, token: &str) -> String {
    let headers = [("x-api-key", token), ("anthropic-version", "2023-06-01")];
    let body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 16,
        "messages": [{ "role": "user", "content": "hi" }],
    });
    let answer = request(
        &plane.url,
        "POST",
        "/v1/messages",
        &headers,
        Some(&body.to_string()),
    );
    format!("{}\n{}", answer.head, answer.body)
}

/// Everything that people do, and much that they should not; answers all that was said.
fn live(plane: &Plane, provider: &FakeProvider, agent: &str) -> String {
    let mut said = String::new();
    let base_url = provider.base_url();
    plane.add_key("anthropic", "a", KEY, &base_url);
    plane.add_key("anthropic", "b", OTHER, &base_url);
    // A provider that repeats the key in its refusal, as some do.
    let telltale = json!({ "type": "error", "error": {
        "type": "authentication_error", "message": format!("invalid x-api-key {KEY}") } });
    provider
        .key(KEY)
        .script([Answer::status(401).json(&telltale)]);
    for _ in 0..3 {
        said += &call(plane, agent);
    }
    provider.anyone().script([
        Answer::overloaded(),
        Answer::invalid_json(),
        Answer::html(502),
    ]);
    said += &call(plane, agent);
    said += &call(plane, &format!("{}x", &agent[..agent.len() - 1]));
    for (words, input) in [
        (
            "keys add --pool anthropic --label c",
            format!("{KEY} {WRONG}"),
        ),
        ("keys add --pool nowhere --label c", WRONG.to_owned()),
        ("keys add --pool anthropic --label twice", KEY.to_owned()),
        (
            "keys add --pool anthropic --from -",
            format!("{WRONG} label\nx {WRONG} y\n"),
        ),
        ("keys set anthropic:b --secret", OTHER.to_owned()),
        ("keys list", String::new()),
        ("keys list --json", String::new()),
        ("keys status", String::new()),
        ("keys status --json", String::new()),
        ("audit list --json", String::new()),
        ("tokens list --json", String::new()),
        ("status --json", String::new()),
        ("agents show mayor --json", String::new()),
    ] {
        let answer = plane.run_with(words, &input);
        said += &answer.out;
        said += &answer.err;
    }
    said += &malformed(plane);
    said
}

/// Bodies with a secret in a place where the plane must complain.
fn malformed(plane: &Plane) -> String {
    let credential = format!("Bearer {}", plane.operator);
    let headers = [("authorization", credential.as_str())];
    let bodies = [
        format!("{{\"pool\":\"anthropic\",\"label\":\"c\",\"secret\":\"{WRONG}\""),
        format!("{{\"pool\":\"anthropic\",\"label\":\"c\",\"secret\":[\"{WRONG}\"]}}"),
        format!("{{\"pool\":\"anthropic\",\"label\":7,\"secret\":\"{WRONG}\"}}"),
        format!("\"{WRONG}\""),
    ];
    let mut said = String::new();
    for body in bodies {
        let answer = request(&plane.url, "POST", "/api/v1/keys", &headers, Some(&body));
        assert!(answer.status >= 400, "{answer:?}");
        said += &answer.body;
    }
    said
}

#[test]
fn p11_canaries_are_in_no_file_log_or_answer() {
    let provider = FakeProvider::start().unwrap();
    let mut plane = Plane::start_with(&[("OPENAI_API_KEY", FROM_ENV), ("PORTUNUS_LOG", "trace")]);
    plane.run("keys import-env").well();
    let agent = plane.create_agent("mayor");
    let mut said = live(&plane, &provider, &agent);
    let operator = plane.operator.clone();
    let metrics = plane.ask(&operator, "GET", "/metrics", None);
    assert_eq!(metrics.status, 200);
    said += &metrics.body;
    for path in ["/api/v1/decisions", "/api/v1/usage?by=agent,key,model"] {
        let answer = plane.ask(&operator, "GET", path, None);
        assert_eq!(answer.status, 200, "{answer:?}");
        said += &answer.body;
    }
    // The copy lies where every file is searched.
    plane.run("backup copy.db").well();
    let canaries = canaries(&[&agent, &operator]);
    assert_clean("what was said", said.as_bytes(), &canaries);
    assert!(
        plane.log().contains("TRACE"),
        "the log is at its most talkative"
    );
    assert_tree_is_clean(&plane.path("."), &canaries);
    plane.signal("TERM");
    assert!(plane.ended().success(), "{}", plane.log());
    assert_tree_is_clean(&plane.path("."), &canaries);
    assert!(
        provider
            .seen()
            .iter()
            .any(|seen| seen.key.as_deref() == Some(OTHER))
    );
}

#[test]
fn p11_the_process_list_shows_no_secret() {
    let plane = Plane::start();
    let agent = plane.create_agent("mayor");
    let canaries = canaries(&[&agent, &plane.operator]);
    let home = plane.path(".");
    let token = plane.operator.clone();
    finish(portunus(&home).args(["login", "--url", &plane.url]), &token).well();
    let mut adding = portunus(&home)
        .args(["keys", "add", "--pool", "anthropic", "--label", "a"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = adding.stdin.take().unwrap();
    input.write_all(KEY.as_bytes()).unwrap();
    input.flush().unwrap();
    for pid in [adding.id(), plane.pid()] {
        let proc = Path::new("/proc").join(pid.to_string());
        wait_for_the_binary(&proc);
        for name in ["cmdline", "environ"] {
            let bytes = std::fs::read(proc.join(name)).unwrap();
            assert!(!bytes.is_empty());
            assert_clean(&format!("{name} of {pid}"), &bytes, &canaries);
        }
    }
    drop(input);
    assert!(adding.wait().unwrap().success());
    let children = format!("/proc/{0}/task/{0}/children", plane.pid());
    assert_eq!(
        std::fs::read_to_string(children).unwrap_or_default(),
        "",
        "serve starts nobody"
    );
}

/// Between fork and exec a child still shows the tester's own memory, and during exec for a moment nothing.
fn wait_for_the_binary(proc: &Path) {
    let deadline = Instant::now() + PATIENCE;
    let binary = Path::new(BINARY).canonicalize().unwrap();
    let filled = |name: &str| std::fs::read(proc.join(name)).is_ok_and(|bytes| !bytes.is_empty());
    let is_there = || std::fs::read_link(proc.join("exe")).is_ok_and(|exe| exe == binary);
    while !(is_there() && filled("cmdline") && filled("environ")) {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn p11_a_saved_token_is_for_its_owner_alone() {
    use std::os::unix::fs::MetadataExt;
    let plane = Plane::start();
    let home = plane.path(".");
    let token = plane.operator.clone();
    finish(portunus(&home).args(["login", "--url", &plane.url]), &token).well();
    let saved = plane.path("config/portunus/credentials.toml");
    assert_eq!(std::fs::metadata(&saved).unwrap().mode() & 0o777, 0o600);
    let elsewhere = finish(
        portunus(&home).args(["whoami", "--url", "http://127.0.0.1:1"]),
        "",
    );
    assert_eq!(elsewhere.code, 3, "{elsewhere:?}");
}
