//! `cargo xtask layout`: writes down which functions of the release binary a start and model calls go through, so that the
//! linker lays them side by side (`crates/cli/build.rs`), and checks that the list still fits the binary.

mod name;

use crate::metadata::Metadata;
use crate::{bench, process, tree};
use anyhow::{Context, Result, bail};
use name::pattern;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The list.
const LIST: &str = "crates/cli/layout.ld";
/// The least share of the list's names that the binary must have: compilers and libraries move on, the list stays useful.
const LEAST_PERCENT: usize = 60;
/// A start is over when the plane has said this.
const STARTED: &str = "\"listening\"";
/// A start takes a second; valgrind makes it fifty times as long.
const PATIENCE: Duration = Duration::from_secs(180);
/// What an idle plane does now and then is seen by then.
const IDLE: Duration = Duration::from_secs(30);

/// Builds the release binary, watches it at work under valgrind, and writes the list.
pub(crate) fn write() -> Result<()> {
    if !process::answers("valgrind", &["--version"]) {
        bail!("valgrind is not on PATH: `apt-get install valgrind` brings it");
    }
    bench::build()?;
    let binary = binary()?;
    let known = names_of(&binary)?;
    let folder = std::env::temp_dir().join(format!("portunus-layout-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let seen = watch_start(&binary, &folder).and_then(|start| {
        let calls = watch_calls(&binary, &folder)?;
        Ok((start, calls))
    });
    fs::remove_dir_all(&folder)?;
    let (start, calls) = seen?;
    let start = &start & &known;
    let calls = &(&calls & &known) - &start;
    println!(
        "{} functions of a start, {} more of calls",
        start.len(),
        calls.len()
    );
    fs::write(tree::root().join(LIST), script(&start, &calls))?;
    Ok(())
}

/// Fails when so few of the list's functions are in the release binary that it says little about it.
pub(crate) fn check() -> Result<()> {
    let list = fs::read_to_string(tree::root().join(LIST))?;
    let listed: BTreeSet<String> = list.lines().filter_map(listed).collect();
    let known = names_of(&binary()?)?;
    let found = listed.intersection(&known).count();
    let percent = 100 * found / listed.len().max(1);
    println!(
        "{found} of {} functions in {LIST} are in the binary ({percent} %)",
        listed.len()
    );
    if percent < LEAST_PERCENT {
        bail!("{LIST} has grown old: `cargo xtask layout` writes it anew");
    }
    Ok(())
}

fn binary() -> Result<PathBuf> {
    let target = Metadata::read(&tree::root())?.target_directory;
    Ok(Path::new(&target).join("release").join("portunus"))
}

/// The functions of a binary.
fn names_of(binary: &Path) -> Result<BTreeSet<String>> {
    let symbols = process::read(Command::new("nm").arg(binary))?;
    let functions = symbols.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let kind = words.next()?;
        matches!(kind, "t" | "T" | "w" | "W").then(|| words.next())?
    });
    Ok(functions.map(pattern).collect())
}

/// What a plane goes through from exec until it is idle.
fn watch_start(binary: &Path, folder: &Path) -> Result<BTreeSet<String>> {
    let (profile, log) = (folder.join("start"), folder.join("start.log"));
    let mut command = under_valgrind(binary, &profile);
    let data = folder.join("data");
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .stdout(fs::File::create(&log)?)
        .stderr(fs::File::create(folder.join("start.errors"))?);
    println!("watching a start");
    let mut plane = command.spawn().context("cannot start valgrind")?;
    let watched = until_idle(&mut plane, folder).and_then(|()| {
        let id = plane.id().to_string();
        process::run(Command::new("callgrind_control").args(["--dump", &id]))?;
        read_profile(&profile.with_extension("1"))
    });
    plane.kill()?;
    plane.wait()?;
    watched
}

fn until_idle(plane: &mut Child, folder: &Path) -> Result<()> {
    let begin = Instant::now();
    let said = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    while !(said("start.log") + &said("start.errors")).contains(STARTED) {
        if plane.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
            bail!("the plane did not start:\n{}", said("start.errors"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(IDLE);
    Ok(())
}

/// What the demo goes through: agents of both protocols, plain and streaming, rotations, limits.
fn watch_calls(binary: &Path, folder: &Path) -> Result<BTreeSet<String>> {
    let profile = folder.join("calls");
    let mut command = under_valgrind(binary, &profile);
    command
        .args(["demo", "--plain", "--seconds", "60"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process::run(&mut command)?;
    read_profile(&profile)
}

fn under_valgrind(binary: &Path, profile: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--demangle=no", "--dump-line=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(binary);
    command
}

/// The functions in a profile of callgrind's: `fn=(12) name`, and `cfn=(12) name` where one is called first.
fn read_profile(file: &Path) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("valgrind wrote no {}", file.display()))?;
    let names = text.lines().filter_map(|line| {
        let (_, named) = line
            .strip_prefix('c')
            .unwrap_or(line)
            .strip_prefix("fn=(")?
            .split_once(") ")?;
        // A function that calls itself has a number behind its name.
        named.split('\'').next()
    });
    Ok(names.map(pattern).collect())
}

/// The list as linkers read it.
fn script(start: &BTreeSet<String>, calls: &BTreeSet<String>) -> String {
    let mut text = String::from(
        "/* Functions that stand together in the release binary. Written by `cargo xtask layout`. */\nSECTIONS\n{\n  .text.first :\n  {\n",
    );
    for (what, names) in [("A start", start), ("Calls", calls)] {
        let _ = writeln!(text, "    /* {what} */");
        for name in names {
            let _ = writeln!(text, "    *(.text.{name})");
        }
    }
    text.push_str("  }\n}\nINSERT BEFORE .text;\n");
    text
}

/// The name in a line of the list.
fn listed(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("*(.text.")?.strip_suffix(')')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (start, calls): (BTreeSet<_>, BTreeSet<_>) =
            (set(&["_ZN1a17h*", "main"]), set(&["_ZN1b17h*"]));
        let read: BTreeSet<_> = script(&start, &calls).lines().filter_map(listed).collect();
        assert_eq!(read, set(&["_ZN1a17h*", "main", "_ZN1b17h*"]));
    }
}
