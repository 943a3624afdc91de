//! A plane with one key and one agent, in front of a provider that sees what got through.

use super::wire::{Heard, say_all};
use crate::plane::{Answer, Plane, request};
use portunus_testkit::FakeProvider;
use serde_json::Value;

pub(super) struct Stage {
    pub(super) provider: FakeProvider,
    pub(super) plane: Plane,
    pub(super) token: String,
}

impl Stage {
    pub(super) fn open() -> Self {
        let provider = FakeProvider::start().unwrap();
        let plane = Plane::start();
        plane.add_key("anthropic", "a", "sk-ant-api03-a", &provider.base_url());
        let token = plane.create_agent("mayor");
        Self {
            provider,
            plane,
            token,
        }
    }

    /// A model call like any other.
    pub(super) fn call(&self, body: &str) -> Answer {
        let headers = [("x-api-key", self.token.as_str())];
        request(
            &self.plane.url,
            "POST",
            "/v1/messages",
            &headers,
            Some(body),
        )
    }

    /// Insists that an honest call is served now.
    pub(super) fn serves(&self) {
        let answer = self.call(BODY);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Asks the control API for something that it must refuse with 400 and this code.
    pub(super) fn refuses(&self, method: &str, path: &str, body: &Value, code: &str) {
        let answer = self
            .plane
            .ask(&self.plane.operator, method, path, Some(body));
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_eq!(answer.json()["code"], code, "{body}: {answer:?}");
    }

    /// Says all of it at once, each on a connection of its own.
    pub(super) fn say(&self, cases: Vec<(String, String)>) -> Vec<(String, Heard)> {
        let cases = cases.into_iter().map(|(name, text)| (name, bytes(&text)));
        say_all(&self.plane.url, cases.collect())
    }
}

/// A small message.
pub(super) const BODY: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;

/// Characters up to U+00FF stand for one byte each, so that cases can be written down.
fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect()
}
