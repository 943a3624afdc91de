//! Pools as operators configure them; how they work is in [`crate::pools`].

pub mod create;
pub mod fallback;
pub mod list;
pub mod update;

pub use create::create;
pub use list::{list, show};
pub use update::update;

/// How long a request waits for a key unless the pool says otherwise, in milliseconds: 10 minutes.
pub const DEFAULT_MAX_WAIT_MS: u64 = 600_000;
/// Longest wait that a pool may be given, in milliseconds: 7 days, the longest window of a provider.
pub const MAX_WAIT_LIMIT_MS: u64 = 7 * 24 * 3600 * 1000;

use portunus_core::provider_key::Protocol;

/// How long a request may wait for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxWait(u64);

impl Default for MaxWait {
    fn default() -> Self {
        Self(DEFAULT_MAX_WAIT_MS)
    }
}

impl MaxWait {
    /// From milliseconds; `None` above [`MAX_WAIT_LIMIT_MS`]. Zero switches waiting off.
    #[must_use]
    pub fn from_millis(millis: u64) -> Option<Self> {
        (millis <= MAX_WAIT_LIMIT_MS).then_some(Self(millis))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// The provider that a protocol is named after.
#[must_use]
pub const fn default_base_url(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Anthropic => "https://api.anthropic.com",
        Protocol::OpenAi => "https://api.openai.com",
    }
}
