//! The command line as people and programs use it: exit codes, fixes, JSON, secrets from standard input.

use crate::plane::{Plane, finish, portunus};
use portunus_testkit::{Alpn, FakeProvider, TlsIdentity};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;

#[test]
fn exit_codes_tell_programs_what_went_wrong() {
    let plane = Plane::start();
    plane.create_agent("mayor");
    for (words, token, code) in [
        ("agents create mayor", plane.operator.as_str(), 5),
        ("agents show nobody", &plane.operator, 4),
        ("agents list", "ptno_made-up", 3),
        ("agents create Not-A-Slug", &plane.operator, 2),
        ("pools set openai --fallback anthropic", &plane.operator, 2),
    ] {
        let said = plane.run_as(token, words, "");
        assert_eq!(said.code, code, "{words}: {said:?}");
        assert!(said.err.contains("error: "), "{words}: {said:?}");
        assert!(said.out.is_empty(), "{words}: {said:?}");
    }
    let unreachable = finish(
        portunus(&plane.path("."))
            .args(["status", "--url", "http://127.0.0.1:1"])
            .env("PORTUNUS_TOKEN", &plane.operator),
        "",
    );
    assert_eq!(unreachable.code, 1, "{unreachable:?}");
    assert!(
        unreachable.err.contains("fix: start a plane"),
        "{unreachable:?}"
    );
}

#[test]
fn programs_read_failures_as_one_json_object() {
    let plane = Plane::start();
    let refused = plane.run("agents show nobody --json");
    assert_eq!((refused.code, refused.out.as_str()), (4, ""));
    let problem: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(problem["code"], "not_found", "{problem}");
    assert!(problem["fix"].is_string(), "{problem}");
    for (words, token, code) in [
        ("agents list --json --limit x", plane.operator.as_str(), 2),
        ("agents list --json", "ptno_two\nlines", 3),
    ] {
        let refused = plane.run_as(token, words, "");
        assert_eq!(refused.code, code, "{refused:?}");
        let local: Value = serde_json::from_str(&refused.err).unwrap();
        assert_eq!(local["exit_code"], code, "{local}");
        assert!(local["detail"].is_string() && local["title"].is_string());
    }
}

#[test]
fn p11_a_secret_as_an_argument_never_leaves_the_command() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    for words in [
        format!("tokens revoke {token}"),
        format!("agents show {token}"),
        "keys remove anthropic:sk-ant-canary".to_owned(),
    ] {
        let refused = plane.run(&words);
        assert_eq!(refused.code, 2, "{refused:?}");
        for secret in [token.as_str(), "canary"] {
            assert!(!refused.err.contains(secret), "{refused:?}");
            assert!(!plane.log().contains(secret), "{words}");
        }
    }
    assert!(plane.accepts(&token));
}

#[test]
fn programs_see_the_tokens_of_an_agent_too() {
    let plane = Plane::start();
    plane.create_agent("mayor");
    let shown = plane.run("agents show mayor --json").well().json();
    assert_eq!(shown["name"], "mayor");
    assert_eq!(shown["tokens"].as_array().unwrap().len(), 1);
}

#[test]
fn an_agents_session_replaces_an_operators_with_a_warning() {
    let plane = Plane::start();
    let agent = plane.create_agent("mayor");
    let login = |token: &str| {
        let mut command = portunus(&plane.path("."));
        finish(command.args(["login", "--url", &plane.url]), token)
    };
    assert_eq!(login(&plane.operator).well().err, "");
    let said = login(&agent).well();
    assert!(said.err.contains("warning: this replaced"), "{said:?}");
    let empty = login("");
    assert!(empty.err.contains("fix: portunus login <"), "{empty:?}");
}

#[test]
fn the_last_operator_token_is_kept_and_can_be_rotated() {
    let plane = Plane::start();
    let kid = plane.run("whoami --json").well().json()["kid"].clone();
    let kid = kid.as_str().unwrap();
    let kept = plane.run(&format!("tokens revoke {kid}"));
    assert_eq!(kept.code, 5, "{kept:?}");
    assert!(plane.accepts(&plane.operator));
    let rotated = plane.run("tokens rotate operator --json").well().json();
    assert!(plane.accepts(rotated["token"].as_str().unwrap()));
    let nobody = plane.run("tokens rotate nobody");
    assert_eq!(nobody.code, 4, "{nobody:?}");
    assert!(nobody.err.contains("agent"), "{nobody:?}");
}

#[test]
fn a_revoked_last_operator_token_was_meant() {
    let plane = Plane::start();
    let kid = plane.run("whoami --json").well().json()["kid"].clone();
    let revoke = format!("tokens revoke {} --force", kid.as_str().unwrap());
    let said = plane.run(&revoke).well();
    assert!(
        said.out.contains("sign in again: portunus login"),
        "{said:?}"
    );
    assert!(!plane.accepts(&plane.operator));
}

#[test]
fn a_span_is_shown_as_it_may_be_typed() {
    let plane = Plane::start();
    for span in ["1h30m", "500ms", "1s500ms", "7d"] {
        let set = plane.run(&format!("pools set anthropic --max-wait {span}"));
        assert!(set.well().out.contains(span), "{span}");
    }
    let long = plane.run("pools set anthropic --max-wait 99999999d");
    assert!(long.err.contains("at most 7d"), "{long:?}");
}

#[test]
fn the_eleventh_change_of_keys_in_a_minute_is_limited() {
    let plane = Plane::start();
    for number in 0..10 {
        plane.add_key(
            "openai",
            &format!("k{number}"),
            &format!("sk-{number}"),
            "http://127.0.0.1:9",
        );
    }
    let limited = plane.run_with("keys add --pool openai --label k10", "sk-10");
    assert_eq!(limited.code, 6, "{limited:?}");
    assert!(limited.err.contains("fix: wait "), "{limited:?}");
    assert!(!limited.err.contains("Retry-After"), "{limited:?}");
    let listed = plane.run("keys list --json").well().json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 10);
}

#[test]
fn many_keys_are_added_in_one_request_or_none_is() {
    let plane = Plane::start();
    let keys: String = (0..40).map(|n| format!("k{n} sk-file-{n}\n")).collect();
    std::fs::write(plane.path("keys.txt"), format!("# the team's\n{keys}")).unwrap();
    let said = plane
        .run("keys add --pool anthropic --from keys.txt")
        .well();
    assert_eq!(said.out, "Added 40 keys to anthropic.\n");
    let again = plane.run_with(
        "keys add --pool anthropic --from -",
        "new sk-new\nk0 sk-x\n",
    );
    assert_eq!(again.code, 5, "{again:?}");
    let listed = plane.run("keys list --pool anthropic --json").well().json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 40);
    assert_eq!(listed["next_cursor"], Value::Null);
    let three = plane.run("keys list --limit 3 --json").well().json();
    assert_eq!(three["items"].as_array().unwrap().len(), 3);
    let cursor = three["next_cursor"].as_str().unwrap();
    let rest = plane
        .run(&format!("keys list --cursor {cursor} --json"))
        .well()
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 37);
}

#[test]
fn the_last_enabled_key_stays_under_two_removals_at_once() {
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", "http://127.0.0.1:9");
    plane.add_key("anthropic", "b", "sk-b", "http://127.0.0.1:9");
    let codes = std::thread::scope(|scope| {
        let a = scope.spawn(|| plane.run("keys remove anthropic:a").code);
        let b = scope.spawn(|| plane.run("keys remove anthropic:b").code);
        [a.join().unwrap(), b.join().unwrap()]
    });
    assert!(codes == [0, 5] || codes == [5, 0], "{codes:?}");
    let listed = plane.run("keys list --json").well().json();
    let left = listed["items"][0]["label"].as_str().unwrap();
    let disabled = plane.run(&format!("keys disable anthropic:{left}"));
    assert_eq!(disabled.code, 5, "{disabled:?}");
    plane
        .run(&format!("keys remove anthropic:{left} --force"))
        .well();
}

#[test]
fn a_changed_origin_asks_for_the_secret_and_says_how() {
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", "http://127.0.0.1:9");
    plane
        .run("keys set anthropic:a --base-url http://127.0.0.1:8")
        .well();
    let listed = plane.run("keys list").well().out;
    assert!(listed.contains("quarantined"), "{listed}");
    assert!(
        listed.contains("portunus keys set anthropic:a --secret"),
        "{listed}"
    );
    let cleared = plane.run("keys clear anthropic:a");
    assert_eq!(cleared.code, 5, "{cleared:?}");
    plane
        .run_with("keys set anthropic:a --secret", "sk-a")
        .well();
    assert!(plane.run("keys status").well().out.contains("ready"));
}

#[test]
fn a_session_is_kept_for_later_commands_and_forgotten() {
    let plane = Plane::start();
    let bare = |words: &[&str], input: &str| finish(portunus(&plane.path(".")).args(words), input);
    assert_eq!(bare(&["whoami"], "").code, 3);
    let refused = bare(&["login", "--url", &plane.url], "ptno_wrong");
    assert_eq!(refused.code, 3, "{refused:?}");
    let token = format!("{}\n", plane.operator);
    bare(&["login", "--url", &plane.url], &token).well();
    let me = bare(&["whoami", "--json"], "").well().json();
    assert_eq!(me["kind"], "operator");
    // The address is known by now.
    bare(&["login"], &token).well();
    bare(&["logout"], "").well();
    assert_eq!(bare(&["whoami"], "").code, 3);
}

#[test]
fn p6_an_empty_token_does_not_become_whoever_is_saved() {
    let plane = Plane::start();
    let home = plane.path(".");
    let login = ["login", "--url", &plane.url];
    finish(portunus(&home).args(login), &plane.operator).well();
    let mut whoami = portunus(&home);
    whoami.arg("whoami").env("PORTUNUS_TOKEN", "");
    let refused = finish(&mut whoami, "");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("PORTUNUS_TOKEN is empty"),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_plane_is_called_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let home = tempfile::tempdir().unwrap();
    let words = ["login", "--url", &url];
    let refused = finish(portunus(home.path()).args(words), "ptno_canary");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("is no Portunus plane"), "{refused:?}");
    assert!(refused.err.contains("fix: check --url"), "{refused:?}");
}

#[test]
fn keys_of_the_environment_are_offered_and_imported_once() {
    let plane = Plane::start_with(&[("ANTHROPIC_API_KEY", "sk-ant-from-env")]);
    let status = plane.run("status").well().out;
    assert!(status.contains("portunus keys import-env"), "{status}");
    assert_eq!(
        plane.run("keys import-env").well().out,
        "Added anthropic:env.\n"
    );
    assert_eq!(
        plane.run("keys import-env").well().out,
        "anthropic:env was there already.\n"
    );
    assert!(!plane.run("status").well().out.contains("import-env"));
}

#[test]
fn tables_are_plain_when_nobody_looks_at_a_terminal() {
    let plane = Plane::start();
    plane.create_agent("mayor");
    for words in [
        "agents list",
        "agents show mayor",
        "tokens list",
        "pools list",
        "status",
        "audit list",
    ] {
        let said = plane.run(words).well();
        assert!(!said.out.contains('\u{1b}'), "{words}: {said:?}");
        assert!(
            said.out.lines().all(|line| line == line.trim_end()),
            "{words}: {said:?}"
        );
    }
}

#[test]
fn completions_and_help_need_no_plane() {
    let home = tempfile::TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = finish(portunus(home.path()).args(["completions", shell]), "").well();
        assert!(script.out.contains("import-env"), "{shell}");
    }
    let help = finish(portunus(home.path()).arg("--help"), "").well();
    assert!(help.out.contains("Examples:"), "{help:?}");
}

#[test]
fn a_plane_behind_tls_is_reached_when_its_certificate_is_trusted() {
    let home = tempfile::TempDir::new().unwrap();
    let identity = TlsIdentity::generate(Alpn::Http1).unwrap();
    let front = FakeProvider::start_with_tls(&identity).unwrap();
    std::fs::write(home.path().join("ca.pem"), identity.pem()).unwrap();
    let ask = |trusted: &str| {
        let mut command = portunus(home.path());
        command
            .args(["whoami", "--url", &front.base_url()])
            .env("PORTUNUS_TOKEN", "ptno_x")
            .env("SSL_CERT_FILE", trusted);
        finish(&mut command, "")
    };
    // What answers is no plane, which the message says; that it answers at all is the point.
    let answered = ask("ca.pem");
    assert!(answered.err.contains("without saying why"), "{answered:?}");
    assert_eq!(front.seen().len(), 1);
    std::fs::write(
        home.path().join("other.pem"),
        TlsIdentity::generate(Alpn::Http1).unwrap().pem(),
    )
    .unwrap();
    let refused = ask("other.pem");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("certificate"), "{refused:?}");
    assert_eq!(front.seen().len(), 1, "nothing was sent to a stranger");
}

#[test]
fn what_is_wrong_is_told_in_the_words_that_were_typed() {
    let plane = Plane::start();
    let mayor = plane.run("agents create mayor --json").well().json();
    let mayor = mayor["token"].as_str().unwrap().to_owned();
    for (words, told) in [
        ("send --to mayor --expires 1ms x", "must be at least 1s"),
        (
            "send --to mayor --expires 100d x",
            "--expires, in milliseconds, must be ",
        ),
        (
            "notify x --link foo",
            "--link must begin with https:// or http://",
        ),
        ("agents create Night", "--display-name"),
    ] {
        let said = match words.starts_with("notify") {
            true => plane.run_as(&mayor, words, ""),
            false => plane.run(words),
        };
        assert_eq!(said.code, 2, "{words}: {said:?}");
        assert!(said.err.contains(told), "{words}: {said:?}");
        assert!(!said.err.contains("openapi"), "{words}: {said:?}");
    }
    plane.run("send --to mayor -- -dash").well();
    let said = plane.run("send --to mayor -dash");
    assert!(said.err.contains("write -- before a text"), "{said:?}");
    let said = plane.run("audit list --subject nobody").well();
    assert_eq!(said.out, "Nothing is on record that is about \"nobody\".\n");
    let said = plane.run("audit list --action agents.").well();
    assert!(
        said.out
            .contains("Nothing is on record that begins with \"agents.\"."),
        "{said:?}"
    );
    assert!(said.out.contains("actions began with: agent."), "{said:?}");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let plane = Plane::start();
    for words in ["agents list", "audit export", "status --json", "top --once"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = portunus(&plane.path(""))
            .args(words.split_whitespace())
            .env("PORTUNUS_URL", &plane.url)
            .env("PORTUNUS_TOKEN", &plane.operator)
            .stdout(writer)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}: {told}");
        assert_eq!(told, "", "{words}");
    }
}
