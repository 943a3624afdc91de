//! The real binary in front of a fake provider, set up the way a person would: with the command line.

use portunus_core::time::Clock;
use portunus_testkit::{FakeProvider, Limit, LimitStyle, WallClock};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Two keys for each protocol.
const KEYS: [(&str, &str, &str); 4] = [
    ("anthropic", "a", "sk-ant-api03-test-a"),
    ("anthropic", "b", "sk-ant-api03-test-b"),
    ("openai", "a", "sk-proj-test-a"),
    ("openai", "b", "sk-proj-test-b"),
];

const BINARY: &str = env!("CARGO_BIN_EXE_portunus");

/// A plane, its provider, and an agent's token.
pub(super) struct Stage {
    pub(super) provider: FakeProvider,
    pub(super) url: String,
    pub(super) token: String,
    /// An empty home directory for a client.
    pub(super) home: TempDir,
    serving: Child,
    _data: TempDir,
}

impl Stage {
    /// Starts everything; the provider is healthy.
    pub(super) fn open() -> Self {
        let provider = FakeProvider::start().unwrap();
        provider.refuse_strangers();
        let data = TempDir::new().unwrap();
        let port = free_port();
        let operator_token = data.path().join("operator.token");
        let serving = Command::new(BINARY)
            .arg("serve")
            .arg("--data-dir")
            .arg(data.path().join("plane"))
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--operator-token-file")
            .arg(&operator_token)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(data.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut stage = Self {
            provider,
            url: format!("http://127.0.0.1:{port}"),
            token: String::new(),
            home: TempDir::new().unwrap(),
            serving,
            _data: data,
        };
        stage.wait_until_ready(&operator_token);
        let operator = std::fs::read_to_string(&operator_token).unwrap();
        stage.set_up(operator.trim());
        stage
    }

    fn wait_until_ready(&mut self, operator_token: &Path) {
        let address = self.url.trim_start_matches("http://").to_owned();
        let patience = Instant::now() + Duration::from_secs(20);
        while !(operator_token.exists() && std::net::TcpStream::connect(&address).is_ok()) {
            let ended = self.serving.try_wait().unwrap();
            assert!(ended.is_none(), "serve ended: {ended:?}");
            assert!(Instant::now() < patience, "serve did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn set_up(&mut self, operator: &str) {
        for (pool, label, secret) in KEYS {
            self.provider.key(secret).known();
            let base_url = self.provider.base_url();
            let words = [
                "keys",
                "add",
                "--pool",
                pool,
                "--label",
                label,
                "--base-url",
                &base_url,
            ];
            self.portunus(operator, &words, secret);
        }
        let created = self.portunus(operator, &["agents", "create", "mayor", "--json"], "");
        let created: serde_json::Value = serde_json::from_str(&created).unwrap();
        created["token"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.token);
    }

    /// Runs the command line against the plane and answers its standard output.
    fn portunus(&self, operator: &str, words: &[&str], input: &str) -> String {
        let mut child = Command::new(BINARY)
            .args(words)
            .env("PORTUNUS_URL", &self.url)
            .env("PORTUNUS_TOKEN", operator)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "portunus {words:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Lets one key of each protocol be limited for a minute.
    pub(super) fn limit_one_key(&self) {
        for (pool, label, secret) in KEYS {
            if label == "a" {
                let limit = Limit::new(2, Duration::from_secs(60), style(pool));
                self.provider.key(secret).limit(limit);
            }
        }
    }

    /// Lets every key be limited, as though others had just used it up.
    pub(super) fn limit_all_keys(&self, rest: Duration) {
        for (pool, _, secret) in KEYS {
            let limit = Limit::new(50, rest, style(pool)).spent_at(WallClock.now());
            self.provider.key(secret).limit(limit);
        }
    }

    /// Nothing but the keys ever reached the provider, one in each request.
    pub(super) fn assert_that_the_token_stayed_here(&self) {
        for one in self.provider.seen() {
            let key = one.key.as_deref().unwrap_or_default();
            assert!(
                key.starts_with("sk-"),
                "{} {}: {key:?}",
                one.method,
                one.path
            );
            let both =
                one.headers.contains_key("x-api-key") && one.headers.contains_key("authorization");
            assert!(!both, "two credentials reached the provider");
            let leaked = one
                .headers
                .values()
                .any(|value| value.as_bytes().starts_with(b"ptna_"))
                || one.header("authorization").contains("ptna_");
            assert!(!leaked, "the agent's token reached the provider");
        }
    }

    /// How many answers of this status the provider gave.
    pub(super) fn answered(&self, status: u16) -> usize {
        let seen = self.provider.seen();
        seen.iter().filter(|one| one.status == Some(status)).count()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The process may be gone already; there is nothing else to do about it.
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }
}

fn style(pool: &str) -> LimitStyle {
    if pool == "openai" {
        LimitStyle::OpenAi
    } else {
        LimitStyle::AnthropicApiKey
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
