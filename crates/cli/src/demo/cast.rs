//! Who takes part: the agents, what they speak, the provider's keys and their limits.

use portunus_testkit::{FakeProvider, Limit, LimitStyle};
use std::time::Duration;

/// What an agent speaks, and how it wants its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Anthropic Messages, one document.
    Messages,
    /// Anthropic Messages, a stream.
    MessagesStream,
    /// `OpenAI` Chat Completions, one document.
    Chat,
    /// `OpenAI` Chat Completions, a stream.
    ChatStream,
    /// `OpenAI` Responses, a stream.
    ResponsesStream,
}

impl Tongue {
    /// In the summary and the story.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::MessagesStream => "messages, streamed",
            Self::Chat => "chat",
            Self::ChatStream => "chat, streamed",
            Self::ResponsesStream => "responses, streamed",
        }
    }
}

/// The fleet: a dozen names, what they speak, and how often each promises to be heard of.
pub(super) const AGENTS: [(&str, Tongue, &str); 12] = [
    ("mayor", Tongue::MessagesStream, "2s"),
    ("scout", Tongue::MessagesStream, "1s"),
    ("mason", Tongue::Messages, "3s"),
    ("baker", Tongue::MessagesStream, "2s"),
    ("smith", Tongue::Messages, "5s"),
    ("weaver", Tongue::MessagesStream, "3s"),
    ("miller", Tongue::Messages, "5s"),
    (MORTAL, Tongue::MessagesStream, "1s"),
    ("herald", Tongue::ChatStream, "2s"),
    ("clerk", Tongue::Chat, "3s"),
    ("pilot", Tongue::ResponsesStream, "2s"),
    ("keeper", Tongue::ResponsesStream, "5s"),
];

/// The agent that dies and is started again.
pub(super) const MORTAL: &str = "ferryman";

/// One provider key of the demonstration.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyPart {
    /// The pool that it joins.
    pub(super) pool: &'static str,
    /// Its label there.
    pub(super) label: &'static str,
    /// What the provider knows it by; worth nothing anywhere else.
    pub(super) secret: &'static str,
    requests: u64,
    seconds: u64,
    style: LimitStyle,
}

/// Three keys of one provider and two of another; together they are a little too few for the fleet.
pub(super) const KEYS: [KeyPart; 5] = [
    KeyPart {
        pool: "anthropic",
        label: "amber",
        secret: "sk-ant-api03-demo-amber",
        requests: 10,
        seconds: 4,
        style: LimitStyle::AnthropicApiKey,
    },
    KeyPart {
        pool: "anthropic",
        label: "birch",
        secret: "sk-ant-api03-demo-birch",
        requests: 9,
        seconds: 3,
        style: LimitStyle::AnthropicApiKey,
    },
    KeyPart {
        pool: "anthropic",
        label: "cedar",
        secret: "sk-ant-oat01-demo-cedar",
        requests: 12,
        seconds: 5,
        style: LimitStyle::AnthropicUnified,
    },
    KeyPart {
        pool: "openai",
        label: "denim",
        secret: "sk-proj-demo-denim",
        requests: 7,
        seconds: 4,
        style: LimitStyle::OpenAi,
    },
    KeyPart {
        pool: "openai",
        label: "ember",
        secret: "sk-proj-demo-ember",
        requests: 6,
        seconds: 3,
        style: LimitStyle::OpenAi,
    },
];

impl KeyPart {
    /// In the story: which limit the provider keeps.
    pub(super) fn limit_in_words(&self) -> String {
        format!("{} requests in {} s", self.requests, self.seconds)
    }
}

/// A provider that knows these keys, limits them and takes its time to answer.
pub(super) fn provider() -> std::io::Result<FakeProvider> {
    let provider = FakeProvider::start()?;
    provider.refuse_strangers();
    provider.pace(Duration::from_millis(120), Duration::from_millis(25));
    for part in KEYS {
        let per = Duration::from_secs(part.seconds);
        provider
            .key(part.secret)
            .limit(Limit::new(part.requests, per, part.style));
    }
    Ok(provider)
}
