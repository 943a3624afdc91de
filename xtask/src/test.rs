//! `cargo xtask test`: every test of the workspace, and an honest count of those that could not run.
//!
//! A test that needs a program which is not on PATH writes a line `SKIPPED: ...` and returns. Such a
//! test is counted as skipped, never as passed; with `--require-all` it is a failure. One that needs what a machine may
//! refuse to everybody (another user, a namespace) writes `SKIPPED HERE: ...`: it is counted the same and never a failure.
//!
//! nextest repeats a test that failed once. One that passes then is no failure, and is named in the summary.

mod report;

use crate::process;
use crate::tree;
use anyhow::{Result, bail};
use report::Report;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Tells tests that what they need must be there.
const REQUIRE_ALL: &str = "PORTUNUS_REQUIRE_ALL";

/// What a skipped test means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skips {
    /// A line in the summary.
    Report,
    /// A failure.
    Refuse,
}

pub(crate) fn run(skips: Skips) -> Result<()> {
    let mut report = if process::answers("cargo", &["nextest", "--version"]) {
        nextest(skips)?
    } else {
        println!("cargo-nextest is not installed; using cargo test, which is slower and as strict");
        plain(
            skips,
            &["test", "--workspace", "--all-targets", "--no-fail-fast"],
        )?
    };
    report.add(plain(
        skips,
        &["test", "--workspace", "--doc", "--no-fail-fast"],
    )?);
    for line in report.skipped.iter().chain(&report.not_allowed) {
        println!("  {line}");
    }
    for test in &report.flaky {
        println!("  FLAKY: {test}: failed, and passed when it was repeated");
    }
    println!("{}", report.summary());
    if report.failed > 0 {
        bail!("{} tests failed", report.failed);
    }
    if skips == Skips::Refuse && !report.skipped.is_empty() {
        bail!(
            "--require-all: {} tests could not run; install what they name",
            report.skipped.len()
        );
    }
    if report.run == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn command(skips: Skips, arguments: &[&str]) -> Command {
    let mut command = process::cargo(arguments);
    command.current_dir(tree::root());
    if skips == Skips::Refuse {
        command.env(REQUIRE_ALL, "1");
    }
    command
}

/// Through nextest, whose JUnit file holds what passing tests wrote (see `.config/nextest.toml`).
fn nextest(skips: Skips) -> Result<Report> {
    // nextest keeps its own store here, wherever the target directory is.
    let file = tree::root().join("target/nextest/whole/junit.xml");
    if file.exists() {
        std::fs::remove_file(&file)?;
    }
    let arguments = ["nextest", "run", "--profile", "whole", "--workspace"];
    let outcome = process::run(&mut command(skips, &arguments));
    let Ok(text) = std::fs::read_to_string(&file) else {
        outcome?;
        bail!("nextest wrote no {}", file.display());
    };
    let mut report = Report::of_junit(&text);
    if outcome.is_err() && report.failed == 0 {
        report.failed = 1;
    }
    Ok(report)
}

/// Through `cargo test`; what passing tests wrote is read for skips and kept off the terminal.
fn plain(skips: Skips, arguments: &[&str]) -> Result<Report> {
    let mut command = command(skips, arguments);
    println!("$ cargo {} -- --show-output", arguments.join(" "));
    let mut child = command
        .args(["--", "--show-output"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut report = Report::default();
    let mut reader = report::Libtest::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if reader.read(&line, &mut report) == report::Show::Yes {
                writeln!(std::io::stdout(), "{line}")?;
            }
        }
    }
    if !child.wait()?.success() && report.failed == 0 {
        report.failed = 1;
    }
    Ok(report)
}
