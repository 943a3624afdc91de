//! The SDKs: one script each, run in phases, with the provider arranged for the phase.

use super::installed;
use super::stage::Stage;
use portunus_testkit::Answer;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Runs one phase of a script; `None` when the SDK is not installed.
fn converse(set: &str, script: &str, phase: &str, arrange: impl Fn(&Stage)) -> Option<Stage> {
    let test = format!("{set} {script} {phase}");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/scripts");
    let (program, modules) = if set.starts_with("python") {
        (installed::find(&test, set, "bin/python")?, String::new())
    } else {
        let modules = installed::find(&test, set, "node_modules")?;
        let home_of_modules = modules.parent()?.to_string_lossy().into_owned();
        ("node".into(), home_of_modules)
    };
    let stage = Stage::open();
    arrange(&stage);
    let mut command = Command::new(program);
    if set.starts_with("python") {
        command.args(["-W", "ignore::DeprecationWarning"]);
    }
    command.arg(scripts.join(script)).arg(phase);
    let env = [
        ("PORTUNUS_TEST_URL", stage.url()),
        ("PORTUNUS_TEST_TOKEN", stage.token.clone()),
        ("PORTUNUS_TEST_MODULES", modules),
    ];
    let finished = installed::run(&mut command, stage.home.path(), &env);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
    let failed = report["failed"].as_object();
    assert!(
        finished.success && failed.is_some_and(serde_json::Map::is_empty),
        "{test}: {failed:#?}\n{}",
        finished.stderr
    );
    let passed = report["passed"].as_array().map_or(0, Vec::len);
    assert!(passed > 0, "{test}: nothing was tried");
    stage.assert_that_the_token_stayed_here();
    Some(stage)
}

fn calm(set: &str, script: &str) {
    converse(set, script, "calm", |_| {});
}

fn one_key_limited(set: &str, script: &str) {
    if let Some(stage) = converse(set, script, "trouble", Stage::limit_one_key) {
        assert!(stage.answered(429) > 0, "no key was limited");
    }
}

/// Overload in every form, a lost connection and a balancer's page, none of them twice in a row.
fn trouble_upstream(set: &str, script: &str) {
    converse(set, script, "trouble", |stage| {
        stage.provider.anyone().script([
            Answer::overloaded_in_stream(),
            Answer::ok(),
            Answer::overloaded(),
            Answer::ok(),
            Answer::dies_before_headers(),
            Answer::ok(),
            Answer::html(502),
            Answer::ok().cut_every(3),
        ]);
    });
}

fn all_keys_limited(set: &str, script: &str) {
    let arrange = |stage: &Stage| stage.limit_all_keys(Duration::from_secs(3));
    if let Some(stage) = converse(set, script, "wait", arrange) {
        assert!(stage.answered(429) >= 2, "not every key was limited");
    }
}

fn long_rest(set: &str, script: &str) {
    let arrange = |stage: &Stage| stage.limit_all_keys(Duration::from_secs(13));
    converse(set, script, "long_wait", arrange);
}

/// Slow enough that the client gives up and repeats itself.
fn repeated_under_a_key(set: &str, script: &str) {
    let arrange = |stage: &Stage| {
        stage
            .provider
            .pace(Duration::from_millis(2_500), Duration::ZERO);
    };
    if let Some(stage) = converse(set, script, "twice", arrange) {
        assert_eq!(stage.provider.seen().len(), 1, "the call was made again");
    }
}

macro_rules! conversations {
    ($($sdk:ident: $set:literal, $script:literal;)+) => {$(
        mod $sdk {
            #[test]
            fn talks() {
                super::calm($set, $script);
            }

            #[test]
            fn p10_once_under_a_key() {
                super::repeated_under_a_key($set, $script);
            }

            #[test]
            fn p7_any_key_can_serve_while_one_is_limited() {
                super::one_key_limited($set, $script);
            }

            #[test]
            fn p7_any_key_can_serve_after_trouble_upstream() {
                super::trouble_upstream($set, $script);
            }

            #[test]
            fn p7_any_key_can_serve_after_the_earliest_reset() {
                super::all_keys_limited($set, $script);
            }

            #[test]
            fn p7_any_key_can_serve_a_stream_kept_open_meanwhile() {
                super::long_rest($set, $script);
            }
        }
    )+};
}

conversations! {
    anthropic_python: "python-current", "anthropic_sdk.py";
    anthropic_python_previous: "python-previous", "anthropic_sdk.py";
    anthropic_typescript: "node-current", "anthropic_sdk.mjs";
    anthropic_typescript_previous: "node-previous", "anthropic_sdk.mjs";
    openai_python: "python-current", "openai_sdk.py";
    openai_python_previous: "python-previous", "openai_sdk.py";
    openai_typescript: "node-current", "openai_sdk.mjs";
    openai_typescript_previous: "node-previous", "openai_sdk.mjs";
}
