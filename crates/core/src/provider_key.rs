//! Provider keys and pools as they are configured; how a key fares is in [`crate::pool`].

use crate::ids::{KeyId, PoolId};
use crate::name::{Label, Slug};
use crate::time::Timestamp;

/// The wire protocol of a pool: what its clients speak and its upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Anthropic Messages.
    Anthropic,
    /// `OpenAI` Chat Completions, Responses and Embeddings.
    OpenAi,
}

impl Protocol {
    /// The stable name: `anthropic` or `openai`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Anthropic, Self::OpenAi]
            .into_iter()
            .find(|p| p.as_str() == name)
    }
}

/// An ordered set of keys of one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Never reused.
    pub id: PoolId,
    /// Unique; the pool named like a protocol serves that protocol.
    pub name: Slug,
    /// What its clients and its upstream speak.
    pub protocol: Protocol,
    /// Scheme, host and optional port and path prefix of the upstream, without a trailing slash.
    pub base_url: String,
    /// How long a request may wait for a key, in milliseconds; zero switches waiting off.
    pub max_wait_ms: u64,
    /// The pool that serves while this one has no ready key; of the same protocol.
    pub fallback: Option<PoolId>,
    /// The pool's data key, wrapped by the master key: nonce and ciphertext.
    pub wrapped_data_key: Vec<u8>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Why a key is set aside until a person acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quarantine {
    /// The upstream said that the credential is dead.
    CredentialDead,
    /// The upstream's origin changed after the secret was sealed for another.
    OriginChanged,
}

impl Quarantine {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CredentialDead => "credential_dead",
            Self::OriginChanged => "origin_changed",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::CredentialDead, Self::OriginChanged]
            .into_iter()
            .find(|q| q.as_str() == name)
    }
}

/// Whether a key may be used, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySwitch {
    /// In use.
    Enabled,
    /// Switched off by an operator.
    Disabled,
}

/// One upstream secret, sealed, and its place in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKey {
    /// Never reused.
    pub id: KeyId,
    /// The pool that it serves.
    pub pool: PoolId,
    /// Unique in its pool.
    pub label: Label,
    /// Lower is used first.
    pub priority: u32,
    /// Overrides the pool's base URL.
    pub base_url: Option<String>,
    /// The secret, sealed under the pool's data key: nonce and ciphertext.
    pub sealed_secret: Vec<u8>,
    /// First 8 bytes of HMAC-SHA256 of the secret under the pepper: finds a key that is added twice.
    pub fingerprint: [u8; 8],
    /// Switched on or off.
    pub switch: KeySwitch,
    /// Set aside until its secret is given again or it is cleared.
    pub quarantine: Option<Quarantine>,
    /// When it was added.
    pub created_at: Timestamp,
}
