//! Codex, `codex exec`, in an empty home with a base URL and the agent's token alone.

use super::installed::{self, Finished};
use super::stage::Stage;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

fn ask(test: &str, prompt: &str, arrange: impl Fn(&Stage)) -> Option<(Stage, Finished)> {
    let codex = installed::find(test, "agents", "node_modules/.bin/codex")?;
    let stage = Stage::open();
    arrange(&stage);
    let mut command = Command::new(codex);
    command
        .args([
            "exec",
            "--json",
            "--skip-git-repo-check",
            "--model",
            "gpt-5",
        ])
        .args(["-c", &format!("openai_base_url=\"{}/v1\"", stage.url())])
        .arg(prompt);
    let env = [("CODEX_API_KEY", stage.token.clone())];
    let finished = installed::run(&mut command, stage.home.path(), &env);
    stage.assert_that_the_token_stayed_here();
    Some((stage, finished))
}

/// The last message of the model among the events that Codex prints.
fn last_message(finished: &Finished) -> String {
    let events = finished
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |event: &Value| event["item"]["text"].as_str().map(str::to_owned);
    events
        .filter_map(|event| text(&event))
        .next_back()
        .unwrap_or_default()
}

fn assert_answered(finished: &Finished, with: &str) {
    let context = (&finished.stdout, &finished.stderr);
    assert!(finished.success, "{context:?}");
    assert_eq!(last_message(finished), with, "{context:?}");
}

/// It asks for a WebSocket first; 426 sends it to plain requests at once, anything else costs it five tries.
#[test]
fn talks_without_a_websocket() {
    if let Some((stage, finished)) = ask("codex talks", "hello", |_| {}) {
        assert_answered(&finished, "You said: hello");
        assert!(
            finished.took < Duration::from_secs(5),
            "{:?}",
            finished.took
        );
        assert_eq!(stage.provider.seen().len(), 1);
    }
}

#[test]
fn uses_a_tool() {
    if let Some((stage, finished)) = ask("codex uses_a_tool", "use the tool", |_| {}) {
        assert_answered(&finished, "You said: use the tool");
        assert_eq!(stage.provider.seen().len(), 2);
    }
}

#[test]
fn p7_any_key_can_serve_codex_while_one_is_limited() {
    let asked = ask("codex one key limited", "hello", Stage::limit_one_key);
    if let Some((_, finished)) = asked {
        assert_answered(&finished, "You said: hello");
    }
}

#[test]
fn p7_any_key_can_serve_codex_after_the_earliest_reset() {
    let arrange = |stage: &Stage| stage.limit_all_keys(Duration::from_secs(3));
    if let Some((stage, finished)) = ask("codex waits", "hello", arrange) {
        assert_answered(&finished, "You said: hello");
        assert!(stage.answered(429) >= 2, "not every key was limited");
    }
}
