//! A plane under test: the binary with a data directory of its own, and the command line that speaks to it.

mod follower;
mod http;
mod port;

pub(crate) use follower::Follower;
pub(crate) use http::{Answer, Stream, exchange, request, stream};

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_portunus");

/// How long anything may take before a test gives up on it. It costs nothing where all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a promise gives until a credential has ended everywhere (P5).
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What is promised at once takes no longer than this on a machine that is busy with others, and what
/// would come without the promise takes longer. Exact times are shown on clocks that tests move.
pub(crate) const SOON: Duration = Duration::from_secs(3);

/// A file of names in a plane's home, if it has its own.
const HOSTS: &str = "hosts";

/// Looks again and again until it is so, or for [`PATIENCE`]; answers whether it came to be. It looks ever more seldom, so
/// that nobody's quota is used up by it.
pub(crate) fn comes_true(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(10);
    while Instant::now() < deadline {
        if is_so() {
            return true;
        }
        std::thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(500));
    }
    is_so()
}

/// A plane and everything that it leaves behind.
pub(crate) struct Plane {
    pub(crate) url: String,
    pub(crate) operator: String,
    home: TempDir,
    variables: Vec<(String, String)>,
    /// Where it listens whenever it runs.
    listen: String,
    serving: Child,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Insists on success.
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// The binary with nothing of the tester's own environment that it would look at.
pub(crate) fn portunus(home: &Path) -> Command {
    program(BINARY, home)
}

/// Any program in the same surroundings.
pub(crate) fn program(name: &str, home: &Path) -> Command {
    let mut command = Command::new(name);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("PORTUNUS_") || name.ends_with("_API_KEY") {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("share"))
        .current_dir(home);
    command
}

impl Plane {
    /// Starts a new plane on an empty directory.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more variables in the environment of `serve`.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), variables)
    }

    /// Starts a new plane that reads `portunus.toml`, which says `text`.
    pub(crate) fn start_configured(text: &str) -> Self {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("portunus.toml"), text).unwrap();
        Self::start_in(home, &[("PORTUNUS_CONFIG", "portunus.toml")])
    }

    /// Starts a new plane that finds names in the file `hosts` of its home, which says `text` at first, or `None` where a
    /// process may not have surroundings of its own.
    pub(crate) fn start_knowing(text: &str) -> Option<Self> {
        let mut trial = Command::new("unshare");
        let tried = trial.args(["-rm", "mount", "--bind", "/etc/hosts", "/etc/hosts"]);
        if !tried.output().is_ok_and(|tried| tried.status.success()) {
            return None;
        }
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join(HOSTS), text).unwrap();
        Some(Self::start_in(home, &[]))
    }

    fn start_in(home: TempDir, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let listen = port::free();
        let serving = serve(home.path(), &variables, &listen);
        let mut plane = Self {
            url: String::new(),
            operator: String::new(),
            home,
            variables,
            listen,
            serving,
        };
        plane.wait_until_ready();
        let token = std::fs::read_to_string(plane.path("operator.token")).unwrap();
        token.trim().clone_into(&mut plane.operator);
        plane
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = self.address() {
                self.url = format!("http://{address}");
                return;
            }
            let ended = self.serving.try_wait().unwrap();
            assert!(ended.is_none(), "serve ended: {}", self.log());
            assert!(
                Instant::now() < deadline,
                "serve did not start: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The address that the latest start announced, as programs or as people read it; every start has a log of its own.
    fn address(&self) -> Option<String> {
        let log = std::fs::read_to_string(self.path("serve.log")).ok()?;
        let listening = log.lines().find(|line| line.contains("listening"))?;
        let (_, address) = listening.split_once("127.0.0.1:")?;
        let digits = address.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(format!("127.0.0.1:{digits}"))
    }

    /// A path in the plane's home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What the latest start has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }

    /// The process id of `serve`.
    pub(crate) fn pid(&self) -> u32 {
        self.serving.id()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for `serve` to end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.serving.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "serve does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills `serve` without a warning and starts it again on the same directory.
    pub(crate) fn crash_and_restart(&mut self) {
        self.crash();
        self.restart();
    }

    /// Kills `serve` without a warning.
    pub(crate) fn crash(&mut self) {
        self.serving.kill().unwrap();
        self.serving.wait().unwrap();
    }

    /// Starts `serve` again on the same directory, at the address that it had; the one before must have ended.
    pub(crate) fn restart(&mut self) {
        self.serving = serve(self.home.path(), &self.variables, &self.listen);
        self.wait_until_ready();
    }

    /// Runs a command as the first operator.
    pub(crate) fn run(&self, words: &str) -> Said {
        self.run_with(words, "")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, words: &str, input: &str) -> Said {
        self.run_as(&self.operator, words, input)
    }

    /// Runs a command with any token.
    pub(crate) fn run_as(&self, token: &str, words: &str, input: &str) -> Said {
        let mut command = portunus(self.home.path());
        command
            .args(words.split_whitespace())
            .env("PORTUNUS_URL", &self.url)
            .env("PORTUNUS_TOKEN", token);
        finish(&mut command, input)
    }

    /// Creates an agent and answers its token.
    pub(crate) fn create_agent(&self, name: &str) -> String {
        let created = self
            .run(&format!("agents create {name} --json"))
            .well()
            .json();
        created["token"].as_str().unwrap().to_owned()
    }

    /// Adds a provider key.
    pub(crate) fn add_key(&self, pool: &str, label: &str, secret: &str, base_url: &str) {
        let words = format!("keys add --pool {pool} --label {label} --base-url {base_url}");
        self.run_with(&words, secret).well();
    }

    /// Asks the control API with any token.
    pub(crate) fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let credential = format!("Bearer {token}");
        let headers = [("authorization", credential.as_str())];
        let body = body.map(Value::to_string);
        request(&self.url, method, path, &headers, body.as_deref())
    }

    /// Whether the plane accepts a token right now.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        let answer = self.ask(token, "GET", "/api/v1/whoami", None);
        assert!(matches!(answer.status, 200 | 401), "{answer:?}");
        answer.status == 200
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about it.
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }
}

fn serve(home: &Path, variables: &[(String, String)], listen: &str) -> Child {
    let log = std::fs::File::create(home.join("serve.log")).unwrap();
    let out = std::fs::File::create(home.join("serve.out")).unwrap();
    let mut command = if home.join(HOSTS).exists() {
        let mut command = program("unshare", home);
        let bind = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        command.args(["-rm", "sh", "-c", bind, HOSTS, BINARY]);
        command
    } else {
        portunus(home)
    };
    command
        .args(["serve", "--listen", listen, "--data-dir", "data"])
        .args(["--operator-token-file", "operator.token"])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(log);
    command.spawn().unwrap()
}

/// Runs a command to its end with `input` on its standard input.
pub(crate) fn finish(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing closes the pipe; that is its right.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
