//! The real binary in front of a fake provider, set up the way a person would: with the command line.

use crate::plane::Plane;
use portunus_core::time::Clock;
use portunus_testkit::{FakeProvider, Limit, LimitStyle, WallClock};
use std::time::Duration;
use tempfile::TempDir;

/// Two keys for each protocol.
const KEYS: [(&str, &str, &str); 4] = [
    ("anthropic", "a", "sk-ant-api03-test-a"),
    ("anthropic", "b", "sk-ant-api03-test-b"),
    ("openai", "a", "sk-proj-test-a"),
    ("openai", "b", "sk-proj-test-b"),
];

/// A plane, its provider, and an agent's token.
pub(super) struct Stage {
    pub(super) provider: FakeProvider,
    pub(super) plane: Plane,
    pub(super) token: String,
    /// An empty home directory for a client.
    pub(super) home: TempDir,
}

impl Stage {
    /// Starts everything; the provider is healthy.
    pub(super) fn open() -> Self {
        let provider = FakeProvider::start().unwrap();
        provider.refuse_strangers();
        let plane = Plane::start();
        for (pool, label, secret) in KEYS {
            provider.key(secret).known();
            plane.add_key(pool, label, secret, &provider.base_url());
        }
        let token = plane.create_agent("mayor");
        Self {
            provider,
            plane,
            token,
            home: TempDir::new().unwrap(),
        }
    }

    /// Where the plane is.
    pub(super) fn url(&self) -> String {
        self.plane.url.clone()
    }

    /// Lets one key of each protocol be limited for a minute, as though others had just used it up.
    pub(super) fn limit_one_key(&self) {
        self.limit(Duration::from_secs(60), |label| label == "a");
    }

    /// Lets every key be limited, as though others had just used it up.
    pub(super) fn limit_all_keys(&self, rest: Duration) {
        self.limit(rest, |_| true);
    }

    fn limit(&self, rest: Duration, whom: impl Fn(&str) -> bool) {
        for (pool, label, secret) in KEYS {
            if whom(label) {
                let limit = Limit::new(50, rest, style(pool)).spent_at(WallClock.now());
                self.provider.key(secret).limit(limit);
            }
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

fn style(pool: &str) -> LimitStyle {
    if pool == "openai" {
        LimitStyle::OpenAi
    } else {
        LimitStyle::AnthropicApiKey
    }
}
