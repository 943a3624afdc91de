//! Which functions the release binary goes through, as valgrind sees it.

use super::name::pattern;
use crate::process;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A start is over when the plane has said this.
const STARTED: &str = "\"listening\"";
/// Stands before the address that it listens on, in the same line.
const ADDRESS: &str = "\"address\":\"";
/// A start takes a second; valgrind makes it fifty times as long.
const PATIENCE: Duration = Duration::from_secs(180);
/// What an idle plane does now and then is seen by then.
const IDLE: Duration = Duration::from_secs(30);
/// What an operator does first, and what a plane is asked again and again; what is read from stdin stands behind it.
const COMMANDS: [(&str, &str); 14] = [
    ("pools set anthropic --base-url http://127.0.0.1:9", ""),
    (
        "keys add --pool anthropic --from -",
        "one sk-ant-api03-layout-0001\ntwo sk-ant-api03-layout-0002\n",
    ),
    ("budgets set --every-agent --tokens=900M --per=day", ""),
    ("budgets set --every-agent --concurrency=200", ""),
    ("budgets set --pool=anthropic --money=1000 --per=month", ""),
    ("agents create one", ""),
    ("agents create two", ""),
    ("agents list", ""),
    ("keys list", ""),
    ("pools list", ""),
    ("budgets list", ""),
    ("usage", ""),
    ("decisions", ""),
    ("status", ""),
];

/// What a plane goes through from exec until it is idle, and what while commands are carried out.
pub(super) fn plane(binary: &Path, folder: &Path) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (profile, log) = (folder.join("plane"), folder.join("plane.log"));
    let operator = folder.join("operator.token");
    let mut command = under_valgrind(binary, &profile);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("data"))
        .arg("--operator-token-file")
        .arg(&operator)
        .stdout(fs::File::create(&log)?)
        .stderr(fs::File::create(folder.join("plane.errors"))?);
    println!("watching a start");
    let mut plane = command.spawn().context("cannot start valgrind")?;
    let watched = until_idle(&mut plane, folder).and_then(|url| {
        let start = dump(&plane, &profile.with_extension("1"))?;
        println!("watching commands");
        let operator = fs::read_to_string(&operator)?;
        for (words, input) in COMMANDS {
            carry_out(binary, (&url, operator.trim()), words, input)?;
        }
        Ok((start, dump(&plane, &profile.with_extension("2"))?))
    });
    plane.kill()?;
    plane.wait()?;
    watched
}

/// Waits until a plane has started and has been idle for a while; its URL.
fn until_idle(plane: &mut Child, folder: &Path) -> Result<String> {
    let begin = Instant::now();
    let said = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    loop {
        let said = said("plane.log") + &said("plane.errors");
        let started = said.lines().find(|line| line.contains(STARTED));
        if let Some((_, behind)) = started.and_then(|line| line.split_once(ADDRESS)) {
            let (address, _) = behind.split_once('"').context("half a line of the log")?;
            std::thread::sleep(IDLE);
            return Ok(format!("http://{address}"));
        }
        if plane.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
            bail!("the plane did not start:\n{said}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What was gone through since the last time.
fn dump(plane: &Child, profile: &Path) -> Result<BTreeSet<String>> {
    let id = plane.id().to_string();
    process::run(Command::new("callgrind_control").args(["--dump", &id]))?;
    read_profile(profile)
}

fn carry_out(binary: &Path, at: (&str, &str), words: &str, input: &str) -> Result<()> {
    let mut command = Command::new(binary);
    command
        .args(words.split(' '))
        .arg("--json")
        .env("PORTUNUS_URL", at.0)
        .env("PORTUNUS_TOKEN", at.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`portunus {words}` ended with {status}");
    }
    Ok(())
}

/// What the demo goes through: agents of both protocols, plain and streaming, rotations, limits.
pub(super) fn calls(binary: &Path, folder: &Path) -> Result<BTreeSet<String>> {
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
