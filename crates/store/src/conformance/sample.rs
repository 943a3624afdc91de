//! Records to put into a store. A number makes each one distinct; all else is plain.

use crate::StoredRest;
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::budget::{Action, Budget, BudgetScope, Quantity, WarnAt};
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::{AgentId, BudgetId, KeyId, OperatorId, PoolId};
use portunus_core::operator::Operator;
use portunus_core::pool::answer::{Family, WindowId, WindowScope};
use portunus_core::pool::rest::RestReason;
use portunus_core::provider_key::{KeySwitch, Pool, Protocol, ProviderKey};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use std::str::FromStr;

/// 16 bytes that are distinct per number and grow with it.
#[must_use]
pub fn bytes(number: u32) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

/// The moment `millis` after the epoch.
#[must_use]
pub const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A slug or a label.
///
/// # Panics
///
/// When the text is no such name.
#[must_use]
pub fn name<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// An agent.
#[must_use]
pub fn agent(number: u32, text: &str) -> Agent {
    Agent {
        id: AgentId::from_bytes(bytes(number)),
        name: name(text),
        created_at: at(100),
    }
}

/// An operator.
#[must_use]
pub fn operator(number: u32, text: &str) -> Operator {
    Operator {
        id: OperatorId::from_bytes(bytes(number)),
        name: name(text),
        created_at: at(100),
    }
}

/// An active token, created at `number` milliseconds, with an overlap of a minute.
#[must_use]
pub fn token(number: u32, principal: Principal) -> TokenRecord {
    TokenRecord {
        kid: Kid::from_bytes(bytes(number)),
        principal,
        digest: TokenDigest::from_bytes([number.to_be_bytes()[3]; 32]),
        state: TokenState::Active,
        created_at: at(u64::from(number)),
        first_used_at: None,
        overlap_ms: 60_000,
    }
}

/// A pool of the Anthropic protocol.
#[must_use]
pub fn pool(number: u32, text: &str) -> Pool {
    Pool {
        id: PoolId::from_bytes(bytes(number)),
        name: name(text),
        protocol: Protocol::Anthropic,
        base_url: "https://api.anthropic.com".into(),
        max_wait_ms: 600_000,
        fallback: None,
        wrapped_data_key: vec![1, 2, 3],
        created_at: at(100),
    }
}

/// An enabled key whose secret is distinct per number.
#[must_use]
pub fn key(number: u32, pool: &Pool, label: &str) -> ProviderKey {
    ProviderKey {
        id: KeyId::from_bytes(bytes(number)),
        pool: pool.id,
        label: name(label),
        priority: 0,
        base_url: None,
        sealed_secret: vec![4, 5, 6],
        fingerprint: u64::from(number).to_be_bytes(),
        switch: KeySwitch::Enabled,
        quarantine: None,
        created_at: at(100),
    }
}

/// A budget of 1000 that stops.
#[must_use]
pub fn budget(number: u32, scope: BudgetScope, quantity: Quantity) -> Budget {
    Budget {
        id: BudgetId::from_bytes(bytes(number)),
        scope,
        quantity,
        limit: 1_000,
        action: Action::Stop,
        warn_at: WarnAt::default(),
        created_at: at(100),
    }
}

/// A window of the family, or of the whole key.
#[must_use]
pub fn window(family: Option<&str>, kind: &str) -> WindowId {
    WindowId {
        scope: family.map_or(WindowScope::Key, |name| {
            WindowScope::Family(Family::new(name))
        }),
        kind: kind.into(),
    }
}

/// A rest until `until` milliseconds.
#[must_use]
pub fn rest(key: KeyId, window: WindowId, until: u64) -> StoredRest {
    StoredRest {
        key,
        window,
        until: at(until),
        since: at(1),
        reason: RestReason::Rejected,
    }
}

/// An event of the plane.
#[must_use]
pub fn event(action: &'static str, subject: &str) -> AuditEvent {
    AuditEvent {
        at: at(7),
        actor: Actor::Plane,
        action,
        subject: subject.into(),
        details: vec![("reason", "a \"test\"".into()), ("reason", "twice".into())],
    }
}
