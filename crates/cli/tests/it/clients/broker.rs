//! The same clients beside a broker, which they find in their environment: with nothing of the plane's in their hands, and with a
//! plane that is killed in between.

use super::installed::{self, Finished};
use super::stage::Stage;
use crate::plane::BINARY;
use serde_json::Value;
use std::path::{Path, PathBuf};
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

/// The same calls in TypeScript; the argument is where the SDKs are installed.
const TYPESCRIPT_CALLS: &str = r#"
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(`${process.argv[2]}/`);
const sdk = async (name) => (await import(pathToFileURL(require.resolve(name)))).default;
const claude = new (await sdk("@anthropic-ai/sdk"))();
const said = [{ role: "user", content: "hello" }];
const question = { model: "claude-haiku-4-5", max_tokens: 64, messages: said };
console.log((await claude.messages.create(question)).content[0].text);
console.log((await claude.messages.stream(question).finalMessage()).content[0].text);
const gpt = new (await sdk("openai"))();
const chat = await gpt.chat.completions.create({ model: "gpt-5", messages: said });
console.log(chat.choices[0].message.content);
console.log((await gpt.responses.create({ model: "gpt-5", input: "hello" })).output_text);
"#;

#[test]
fn typescript_sdks_find_it_by_themselves() {
    for set in ["node-current", "node-previous"] {
        let Some(modules) = installed::find("broker node", set, "node_modules") else {
            return;
        };
        let stage = Stage::open();
        std::fs::write(stage.home.path().join("calls.mjs"), TYPESCRIPT_CALLS).unwrap();
        let home_of_modules = modules.parent().unwrap();
        let script = r#"exec node calls.mjs "$1""#;
        let finished = beside_a_broker(&stage, script, &[home_of_modules]);
        assert!(finished.success, "{set}: {}", finished.stderr);
        assert_eq!(finished.stdout, "You said: hello\n".repeat(4), "{set}");
    }
}

#[test]
fn every_conversation_of_the_sdks_goes_as_without_it() {
    let python = r#"exec "$1" -W ignore "$2" trouble"#;
    let node = r#"PORTUNUS_TEST_MODULES=$(dirname "$1") exec node "$2" trouble"#;
    for (name, set, file, words) in [
        ("anthropic_sdk.py", "python-current", "bin/python", python),
        ("openai_sdk.py", "python-current", "bin/python", python),
        ("anthropic_sdk.mjs", "node-current", "node_modules", node),
        ("openai_sdk.mjs", "node-current", "node_modules", node),
    ] {
        let Some(installed) = installed::find("broker sdks", set, file) else {
            return;
        };
        let stage = Stage::open();
        stage.limit_one_key();
        let script = format!(
            "export PORTUNUS_TEST_URL=$PORTUNUS_URL PORTUNUS_TEST_TOKEN=$PORTUNUS_HANDLE; {words}"
        );
        let script_of_calls = scripts().join(name);
        let finished = beside_a_broker(&stage, &script, &[&installed, &script_of_calls]);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
        let failed = report["failed"].as_object();
        let all_passed = failed.is_some_and(serde_json::Map::is_empty);
        assert!(
            finished.success && all_passed && report["passed"][0].is_string(),
            "{name}: {failed:#?} {}",
            finished.stderr
        );
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/scripts")
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
