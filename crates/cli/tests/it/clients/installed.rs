//! Finds what `cargo xtask clients` installed, and runs it with a time limit and nothing of this machine's own
//! configuration.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A conversation that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where `cargo xtask clients` installs.
fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.clients")
}

/// A file of an installed set; `None`, after saying so, when it is not there.
///
/// # Panics
/// When it is not there and `PORTUNUS_REQUIRE_ALL=1`.
pub(super) fn find(test: &str, set: &str, file: &str) -> Option<PathBuf> {
    let path = clients().join(set).join(file);
    if path.exists() {
        return Some(path);
    }
    let what = format!("{set}/{file} (installed by `cargo xtask clients`)");
    let required = std::env::var("PORTUNUS_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!required, "{test}: {what} not found");
    println!("SKIPPED {test}: {what} not found");
    None
}

/// What a program wrote and how it ended.
pub(super) struct Finished {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) took: Duration,
}

/// Runs a program in `home` with `PATH` and `env` alone.
pub(super) fn run(program: &mut Command, home: &Path, env: &[(&str, String)]) -> Finished {
    let outputs = [home.join("stdout"), home.join("stderr")];
    let files = outputs
        .each_ref()
        .map(|path| std::fs::File::create(path).unwrap());
    let [stdout, stderr] = files;
    let began = Instant::now();
    let mut child = program
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let [stdout, stderr] = outputs.map(|path| {
        let mut text = Vec::new();
        std::fs::File::open(path)
            .unwrap()
            .read_to_end(&mut text)
            .unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    Finished {
        success: status.is_some_and(|status| status.success()),
        stdout,
        stderr,
        took: began.elapsed(),
    }
}
