//! Affinity: a conversation stays on its key while the key is ready, because prompt caches are per account.

use super::recent::Recent;
use crate::ids::{AgentId, KeyId};
use crate::time::Timestamp;

/// How long a conversation is remembered after its last request, in milliseconds.
const KEPT_MS: u64 = 60 * 60_000;

/// How many conversations are remembered per pool.
const MOST_CONVERSATIONS: usize = 65_536;

/// Which key served a conversation last.
#[derive(Debug)]
pub(super) struct Affinity(Recent<(AgentId, u64), KeyId>);

impl Default for Affinity {
    fn default() -> Self {
        Self(Recent::new(MOST_CONVERSATIONS, KEPT_MS))
    }
}

impl Affinity {
    /// The key that served the conversation last.
    pub(super) fn key(
        &self,
        agent: AgentId,
        conversation: Option<u64>,
        now: Timestamp,
    ) -> Option<KeyId> {
        self.0.get(&(agent, conversation?), now)
    }

    /// Remembers the key that serves the conversation from now on.
    pub(super) fn remember(
        &mut self,
        agent: AgentId,
        conversation: Option<u64>,
        key: KeyId,
        now: Timestamp,
    ) {
        if let Some(conversation) = conversation {
            self.0.put((agent, conversation), key, now);
        }
    }
}
