//! Claude Code, `claude -p`, in an empty home with a base URL and the agent's token alone.

use super::installed::{self, Finished};
use super::stage::Stage;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// How the token is handed over.
#[derive(Clone, Copy)]
enum Handover {
    AuthToken,
    ApiKey,
    Both,
}

fn ask(
    test: &str,
    words: &[&str],
    handover: Handover,
    arrange: impl Fn(&Stage),
) -> Option<(Stage, Finished)> {
    let claude = installed::find(test, "agents", "node_modules/.bin/claude")?;
    let stage = Stage::open();
    arrange(&stage);
    let mut env = vec![("ANTHROPIC_BASE_URL", stage.url())];
    if matches!(handover, Handover::AuthToken | Handover::Both) {
        env.push(("ANTHROPIC_AUTH_TOKEN", stage.token.clone()));
    }
    if matches!(handover, Handover::ApiKey | Handover::Both) {
        env.push(("ANTHROPIC_API_KEY", stage.token.clone()));
    }
    let mut command = Command::new(claude);
    command.args(["-p", "--output-format", "json"]).args(words);
    let finished = installed::run(&mut command, stage.home.path(), &env);
    stage.assert_that_the_token_stayed_here();
    Some((stage, finished))
}

fn assert_answered(finished: &Finished, with: &str) {
    let told: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
    let context = (&finished.stdout, &finished.stderr);
    assert!(finished.success, "{context:?}");
    assert_eq!(told["is_error"], false, "{context:?}");
    assert_eq!(told["result"], with, "{context:?}");
}

#[test]
fn talks_with_either_credential_and_with_both() {
    for handover in [Handover::AuthToken, Handover::ApiKey, Handover::Both] {
        let asked = ask("claude_code talks", &["hello"], handover, |_| {});
        if let Some((_, finished)) = asked {
            assert_answered(&finished, "You said: hello");
        }
    }
}

#[test]
fn uses_a_tool() {
    let words = ["use the tool", "--tools", "Read"];
    if let Some((stage, finished)) = ask(
        "claude_code uses_a_tool",
        &words,
        Handover::AuthToken,
        |_| {},
    ) {
        // The last turn is the tool's result, without a word of the user's.
        assert_answered(&finished, "Hello from the fake provider.");
        let seen = stage.provider.seen();
        assert!(
            seen.iter()
                .any(|one| one.json().to_string().contains("tool_result"))
        );
    }
}

#[test]
fn p7_any_key_can_serve_claude_code_while_one_is_limited() {
    let test = "claude_code one key limited";
    let asked = ask(test, &["hello"], Handover::AuthToken, Stage::limit_one_key);
    if let Some((_, finished)) = asked {
        assert_answered(&finished, "You said: hello");
    }
}

#[test]
fn p7_any_key_can_serve_claude_code_after_the_earliest_reset() {
    let arrange = |stage: &Stage| stage.limit_all_keys(Duration::from_secs(3));
    if let Some((stage, finished)) = ask(
        "claude_code waits",
        &["hello"],
        Handover::AuthToken,
        arrange,
    ) {
        assert_answered(&finished, "You said: hello");
        assert!(stage.answered(429) >= 2, "not every key was limited");
    }
}

#[test]
fn a_bad_token_ends_it_at_once() {
    let test = "claude_code a_bad_token_ends_it_at_once";
    let Some(claude) = installed::find(test, "agents", "node_modules/.bin/claude") else {
        return;
    };
    let stage = Stage::open();
    let env = [
        ("ANTHROPIC_BASE_URL", stage.url()),
        ("ANTHROPIC_AUTH_TOKEN", format!("{}x", stage.token)),
    ];
    let mut command = Command::new(claude);
    command.args(["-p", "--output-format", "json", "hello"]);
    let finished = installed::run(&mut command, stage.home.path(), &env);
    assert!(!finished.success, "{}", finished.stdout);
    assert!(finished.took < Duration::from_secs(60), "it went on trying");
    assert!(stage.provider.seen().is_empty());
}
