//! What failed a moment ago is asked last for a while: upstreams that gave no connection, and, for the agent that saw
//! it, keys whose attempts found no capacity. So trouble costs one request its time and not every request. Nothing is
//! ever ruled out, and what one agent's requests bring upon a key is nobody else's matter (P1).

use portunus_core::ids::{AgentId, KeyId};
use std::collections::HashMap;

/// How long what failed is asked last, in milliseconds.
const ASKED_LAST_MS: u64 = 10_000;
/// Agents and upstreams remembered at most.
const MOST: usize = 10_000;

/// What failed a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    upstreams: HashMap<String, u64>,
    keys: HashMap<AgentId, Vec<(KeyId, u64)>>,
    swept_at_ms: u64,
}

/// What is to be asked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shaky {
    /// Upstreams, by base URL.
    pub(crate) upstreams: Vec<String>,
    /// Keys.
    pub(crate) keys: Vec<KeyId>,
}

impl Outages {
    /// An upstream gave no connection.
    pub(crate) fn upstream_failed(&mut self, base_url: &str, now_ms: u64) {
        if self.upstreams.len() < MOST {
            self.upstreams
                .insert(base_url.to_owned(), now_ms.saturating_add(ASKED_LAST_MS));
        }
    }

    /// An attempt of this agent with this key found no capacity or no usable answer.
    pub(crate) fn key_failed(&mut self, agent: AgentId, key: KeyId, now_ms: u64) {
        if self.keys.len() < MOST || self.keys.contains_key(&agent) {
            let keys = self.keys.entry(agent).or_default();
            keys.retain(|(known, until)| *known != key && *until > now_ms);
            keys.push((key, now_ms.saturating_add(ASKED_LAST_MS)));
        }
    }

    /// The upstream answers.
    pub(crate) fn upstream_answered(&mut self, base_url: &str) {
        self.upstreams.remove(base_url);
    }

    /// The key served this agent.
    pub(crate) fn key_served(&mut self, agent: AgentId, key: KeyId) {
        if let Some(keys) = self.keys.get_mut(&agent) {
            keys.retain(|(known, _)| *known != key);
        }
    }

    /// What this agent's request asks last at `now_ms`.
    pub(crate) fn shaky(&mut self, agent: AgentId, now_ms: u64) -> Shaky {
        self.sweep(now_ms);
        let keys = self.keys.get(&agent).map(Vec::as_slice).unwrap_or_default();
        let current = keys.iter().filter(|(_, until)| *until > now_ms);
        Shaky {
            upstreams: self.upstreams.keys().cloned().collect(),
            keys: current.map(|(key, _)| *key).collect(),
        }
    }

    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.upstreams.is_empty() && self.keys.is_empty()
    }

    /// Forgets what is over; agents, of which there may be many, only now and then.
    fn sweep(&mut self, now_ms: u64) {
        self.upstreams.retain(|_, until| *until > now_ms);
        if now_ms.abs_diff(self.swept_at_ms) >= 1_000 {
            self.swept_at_ms = now_ms;
            self.keys
                .retain(|_, keys| keys.iter().any(|(_, until)| *until > now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_asked_last_for_ten_seconds_or_until_it_works() {
        let mut outages = Outages::default();
        let (agent, key) = (AgentId::from_bytes([1; 16]), KeyId::from_bytes([1; 16]));
        outages.upstream_failed("http://a", 1_000);
        outages.upstream_failed("http://b", 1_000);
        outages.key_failed(agent, key, 1_000);
        outages.upstream_answered("http://b");
        let shaky = outages.shaky(agent, 10_999);
        assert_eq!(
            (shaky.upstreams, shaky.keys),
            (vec!["http://a".to_owned()], vec![key])
        );
        outages.key_served(agent, key);
        assert_eq!(outages.shaky(agent, 12_000), Shaky::default());
        assert!(outages.is_empty());
    }

    #[test]
    fn p1_innocent_never_punished_for_what_anothers_request_brought_upon_a_key() {
        let mut outages = Outages::default();
        let key = KeyId::from_bytes([1; 16]);
        outages.key_failed(AgentId::from_bytes([1; 16]), key, 1_000);
        let other = outages.shaky(AgentId::from_bytes([2; 16]), 1_001);
        assert!(other.keys.is_empty());
    }
}
