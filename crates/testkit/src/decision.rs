//! Decisions as requests leave them behind, for tests of those who keep and show them.

use portunus_core::decision::{Attempt, Decision, Outcome, Step};
use portunus_core::ids::{AgentId, KeyId, PoolId, RequestId};
use portunus_core::pool::{Choice, ChosenFor, PassedOver, WhyNot};
use portunus_core::time::Timestamp;
use portunus_core::usage::{Money, Usage, UsageSource};

/// The id of a test's request.
#[must_use]
pub fn request_id(number: u64) -> RequestId {
    let mut bytes = [7; 16];
    for (slot, byte) in bytes.iter_mut().skip(8).zip(number.to_be_bytes()) {
        *slot = byte;
    }
    RequestId::from_bytes(bytes)
}

/// A request of `mayor` for `claude-sonnet-4-5`, which came at `at` and was served by `anthropic:a` within 200 ms after
/// `anthropic:b` had rested.
///
/// # Panics
///
/// Never: the names are good ones.
#[must_use]
#[expect(clippy::unwrap_used, reason = "the names are good ones")]
pub fn served(number: u64, at: Timestamp) -> Decision {
    let attempt = Attempt {
        at_us: 900,
        took_us: 150_000,
        pool: PoolId::from_bytes([2; 16]),
        pool_name: "anthropic".parse().unwrap(),
        key: KeyId::from_bytes([3; 16]),
        label: "a".parse().unwrap(),
        choice: Choice {
            chosen_for: ChosenFor::OnlyOne,
            passed: vec![PassedOver {
                key: KeyId::from_bytes([4; 16]),
                why: WhyNot::Resting {
                    window: "5h".into(),
                    until: at.plus_ms(192_000),
                },
            }],
            unnamed: 0,
        },
        status: Some(200),
        class: "ok".into(),
        detail: None,
    };
    Decision {
        id: request_id(number),
        at,
        agent: Some(AgentId::from_bytes([1; 16])),
        agent_name: Some("mayor".into()),
        endpoint: "messages".into(),
        model: Some("claude-sonnet-4-5".into()),
        steps: vec![Step::Attempted(attempt)],
        outcome: Outcome::Served,
        status: 200,
        reason: None,
        first_byte_us: Some(151_000),
        total_us: 200_000,
        usage: Some(Usage {
            input: 100,
            cache_read: 40,
            cache_write: 10,
            output: 20,
            reasoning: 5,
        }),
        usage_source: Some(UsageSource::Provider),
        cost: Some(Money::from_nanos(1_500_000)),
        trace: None,
    }
}

/// The same request, refused without an attempt after it had waited a second for `anthropic:b`.
#[must_use]
pub fn refused(number: u64, at: Timestamp) -> Decision {
    Decision {
        steps: vec![Step::Waited {
            at_us: 800,
            took_us: 1_000_000,
            obstacles: vec![PassedOver {
                key: KeyId::from_bytes([4; 16]),
                why: WhyNot::Quarantined,
            }],
            earliest: Some(at.plus_ms(60_000)),
        }],
        outcome: Outcome::Refused,
        status: 429,
        reason: Some("no key is free before the deadline".into()),
        first_byte_us: None,
        total_us: 1_001_000,
        usage: None,
        usage_source: None,
        cost: None,
        ..served(number, at)
    }
}

/// A request that came without an accepted credential.
#[must_use]
pub fn unproven(number: u64, at: Timestamp) -> Decision {
    Decision {
        agent: None,
        agent_name: None,
        model: None,
        steps: Vec::new(),
        outcome: Outcome::Refused,
        status: 401,
        reason: Some("the token is not accepted".into()),
        first_byte_us: None,
        total_us: 90,
        usage: None,
        usage_source: None,
        cost: None,
        ..served(number, at)
    }
}
