//! The same clients beside a broker, which they find in their environment: with nothing of the plane's in their hands, and with a
//! plane that is killed in between.

use super::installed::{self, Finished};
use super::stage::Stage;
use crate::plane::BINARY;
use std::path::Path;
use std::process::Command;

/// Runs a shell script as the agent's program; `words` are its arguments.
fn beside_a_broker(stage: &Stage, script: &str, words: &[&Path]) -> Finished {
    let token = stage.home.path().join("token");
    std::fs::write(&token, &stage.token).unwrap();
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token, owner_only).unwrap();
    let mut command = Command::new(BINARY);
    command
        .args([
            "run",
            "--agent",
            "mayor",
            "--url",
            &stage.url(),
            "--token-file",
        ])
        .arg(token)
        .args(["--", "sh", "-c", script, "sh"])
        .args(words);
    let finished = installed::run(&mut command, stage.home.path(), &[]);
    stage.assert_that_the_token_stayed_here();
    finished
}

/// One plain and one streamed call with what the SDK finds by itself.
const CALLS: &str = r#"
import anthropic, openai
claude = anthropic.Anthropic()
said = [{"role": "user", "content": "hello"}]
print(claude.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=said).content[0].text)
with claude.messages.stream(model="claude-haiku-4-5", max_tokens=64, messages=said) as stream:
    print("".join(stream.text_stream))
gpt = openai.OpenAI()
print(gpt.chat.completions.create(model="gpt-5", messages=said).choices[0].message.content)
print(gpt.responses.create(model="gpt-5", input="hello").output_text)
"#;

#[test]
fn python_sdks_find_it_by_themselves() {
    for set in ["python-current", "python-previous"] {
        let Some(python) = installed::find("broker python", set, "bin/python") else {
            return;
        };
        let stage = Stage::open();
        std::fs::write(stage.home.path().join("calls.py"), CALLS).unwrap();
        let script = r#"exec "$1" -W ignore calls.py"#;
        let finished = beside_a_broker(&stage, script, &[&python]);
        assert!(finished.success, "{set}: {}", finished.stderr);
        assert_eq!(finished.stdout, "You said: hello\n".repeat(4), "{set}");
    }
}

#[test]
fn every_conversation_of_the_sdks_goes_as_without_it() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/scripts");
    for name in ["anthropic_sdk.py", "openai_sdk.py"] {
        let Some(python) = installed::find("broker sdks", "python-current", "bin/python") else {
            return;
        };
        let stage = Stage::open();
        stage.limit_one_key();
        let script = r#"PORTUNUS_TEST_URL=$PORTUNUS_URL PORTUNUS_TEST_TOKEN=$PORTUNUS_HANDLE exec "$1" -W ignore "$2" trouble"#;
        let finished = beside_a_broker(&stage, script, &[&python, &scripts.join(name)]);
        assert!(
            finished.success,
            "{name}: {} {}",
            finished.stdout, finished.stderr
        );
    }
}

#[test]
fn claude_code_finds_it_by_itself() {
    let Some(claude) = installed::find("broker claude", "agents", "node_modules/.bin/claude")
    else {
        return;
    };
    let stage = Stage::open();
    let script = r#"exec "$1" -p --output-format json hello"#;
    let finished = beside_a_broker(&stage, script, &[&claude]);
    assert!(finished.success, "{} {}", finished.stdout, finished.stderr);
    assert!(
        finished.stdout.contains("You said: hello"),
        "{}",
        finished.stdout
    );
}

#[test]
fn codex_takes_its_address_as_the_manual_says() {
    let Some(codex) = installed::find("broker codex", "agents", "node_modules/.bin/codex") else {
        return;
    };
    let stage = Stage::open();
    let script = r#"exec "$1" exec --json --skip-git-repo-check --model gpt-5 -c openai_base_url="$OPENAI_BASE_URL" hello"#;
    let finished = beside_a_broker(&stage, script, &[&codex]);
    assert!(finished.success, "{} {}", finished.stdout, finished.stderr);
    assert!(
        finished.stdout.contains("You said: hello"),
        "{}",
        finished.stdout
    );
}
