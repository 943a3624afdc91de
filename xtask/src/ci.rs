//! `cargo xtask ci`: everything that a change must pass, in the order in which failures are cheapest.

use crate::metadata::Metadata;
use crate::{bench, layout, process, test, tidy, tree};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Whether the tests are part of this run, or were run by themselves before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tests {
    Run,
    Leave,
}

/// What the demo says when every call of its agents was answered.
const NO_FAILURES: &str = "client-visible failures: 0";
const FAILURES: &str = "client-visible failures: ";

pub(crate) fn run(tests: Tests) -> Result<()> {
    let mut times = Vec::new();
    step("format", &mut times, || {
        process::run(cargo(&["fmt", "--all", "--check"]).current_dir(tree::root()))
    })?;
    step("tidy", &mut times, tidy::run)?;
    step("clippy", &mut times, || {
        process::run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    if tests == Tests::Run {
        step("test", &mut times, || test::run(test::Skips::Refuse))?;
    }
    step("deny", &mut times, deny)?;
    step("demo", &mut times, demo)?;
    step("layout", &mut times, layout::check)?;
    step("bench", &mut times, || bench::run(&["--smoke"]))?;
    for (name, took) in times {
        println!("{:>7.1} s  {name}", took.as_secs_f64());
    }
    Ok(())
}

fn step(
    name: &str,
    times: &mut Vec<(String, Duration)>,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    work().with_context(|| format!("step `{name}`"))?;
    times.push((name.to_owned(), start.elapsed()));
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = process::cargo(arguments);
    command.current_dir(tree::root());
    command
}

/// cargo-deny where it is installed; `tidy` already applied deny.toml without it.
fn deny() -> Result<()> {
    if process::answers("cargo", &["deny", "--version"]) {
        return process::run(&mut cargo(&[
            "deny", "check", "bans", "licenses", "sources",
        ]));
    }
    println!("cargo-deny is not installed; tidy has applied deny.toml");
    Ok(())
}

/// The main job with the release binary: nothing fails, and the count is able to show a failure.
fn demo() -> Result<()> {
    bench::build()?;
    let binary = binary(&Metadata::read(&tree::root())?.target_directory);
    let whole = watch(&binary, &["demo", "--seconds", "8"])?;
    if !whole
        .lines()
        .any(|line| line.trim_end().ends_with(NO_FAILURES))
    {
        bail!("the demo did not end with `{NO_FAILURES}`");
    }
    let broken = watch(&binary, &["demo", "--seconds", "4", "--break"])?;
    if broken.contains(NO_FAILURES) || !broken.contains(FAILURES) {
        bail!("`demo --break` counted no failure, so the count of the demo proves nothing");
    }
    Ok(())
}

fn binary(target: &str) -> PathBuf {
    Path::new(target)
        .join("release")
        .join(format!("portunus{}", std::env::consts::EXE_SUFFIX))
}

/// Runs the binary and shows what it wrote; its exit code is the caller's to judge by the text.
fn watch(binary: &Path, arguments: &[&str]) -> Result<String> {
    println!("$ portunus {}", arguments.join(" "));
    let output = Command::new(binary)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    Ok(text)
}
