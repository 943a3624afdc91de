//! What failed a moment ago is asked last for a while: upstreams that gave no connection, and keys whose attempts
//! found no capacity. So trouble costs one request its time and not every request; nothing is ever ruled out.

use portunus_core::ids::KeyId;
use std::collections::HashMap;

/// How long what failed is asked last, in milliseconds.
const ASKED_LAST_MS: u64 = 10_000;
/// Upstreams and keys remembered at most; both are named by operators, so this is hardly ever reached.
const MOST: usize = 10_000;

/// What failed a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    upstreams: HashMap<String, u64>,
    keys: HashMap<KeyId, u64>,
}

/// What is to be asked last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shaky {
    /// Upstreams, by base URL.
    pub(crate) upstreams: Vec<String>,
    /// Keys.
    pub(crate) keys: Vec<KeyId>,
}

impl Outages {
    /// An upstream gave no connection, or no answer in time.
    pub(crate) fn upstream_failed(&mut self, base_url: &str, now_ms: u64) {
        if self.upstreams.len() < MOST {
            self.upstreams
                .insert(base_url.to_owned(), now_ms.saturating_add(ASKED_LAST_MS));
        }
    }

    /// An attempt with this key found no capacity or no usable answer.
    pub(crate) fn key_failed(&mut self, key: KeyId, now_ms: u64) {
        if self.keys.len() < MOST {
            self.keys.insert(key, now_ms.saturating_add(ASKED_LAST_MS));
        }
    }

    /// The upstream answers.
    pub(crate) fn upstream_answered(&mut self, base_url: &str) {
        self.upstreams.remove(base_url);
    }

    /// The key served.
    pub(crate) fn key_served(&mut self, key: KeyId) {
        self.keys.remove(&key);
    }

    /// What is to be asked last at `now_ms`; `None` when nothing is.
    pub(crate) fn shaky(&mut self, now_ms: u64) -> Option<Shaky> {
        self.upstreams.retain(|_, until| *until > now_ms);
        self.keys.retain(|_, until| *until > now_ms);
        (!self.is_empty()).then(|| Shaky {
            upstreams: self.upstreams.keys().cloned().collect(),
            keys: self.keys.keys().copied().collect(),
        })
    }

    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.upstreams.is_empty() && self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_asked_last_for_ten_seconds_or_until_it_works() {
        let mut outages = Outages::default();
        let key = KeyId::from_bytes([1; 16]);
        outages.upstream_failed("http://a", 1_000);
        outages.upstream_failed("http://b", 1_000);
        outages.key_failed(key, 1_000);
        outages.upstream_answered("http://b");
        let shaky = outages.shaky(10_999).unwrap();
        assert_eq!(
            (shaky.upstreams, shaky.keys),
            (vec!["http://a".to_owned()], vec![key])
        );
        outages.key_served(key);
        assert_eq!(outages.shaky(11_000), None);
    }
}
