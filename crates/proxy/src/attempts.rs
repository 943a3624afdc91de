//! How often one request may be tried, and where next: the policy, without the doing of it.
//!
//! Limits cost no attempt (the pool knows which key is free). What a provider could not do does: three tries in all,
//! the same key first, and none of ours on top of a client's own retries, which would multiply each other. Another
//! upstream that has not failed this request yet is always tried before the client is told.

use portunus_core::ids::AgentId;
use portunus_core::pool::{Class, EntitlementScope};
use std::collections::HashMap;
use std::time::Duration;

/// Tries in all when the upstream has no capacity or no answer.
const FAILED_TRIES: u32 = 3;
/// The longest wait that a provider's wish may impose between two tries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// How long an agent whose request failed for want of capacity gets single tries.
const BREAKER_MS: u64 = 30_000;
/// Agents that the breaker remembers at most.
const BREAKER_SIZE: usize = 10_000;

/// What to do after an attempt that gave the client nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask the pool again after this pause, mostly none; it knows what the attempt taught.
    AskPool(Duration),
    /// Ask the pool again, but never for this key: it refused the request for what it is.
    AvoidKey,
    /// Wait, then try the same key once more.
    SameKey(Duration),
    /// Another upstream at once if there is one; else wait, then try another key if there is one.
    OtherKey(Duration),
    /// Once on a key that nobody has seen fail a moment ago, if there is one; else as [`Next::GiveUp`].
    SoundKey,
    /// Another upstream if there is one; else tell the client.
    GiveUp,
}

/// Limits that one request may meet at full speed: as many as a large pool has keys.
const UNPACED_LIMITS: u32 = 32;

/// The tries of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    limits: u32,
    failed: u32,
    allowed: u32,
}

impl Tries {
    /// `retry` says whether the client is already repeating itself.
    #[must_use]
    pub(crate) const fn new(repetition: Repetition) -> Self {
        let allowed = match repetition {
            Repetition::First => FAILED_TRIES,
            Repetition::Again => 1,
        };
        Self {
            limits: 0,
            failed: 0,
            allowed,
        }
    }

    /// Limits may go on for as long as the request lives, but never as a hot loop, whatever a provider tells the pool.
    fn pace(&mut self) -> Duration {
        self.limits = self.limits.saturating_add(1);
        Duration::from_millis(50) * self.limits.saturating_sub(UNPACED_LIMITS).min(100)
    }

    /// Decides what follows an attempt of class `class`; `jitter` is a random number.
    pub(crate) fn after(&mut self, class: &Class, jitter: u32) -> Next {
        let wish = match class {
            Class::Ok | Class::ClientFault => return Next::GiveUp,
            Class::Quota | Class::CredentialDead | Class::MoneyOut => {
                return Next::AskPool(self.pace());
            }
            Class::Entitlement(EntitlementScope::KeyModel | EntitlementScope::Request) => {
                return Next::AvoidKey;
            }
            Class::Overload { retry_after_ms } => *retry_after_ms,
            Class::Network => None,
        };
        self.failed += 1;
        if self.failed >= self.allowed {
            // A client that repeats itself is not served by the one key that happens to be sick.
            let is_single = self.allowed == 1 && self.failed == 1;
            return if is_single {
                Next::SoundKey
            } else {
                Next::GiveUp
            };
        }
        let pause = match (class, self.failed) {
            // Most often a connection that the upstream closed in the moment of its reuse.
            (Class::Network, 1) => Duration::ZERO,
            _ => backoff(self.failed, wish, jitter),
        };
        let overloaded = matches!(class, Class::Overload { .. });
        if overloaded && self.failed == 1 {
            Next::SameKey(pause)
        } else {
            Next::OtherKey(pause)
        }
    }
}

/// 250 ms, then 750 ms, a quarter of it random; a provider's own wish counts up to 8 s.
fn backoff(failed: u32, wish_ms: Option<u64>, jitter: u32) -> Duration {
    let base = Duration::from_millis(250) * 3u32.saturating_pow(failed.saturating_sub(1));
    let wish = wish_ms
        .map_or(Duration::ZERO, Duration::from_millis)
        .min(LONGEST_BACKOFF);
    let base = base.max(wish);
    base + base.mul_f64(f64::from(jitter % 1000) / 4000.0)
}

/// Whether a client asks for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// As far as we can tell.
    First,
    /// Its header says so, or the same agent was just refused for want of capacity.
    Again,
}

/// Remembers which agents were just refused for want of capacity: their next requests are repetitions, whether
/// or not the client says so (Codex repeats a 503 thirty times and counts nothing).
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    open_until_ms: HashMap<AgentId, u64>,
}

impl Breaker {
    /// A request of this agent failed for want of capacity.
    pub(crate) fn trip(&mut self, agent: AgentId, now_ms: u64) {
        if self.open_until_ms.len() >= BREAKER_SIZE {
            self.open_until_ms.retain(|_, until| *until > now_ms);
        }
        if self.open_until_ms.len() < BREAKER_SIZE {
            self.open_until_ms
                .insert(agent, now_ms.saturating_add(BREAKER_MS));
        }
    }

    /// A request of this agent was served: capacity is back.
    pub(crate) fn close(&mut self, agent: AgentId, now_ms: u64) {
        self.open_until_ms.remove(&agent);
        self.open_until_ms.retain(|_, until| *until > now_ms);
    }

    /// What this agent's next request is.
    #[must_use]
    pub(crate) fn repetition(&self, agent: AgentId, now_ms: u64) -> Repetition {
        match self.open_until_ms.get(&agent) {
            Some(until) if *until > now_ms => Repetition::Again,
            _ => Repetition::First,
        }
    }

    /// Whether nobody is remembered: the common case, which costs nothing more.
    #[must_use]
    pub(crate) fn is_closed(&self) -> bool {
        self.open_until_ms.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLOAD: Class = Class::Overload {
        retry_after_ms: None,
    };

    #[test]
    fn overload_is_tried_three_times_the_same_key_first() {
        let mut tries = Tries::new(Repetition::First);
        assert!(matches!(tries.after(&OVERLOAD, 0), Next::SameKey(_)));
        assert!(matches!(tries.after(&OVERLOAD, 0), Next::OtherKey(_)));
        assert_eq!(tries.after(&OVERLOAD, 0), Next::GiveUp);
    }

    #[test]
    fn no_retry_of_ours_multiplies_a_clients() {
        let mut repeated = Tries::new(Repetition::Again);
        assert_eq!(repeated.after(&OVERLOAD, 0), Next::SoundKey);
        assert_eq!(repeated.after(&OVERLOAD, 0), Next::GiveUp);
        let agent = AgentId::from_bytes([1; 16]);
        let mut breaker = Breaker::default();
        breaker.trip(agent, 1_000);
        assert_eq!(breaker.repetition(agent, 2_000), Repetition::Again);
        assert_eq!(breaker.repetition(agent, 31_000), Repetition::First);
        breaker.close(agent, 2_000);
        assert!(breaker.is_closed());
    }

    #[test]
    fn p7_any_key_can_serve_so_limits_cost_no_attempt() {
        let mut tries = Tries::new(Repetition::First);
        for _ in 0..1000 {
            assert!(matches!(tries.after(&Class::Quota, 0), Next::AskPool(_)));
        }
        assert_eq!(
            tries.after(&Class::Quota, 0),
            Next::AskPool(Duration::from_secs(5))
        );
        let mut fresh = Tries::new(Repetition::First);
        assert_eq!(fresh.after(&Class::Quota, 0), Next::AskPool(Duration::ZERO));
        assert!(matches!(tries.after(&OVERLOAD, 0), Next::SameKey(_)));
    }

    #[test]
    fn a_providers_wish_is_heard_up_to_eight_seconds() {
        assert_eq!(backoff(1, Some(3_000), 0), Duration::from_secs(3));
        assert_eq!(backoff(1, Some(3_600_000), 0), LONGEST_BACKOFF);
        assert_eq!(backoff(2, None, 0), Duration::from_millis(750));
    }
}
