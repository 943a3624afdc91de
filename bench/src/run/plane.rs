//! A plane as an operator runs it: the release binary on a data directory of its own, administered by its command line.

use super::child::Child;
use super::place::{free_port, get, wait_for};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file that a plane is configured by, if it is there.
pub(super) const CONFIGURATION: &str = "portunus.toml";

/// A running plane.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
    binary: PathBuf,
    operator: String,
}

impl Plane {
    /// Starts one in `folder`, for the first time or again.
    pub(super) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let address = free_port()?;
        let file = folder.join("operator.token");
        let mut child = Child::start("portunus", &mut serve(binary, folder, address))?;
        wait_for(&mut child, address, &get("/readyz"))?;
        let operator = fs::read_to_string(&file)
            .with_context(|| format!("the plane wrote no {}", file.display()))?
            .trim()
            .to_owned();
        Ok(Self {
            child,
            address,
            binary: binary.to_path_buf(),
            operator,
        })
    }

    /// Runs a command of the operator's and reads the JSON that it prints.
    pub(super) fn command(&self, words: &[&str], input: &str) -> Result<Value> {
        let mut child = Command::new(&self.binary)
            .args(words)
            .arg("--json")
            .env("PORTUNUS_URL", format!("http://{}", self.address))
            .env("PORTUNUS_TOKEN", &self.operator)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("`portunus {}`: {}", words.join(" "), said.trim());
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`portunus {}` printed no JSON", words.join(" ")))
    }

    /// A series of the metrics page that has no labels.
    pub(super) fn series(&self, name: &str) -> Result<f64> {
        let mut socket = TcpStream::connect(self.address)?;
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            self.operator
        );
        socket.write_all(request.as_bytes())?;
        let mut page = String::new();
        socket.read_to_string(&mut page)?;
        let mut lines = page.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(series, _)| *series == name);
        let (_, value) = found.with_context(|| format!("the metrics have no {name}"))?;
        Ok(value.parse()?)
    }

    /// Sends the pool `anthropic` to the upstream, with so many keys.
    pub(super) fn give_keys(&self, upstream: SocketAddr, keys: usize) -> Result<()> {
        let url = format!("http://{upstream}");
        self.command(&["pools", "set", "anthropic", "--base-url", &url], "")?;
        let mut lines = String::new();
        for number in 0..keys {
            writeln!(lines, "key-{number} sk-ant-api03-bench-{number:08}")?;
        }
        self.command(
            &["keys", "add", "--pool", "anthropic", "--from", "-"],
            &lines,
        )?;
        Ok(())
    }

    /// Sets budgets that bind every request and that no run uses up.
    pub(super) fn give_budgets(&self) -> Result<()> {
        for budget in [
            ["--every-agent", "--tokens=900000M", "--per=day"].as_slice(),
            ["--every-agent", "--concurrency=20000"].as_slice(),
            ["--pool=anthropic", "--money=1000000", "--per=month"].as_slice(),
        ] {
            self.command(&[&["budgets", "set"], budget].concat(), "")?;
        }
        Ok(())
    }

    /// Creates agents and gives their tokens.
    pub(super) fn agents(&self, count: usize) -> Result<Vec<String>> {
        (0..count)
            .map(|number| {
                let created =
                    self.command(&["agents", "create", &format!("agent-{number}")], "")?;
                let token = created.get("token").and_then(Value::as_str);
                token
                    .map(str::to_owned)
                    .context("no token in what was created")
            })
            .collect()
    }
}

/// The command line of a plane; only warnings are logged, as nginx logs no requests either.
pub(super) fn serve(binary: &Path, folder: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--listen")
        .arg(address.to_string())
        .arg("--operator-token-file")
        .arg(folder.join("operator.token"))
        .env("PORTUNUS_LOG", "warn")
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("OPENAI_API_KEY");
    let configuration = folder.join(CONFIGURATION);
    if configuration.exists() {
        command.arg("--config").arg(configuration);
    }
    command
}
