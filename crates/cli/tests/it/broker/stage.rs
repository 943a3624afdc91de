//! A broker with a program beside it that says what it was told and then waits, so that the test can ask in its place.

use crate::plane::{Answer, PATIENCE, Plane, portunus, request};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Writes its environment down, whole or not at all, and waits.
const PROGRAM: &str = "env > told.$$; echo $$ > pid; mv told.$$ told; exec sleep 600";

/// A broker that runs.
pub(super) struct Brokered {
    pub(super) process: Child,
    pub(super) home: PathBuf,
    /// What the program found in its environment.
    pub(super) told: BTreeMap<String, String>,
}

/// `portunus run` for an agent whose token lies in a file of its own, with nothing of the tester's environment.
pub(super) fn run(home: &Path, url: &str, agent: &str, token: &str) -> Command {
    let file = home.join(format!("{agent}.token"));
    give(&file, token);
    let mut command = portunus(home);
    command
        .args(["run", "--agent", agent, "--url", url, "--token-file"])
        .arg(file);
    command
}

/// Puts a token where a broker reads it, in one step, as whoever rotates it does.
pub(super) fn give(file: &Path, token: &str) {
    use std::os::unix::fs::PermissionsExt;
    let draft = file.with_extension("new");
    std::fs::write(&draft, token).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(draft, file).unwrap();
}

impl Brokered {
    /// Starts it beside a program that waits; `words` are further options.
    pub(super) fn start(plane: &Plane, agent: &str, token: &str, words: &[&str]) -> Self {
        Self::start_at(plane, &plane.url, agent, token, words)
    }

    /// The same with another address for the plane.
    pub(super) fn start_at(
        plane: &Plane,
        url: &str,
        agent: &str,
        token: &str,
        words: &[&str],
    ) -> Self {
        let home = plane.path(&format!("home-of-{agent}"));
        std::fs::create_dir_all(&home).unwrap();
        let mut command = run(&home, url, agent, token);
        command
            .args(words)
            .args(["--log", "broker.log", "--", "sh", "-c", PROGRAM]);
        Self::spawn(command, home)
    }

    /// Starts what was prepared, and waits until the program has spoken.
    pub(super) fn spawn(mut command: Command, home: PathBuf) -> Self {
        // A file of an earlier run would speak for this one.
        let _ = std::fs::remove_file(home.join("told"));
        let errors = std::fs::File::create(home.join("stderr")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        let mut brokered = Self {
            process: command.spawn().unwrap(),
            told: BTreeMap::new(),
            home,
        };
        let told = brokered.wait_for("told");
        let lines = told.lines().filter_map(|line| line.split_once('='));
        let pairs = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        brokered.told = pairs.collect();
        brokered
    }

    fn wait_for(&mut self, name: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = std::fs::read_to_string(self.home.join(name)) {
                return text;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "the broker ended: {ended:?} {}",
                self.errors()
            );
            assert!(Instant::now() < deadline, "no {name}: {}", self.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn errors(&self) -> String {
        let read = |name| std::fs::read_to_string(self.home.join(name)).unwrap_or_default();
        format!("{}\n{}", read("stderr"), read("broker.log"))
    }

    /// The broker's address.
    pub(super) fn url(&self) -> &str {
        &self.told["PORTUNUS_URL"]
    }

    /// What opens it.
    pub(super) fn handle(&self) -> &str {
        &self.told["PORTUNUS_HANDLE"]
    }

    /// The process id of the program.
    pub(super) fn program(&self) -> u32 {
        let text = std::fs::read_to_string(self.home.join("pid")).unwrap();
        text.trim().parse().unwrap()
    }

    /// Asks as the program would.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let headers = [
            ("x-api-key", self.handle()),
            ("anthropic-version", "2023-06-01"),
        ];
        request(self.url(), method, path, &headers, body)
    }

    /// Sends the broker a signal, such as `TERM`.
    pub(super) fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }

    /// Waits for the broker to end, and says with which code.
    pub(super) fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the broker does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Brokered {
    fn drop(&mut self) {
        // Its program ends with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends any process a signal.
pub(super) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Whether a process is there and no zombie.
pub(super) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some(Some('Z' | 'X')))
}
