//! One request on its way: everything that its phases share.

use crate::attempts::Tries;
use crate::provider::Fields;
use crate::provider::endpoint::Endpoint;
use crate::provider::steering::{Delivery, Steering};
use crate::provider::usage::Expected;
use crate::record::Record;
use crate::shared::Shared;
use crate::upstream_answer::UpstreamAnswer;
use bytes::Bytes;
use http::Method;
use http::uri::PathAndQuery;
use portunus_app::credential::session::Revocation;
use portunus_app::pools::PoolHandle;
use portunus_core::ids::{AgentId, KeyId, PoolId};
use portunus_core::pool::{Ask, Family};
use portunus_core::provider_key::Protocol;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// One request, from its admission to its last byte.
pub(crate) struct Call {
    /// The door that it came through.
    pub(crate) door: Arc<Shared>,
    /// By what right it runs.
    pub(crate) warrant: Warrant,
    /// The name of who asks.
    pub(crate) name: Arc<str>,
    /// The same, as the pool's queue counts it.
    pub(crate) agent: AgentId,
    /// What is asked for.
    pub(crate) endpoint: Endpoint,
    /// In which protocol.
    pub(crate) protocol: Protocol,
    /// How it goes upstream: method, path with query, and headers without any credential.
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) headers: Fields,
    /// The body, shared by all attempts, with the room that it takes.
    pub(crate) body: Bytes,
    /// The fields of the body that steer it.
    pub(crate) steering: Steering,
    /// What it will use at most, by a guess.
    pub(crate) expected: Expected,
    /// Whether we asked for usage in the client's name, and must take the extra chunk out again.
    pub(crate) usage: UsageChunk,
    /// Which keys may serve it.
    pub(crate) pool: Arc<PoolHandle>,
    /// The family of its model, as the provider's answers name it.
    pub(crate) family: Family,
    /// What it asks of them; grows by the keys that refused it for what it is.
    pub(crate) ask: Ask,
    /// Until when it may wait for one, by the clock that is never set.
    pub(crate) deadline: Instant,
    /// When a client that waits for a plain answer gives up, where it says so.
    pub(crate) client_leaves: Option<Instant>,
    /// When everything that it waits for is asked again. What begins later is asked only when it has something to say.
    pub(crate) looks_again: tokio::time::Instant,
    /// How often it was tried.
    pub(crate) tries: Tries,
    /// Upstreams that could not serve it, by pool and base URL: each other one is worth a try.
    pub(crate) failed_at: Vec<(PoolId, Arc<str>)>,
    /// The keys of those tries.
    pub(crate) failed_keys: Vec<KeyId>,
    /// What the last attempt brought instead of an answer.
    pub(crate) last: Option<UpstreamAnswer>,
    /// What is logged of it.
    pub(crate) record: Record,
}

impl Call {
    /// Whether the client wants events.
    pub(crate) fn streams(&self) -> bool {
        self.steering.delivery == Delivery::Stream
    }

    /// Lets go of what another attempt would send: a stream that has begun gets none, and may stay open for long.
    pub(crate) fn forget_request(&mut self) {
        self.target = PathAndQuery::from_static("/");
        self.headers = Fields::default();
        self.body = Bytes::new();
    }

    /// Keeps this key out of every further attempt.
    pub(crate) fn avoid(&mut self, key: KeyId) {
        if !self.ask.excluded.contains(&key) {
            self.ask.excluded.push(key);
        }
    }
}

/// By what right a call runs: when that ends, the call ends too (P5).
#[derive(Clone, Debug)]
pub(crate) enum Warrant {
    /// The credential that came with it.
    Own(Revocation),
    /// Any of the credentials that came with it or with its repetitions.
    Shared(CancellationToken),
}

impl Warrant {
    /// Resolves when it has ended. Cancel-safe.
    pub(crate) async fn ended(&self) {
        match self {
            Self::Own(revoked) => revoked.cancelled().await,
            Self::Shared(ends) => ends.cancelled().await,
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Own(revoked) => revoked.is_cancelled(),
            Self::Shared(ends) => ends.is_cancelled(),
        }
    }
}

/// Whether the chunk with the usage alone is the client's or ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsageChunk {
    /// The client asked for it, or none will come.
    Keep,
    /// We asked for it; the client must not see it.
    Drop,
}
