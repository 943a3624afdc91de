//! Other processes: this test binary, started again to play one role on a database that the parent names.
//!
//! A role is an ordinary test that does nothing unless it is started so; it says what it did on standard output,
//! one line each, after [`SAYS`].

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const FILE: &str = "PORTUNUS_TEST_CHILD_FILE";

/// What a child's own lines begin with; the test harness prints others.
pub(crate) const SAYS: &str = "child says ";

/// The database to play on; `None` when this process is no child.
pub(crate) fn file() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

pub(crate) fn say(what: &str) {
    println!("\n{SAYS}{what}");
}

/// Starts the role, a test's full name, behind `sh -c 'umask ...; exec ...'`.
pub(crate) fn start(role: &str, file: &Path, umask: &str) -> Child {
    let script = format!("umask {umask}; exec \"$0\" --exact \"$1\" --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .arg(role)
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the child said until it ended well.
pub(crate) fn finish(child: Child) -> Vec<String> {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "the child failed: {text}");
    text.lines()
        .filter_map(|line| line.strip_prefix(SAYS))
        .map(str::to_owned)
        .collect()
}
