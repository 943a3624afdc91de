//! Records to put into a store. A number makes each one distinct; all else is plain.

use crate::{AgentTokens, Day, DecisionSegment, Store, StoredRest, UsageRow};
use portunus_core::access::family::Issue;
use portunus_core::access::{SigningKey, SigningState, TokenFamily};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::budget::{Action, Budget, BudgetScope, Quantity, WarnAt};
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{
    AgentId, BoardId, BudgetId, DeviceId, FamilyId, KeyId, MessageId, NotificationId, OperatorId,
    PoolId, RequestId, SigningKeyId,
};
use portunus_core::message::terms::{INBOX_LENGTH, MIB_PER_SENDER};
use portunus_core::message::{Board, Data, Draft, Mentions, Sender, Target};
use portunus_core::notification::{self, Priority};
use portunus_core::once::{Claim, Done, Fingerprint, Receipt, Secrecy};
use portunus_core::operator::{Authority, Operator};
use portunus_core::pool::answer::{Family, WindowId, WindowScope};
use portunus_core::pool::rest::RestReason;
use portunus_core::provider_key::{KeySwitch, Pool, Protocol, ProviderKey};
use portunus_core::session::{Device, SessionRecord, SignedInBy};
use portunus_core::time::Timestamp;
use portunus_core::token::{Kid, TokenDigest};
use portunus_core::usage::{Money, Usage};
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
        display_name: number
            .is_multiple_of(2)
            .then(|| name("Night Watch \u{1f989}")),
        ..Agent::new(
            AgentId::from_bytes(bytes(number)),
            name(text),
            name("llm.call:pool/main self.*"),
            at(100),
        )
    }
}

/// Every living agent with its tokens, read in small pages.
///
/// # Panics
///
/// When the store does not give them.
pub async fn fleet(store: &dyn Store) -> Vec<AgentTokens> {
    const PAGE: u32 = 3;
    let mut fleet: Vec<AgentTokens> = Vec::new();
    loop {
        let last = fleet.pop().map(|one| one.agent.id);
        let from = last.unwrap_or(AgentId::from_bytes([0; 16]));
        let page = store.agents_from(from, PAGE).await.unwrap();
        let is_last = u32::try_from(page.len()).is_ok_and(|size| size < PAGE);
        fleet.extend(page);
        if is_last {
            return fleet;
        }
    }
}

/// An operator.
#[must_use]
pub fn operator(number: u32, text: &str) -> Operator {
    Operator {
        id: OperatorId::from_bytes(bytes(number)),
        name: name(text),
        authority: Authority::everything(),
        created_at: at(100),
    }
}

/// An active token, created at `number` milliseconds, with an overlap of a minute.
#[must_use]
pub fn token(number: u32, principal: Principal) -> TokenRecord {
    TokenRecord::new(
        Kid::from_bytes(bytes(number)),
        TokenDigest::from_bytes([number.to_be_bytes()[3]; 32]),
        principal,
        at(u64::from(number)),
    )
}

/// A session of an operator.
#[must_use]
pub fn session(number: u32, operator: OperatorId, by: SignedInBy) -> SessionRecord {
    SessionRecord {
        kid: Kid::from_bytes(bytes(number)),
        operator,
        digest: TokenDigest::from_bytes([number.to_be_bytes()[3]; 32]),
        by,
        created_at: at(1_000),
        seen_at: at(2_000),
    }
}

/// A device of an operator.
#[must_use]
pub fn device(number: u32, operator: OperatorId, text: &str) -> Device {
    let kid = Kid::from_bytes(bytes(number));
    let digest = TokenDigest::from_bytes([number.to_be_bytes()[3]; 32]);
    let id = DeviceId::from_bytes(bytes(number));
    Device::new(id, operator, name(text), (kid, digest), at(1_000))
}

/// A board.
#[must_use]
pub fn board(number: u32, text: &str, tags: &str) -> Board {
    Board {
        id: BoardId::from_bytes(bytes(number)),
        name: name(text),
        description: String::new(),
        tags: name(tags),
        last_number: 0,
        created_at: at(100),
    }
}

/// A message of an agent with the tag `note`, which lives for 50 s.
///
/// # Panics
///
/// When the text is none.
#[must_use]
pub fn draft(number: u32, target: Target, sender: &Agent, text: &str, written_at: u64) -> Draft {
    Draft {
        id: MessageId::from_bytes(bytes(number)),
        target,
        sender: Sender {
            principal: Principal::Agent(sender.id),
            name: sender.name.as_str().into(),
        },
        text: text.try_into().unwrap(),
        data: Some(Data::from_stored("{\"n\":1}")),
        tags: name("note"),
        mentions: Mentions::find(text).unwrap(),
        at: at(written_at),
        expires_at: at(written_at + 50_000),
        inbox_length: INBOX_LENGTH,
        outbox_bytes: MIB_PER_SENDER << 20,
    }
}

/// A notification of the agent `source`, with a body and a link.
///
/// # Panics
///
/// When the texts are none.
#[must_use]
pub fn notice(number: u32, source: u32, priority: Priority, sent_at: u64) -> notification::Draft {
    notification::Draft {
        id: NotificationId::from_bytes(bytes(number)),
        source: notification::Source {
            agent: AgentId::from_bytes(bytes(source)),
            name: name(&format!("agent-{source}")),
        },
        title: "look".try_into().unwrap(),
        body: Some("here\nand there".try_into().unwrap()),
        priority,
        link: Some("https://ci.example/7".try_into().unwrap()),
        at: at(sent_at),
    }
}

/// A family of one token, exchanged from `token` of `principal`.
#[must_use]
pub fn family(number: u32, principal: Principal, token: Kid) -> TokenFamily {
    TokenFamily {
        id: FamilyId::from_bytes(bytes(number)),
        principal,
        token,
        parent: None,
        scope: name("self.*"),
        generation: 0,
        current: Issue {
            jti: Kid::from_bytes(bytes(number)),
            at: at(1_000),
            used_at: None,
        },
        previous: None,
        created_at: at(1_000),
        ends_at: at(90_000),
        token_expires_at: None,
    }
}

/// The key that signs.
#[must_use]
pub fn signing_key(number: u32, made_at: u64) -> SigningKey {
    SigningKey {
        id: SigningKeyId::from_bytes(bytes(number)),
        public: [number.to_be_bytes()[3]; 32],
        sealed: vec![0xff, 0x00, 7],
        state: SigningState::Active,
        created_at: at(made_at),
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
        receipt: None,
    }
}

/// The right to create an agent under a key.
///
/// # Panics
///
/// When the text is no key.
#[must_use]
pub fn claim(by: Principal, key: &str) -> Claim {
    Claim {
        by,
        route: "POST /api/v1/agents".into(),
        key: name(key),
    }
}

/// What is kept of a change whose answer shows a secret.
#[must_use]
pub fn receipt(claim: Claim, made_at: Timestamp) -> Receipt {
    Receipt {
        claim,
        fingerprint: Fingerprint::from_bytes([0xf0; 32]),
        at: made_at,
        done: Some(Done {
            action: "agent.created".into(),
            subject: "agt_1".into(),
        }),
        status: 201,
        secrecy: Secrecy::Secret,
        answer: Some(vec![0xff, 0, 1]),
    }
}

/// The event of a change that leaves a receipt.
#[must_use]
pub fn with_receipt(receipt: &Receipt) -> AuditEvent {
    AuditEvent {
        receipt: Some(Box::new(receipt.clone())),
        ..event("agent.created", "agt_1")
    }
}

/// Two decisions in so many bytes, whose requests `number` and `number + 1` came at `number` seconds and one later.
#[must_use]
pub fn segment(number: u32, size: usize) -> DecisionSegment {
    let second = u64::from(number) * 1_000;
    DecisionSegment {
        format: 1,
        count: 2,
        came: (at(second), at(second + 1_000)),
        ids: (
            RequestId::from_bytes(bytes(number)),
            RequestId::from_bytes(bytes(number + 1)),
        ),
        // No text, and with zeros: bytes must come back as they are.
        bytes: vec![0xff, 0x00, number.to_be_bytes()[3]]
            .into_iter()
            .cycle()
            .take(size)
            .collect(),
    }
}

/// What an agent used of a model in three requests.
#[must_use]
pub fn used(day: u32, agent: u32, key: Option<u32>, model: &str) -> UsageRow {
    UsageRow {
        day: Day::from_number(day),
        agent: AgentId::from_bytes(bytes(agent)),
        key: key.map(|key| KeyId::from_bytes(bytes(key))),
        model: model.into(),
        agent_name: "mayor".into(),
        key_label: key.map_or("", |_| "team-a").into(),
        pool: key.map_or("", |_| "main").into(),
        requests: 3,
        failed: 1,
        usage: Usage {
            input: 100,
            cache_read: 20,
            cache_write: 30,
            output: 40,
            reasoning: 5,
        },
        estimated: 1,
        cost: Money::from_nanos(1_000),
        unpriced: 2,
    }
}
