//! Random commands against the model and against SQLite, which is closed and opened in between: every answer and
//! every state must be the same.

use crate::access::{self, AccessCommand, access_command};
use crate::imports::{self, ImportCommand, import_command};
use crate::liveness::{self, LivenessCommand, liveness_command};
use crate::messages::{self, MessageCommand, message_command};
use crate::notifications::{self, NotificationCommand, notification_command};
use crate::operators::{self, OperatorCommand, operator_command};
use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditRecord;
use portunus_core::budget::{Budget, BudgetScope, Quantity, Saved, Subject, Window};
use portunus_core::ids::{AgentId, BudgetId, FamilyId, KeyId, OperatorId, PoolId};
use portunus_core::provider_key::{KeySwitch, Pool, ProviderKey, Quarantine};
use portunus_core::token::Kid;
use portunus_store::conformance::sample::{
    agent, at, budget, bytes, event, fleet, key, name, pool, rest, segment, token, used, window,
};
use portunus_store::memory::MemoryStore;
use portunus_store::{
    AgentTokens, AuditFilter, Binding, Day, Force, LedgerBatch, Liveness, Page, PoolFacts,
    SegmentOrder, SegmentWish, Snapshot, Spending, Standing, Store,
};
use proptest::prelude::*;
use std::fmt::Debug;
use std::sync::Arc;

/// A command; small numbers stand for ids and names, so that commands meet.
#[derive(Clone, Debug)]
enum Command {
    CreateAgent {
        id: u32,
        name: u32,
        kid: u32,
    },
    DeleteAgent {
        id: u32,
    },
    UpdateAgent {
        id: u32,
        name: u32,
        ended: u32,
    },
    ArchiveAgent {
        id: u32,
    },
    RestoreAgent {
        id: u32,
        kid: u32,
    },
    Rotate {
        who: Who,
        kid: u32,
        overlap_ms: u64,
    },
    Revoke {
        kid: u32,
    },
    Use {
        kid: u32,
    },
    CreatePool {
        id: u32,
        name: u32,
        fallback: Option<u32>,
    },
    UpdatePool {
        id: u32,
        name: u32,
        fallback: Option<u32>,
        aside: u32,
    },
    AddKeys {
        keys: Vec<(u32, u32, u32, u32)>,
    },
    UpdateKey {
        key: (u32, u32, u32, u32),
    },
    Switch {
        key: u32,
        switch: KeySwitch,
        force: Force,
    },
    Remove {
        key: u32,
        force: Force,
    },
    Facts {
        key: u32,
        other: u32,
        agent: u32,
        family: Option<u32>,
    },
    Forget,
    SetBudget {
        id: u32,
        scope: u32,
        quantity: u32,
    },
    RemoveBudget {
        id: u32,
    },
    Spend {
        subject: u32,
        quantity: u32,
    },
    Finish {
        number: u32,
        agent: u32,
        size: usize,
    },
    List {
        limit: u32,
        who: Who,
        pool: u32,
    },
    Access(AccessCommand),
    Import(ImportCommand),
    Operator(OperatorCommand),
    Messages(MessageCommand),
    Liveness(LivenessCommand),
    Notifications(NotificationCommand),
    Reopen,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Agent(u32),
    Operator(u32),
}

impl Who {
    fn principal(self) -> Principal {
        match self {
            Self::Agent(id) => Principal::Agent(AgentId::from_bytes(bytes(id))),
            Self::Operator(id) => Principal::Operator(OperatorId::from_bytes(bytes(id))),
        }
    }
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        (1..5_u32).prop_map(Who::Agent),
        (1..3_u32).prop_map(Who::Operator)
    ]
}

fn force() -> impl Strategy<Value = Force> {
    prop_oneof![3 => Just(Force::No), 1 => Just(Force::Yes)]
}

fn switch() -> impl Strategy<Value = KeySwitch> {
    prop_oneof![Just(KeySwitch::Enabled), Just(KeySwitch::Disabled)]
}

pub(crate) fn a_key() -> impl Strategy<Value = (u32, u32, u32, u32)> {
    (1..8_u32, 1..3_u32, 1..6_u32, 1..7_u32)
}

fn command() -> impl Strategy<Value = Command> {
    let small = || 1..4_u32;
    let kid = || 1..30_u32;
    prop_oneof![
        3 => (1..5_u32, small(), kid()).prop_map(|(id, name, kid)| Command::CreateAgent { id, name, kid }),
        3 => operator_command().prop_map(Command::Operator),
        1 => (1..5_u32).prop_map(|id| Command::DeleteAgent { id }),
        1 => (1..5_u32, small(), 1..9_u32).prop_map(|(id, name, ended)| Command::UpdateAgent { id, name, ended }),
        1 => (1..5_u32).prop_map(|id| Command::ArchiveAgent { id }),
        1 => (1..5_u32, kid()).prop_map(|(id, kid)| Command::RestoreAgent { id, kid }),
        6 => (who(), kid(), prop_oneof![3 => Just(60_u64), 1 => Just(0)])
            .prop_map(|(who, kid, overlap_ms)| Command::Rotate { who, kid, overlap_ms }),
        2 => kid().prop_map(|kid| Command::Revoke { kid }),
        4 => kid().prop_map(|kid| Command::Use { kid }),
        3 => (small(), small(), prop::option::of(small()))
            .prop_map(|(id, name, fallback)| Command::CreatePool { id, name, fallback }),
        2 => (small(), small(), prop::option::of(small()), 1..8_u32)
            .prop_map(|(id, name, fallback, aside)| Command::UpdatePool { id, name, fallback, aside }),
        5 => prop::collection::vec(a_key(), 1..4).prop_map(|keys| Command::AddKeys { keys }),
        3 => a_key().prop_map(|key| Command::UpdateKey { key }),
        3 => (1..8_u32, switch(), force())
            .prop_map(|(key, switch, force)| Command::Switch { key, switch, force }),
        2 => (1..8_u32, force()).prop_map(|(key, force)| Command::Remove { key, force }),
        4 => (1..8_u32, 1..8_u32, 1..5_u32, prop::option::of(small()))
            .prop_map(|(key, other, agent, family)| Command::Facts { key, other, agent, family }),
        1 => Just(Command::Forget),
        3 => (1..20_u32, 1..4_u32, prop_oneof![3 => 1..40_usize, 1 => Just(20_000)])
            .prop_map(|(number, agent, size)| Command::Finish { number, agent, size }),
        4 => (1..6_u32, 0..5_u32, 0..3_u32)
            .prop_map(|(id, scope, quantity)| Command::SetBudget { id, scope, quantity }),
        1 => (1..6_u32).prop_map(|id| Command::RemoveBudget { id }),
        3 => (1..5_u32, 0..3_u32).prop_map(|(subject, quantity)| Command::Spend { subject, quantity }),
        3 => (0..4_u32, who(), small()).prop_map(|(limit, who, pool)| Command::List { limit, who, pool }),
        8 => access_command().prop_map(Command::Access),
        5 => import_command().prop_map(Command::Import),
        16 => message_command().prop_map(Command::Messages),
        5 => liveness_command().prop_map(Command::Liveness),
        6 => notification_command().prop_map(Command::Notifications),
        1 => Just(Command::Reopen),
    ]
}

fn named(prefix: &str, number: u32) -> String {
    format!("{prefix}-{number}")
}

fn a_pool(id: u32, name: u32, fallback: Option<u32>) -> Pool {
    Pool {
        fallback: fallback.map(|id| PoolId::from_bytes(bytes(id))),
        ..pool(id, &named("pool", name))
    }
}

pub(crate) fn read_key((id, pool_id, label, secret): (u32, u32, u32, u32)) -> ProviderKey {
    ProviderKey {
        fingerprint: u64::from(secret).to_be_bytes(),
        priority: secret,
        ..key(id, &pool(pool_id, "any"), &named("label", label))
    }
}

fn a_quantity(number: u32) -> Quantity {
    match number {
        0 => Quantity::Tokens(Window::Day),
        1 => Quantity::Money(Window::Total),
        _ => Quantity::Concurrency,
    }
}

fn a_budget(id: u32, scope: u32, quantity: u32, now: u64) -> Budget {
    let scope = match scope {
        0 => BudgetScope::EveryAgent,
        1 | 2 => BudgetScope::Agent(AgentId::from_bytes(bytes(scope))),
        _ => BudgetScope::Pool(PoolId::from_bytes(bytes(scope - 2))),
    };
    Budget {
        limit: now,
        ..budget(id, scope, a_quantity(quantity))
    }
}

fn spending(subject: u32, quantity: u32, now: u64) -> [Spending; 2] {
    let saved = Saved {
        quantity: a_quantity(quantity),
        starts: at(now),
        spent: now,
    };
    let agent = Subject::Agent(AgentId::from_bytes(bytes(subject)));
    let pool = Subject::Pool(PoolId::from_bytes(bytes(subject)));
    [agent, pool].map(|subject| Spending { subject, saved })
}

fn facts(key: u32, other: u32, agent: u32, family: Option<u32>, now: u64) -> PoolFacts {
    let (key, other) = (
        KeyId::from_bytes(bytes(key)),
        KeyId::from_bytes(bytes(other)),
    );
    let family = family.map(|number| named("family", number));
    let window = window(family.as_deref(), "requests");
    PoolFacts {
        rests_healed: vec![(other, window.clone())],
        rests_set: vec![rest(key, window, now + 50)],
        released: vec![other],
        quarantined: vec![(key, Quarantine::CredentialDead)],
        bindings: vec![Binding {
            object: bytes(agent),
            agent: AgentId::from_bytes(bytes(agent)),
            key,
            at: at(now),
        }],
        events: vec![event("key.limited", "a"), event("key.healed", "b")],
    }
}

/// Does the command, and tells all of the answer; lists are read to their end, page by page.
async fn perform(store: &dyn Store, command: &Command, now: u64) -> String {
    let done = |outcome: &dyn Debug| format!("{outcome:?}");
    let happened = event("test.command", "it");
    match *command {
        Command::Access(ref command) => access::perform(store, command, now).await,
        Command::Messages(ref command) => messages::perform(store, command, now).await,
        Command::Import(ref command) => imports::perform(store, command).await,
        Command::Liveness(ref command) => liveness::perform(store, command, now).await,
        Command::Notifications(ref command) => notifications::perform(store, command, now).await,
        Command::CreateAgent { id, name, kid } => {
            let agent = agent(id, &named("agent", name));
            let token = token(kid, Principal::Agent(agent.id));
            done(&store.create_agent(&agent, &token, &happened).await)
        }
        Command::Operator(ref command) => operators::perform(store, command, now).await,
        Command::DeleteAgent { id } => {
            let id = AgentId::from_bytes(bytes(id));
            let outcome = store.delete_agent(id, at(now), &happened).await;
            done(&outcome.map(|mut revoked| {
                revoked.sort();
                revoked
            }))
        }
        Command::UpdateAgent { id, name, ended } => {
            let mut agent = agent(id, "any");
            agent.scopes =
                self::name(["self.*", "llm.*", "*.*"][usize::try_from(name % 3).unwrap()]);
            let ended = [FamilyId::from_bytes(bytes(ended))];
            done(&store.update_agent(&agent, &ended, &happened).await)
        }
        Command::ArchiveAgent { id } => {
            let id = AgentId::from_bytes(bytes(id));
            let outcome = store.archive_agent(id, at(now), &happened).await;
            done(&outcome.map(|mut revoked| {
                revoked.sort();
                revoked
            }))
        }
        Command::RestoreAgent { id, kid } => {
            let id = AgentId::from_bytes(bytes(id));
            let token = token(kid, Principal::Agent(id));
            done(&store.restore_agent(id, &token, &happened).await)
        }
        Command::Rotate {
            who,
            kid,
            overlap_ms,
        } => {
            let mut successor = token(kid, who.principal());
            successor.overlap_ms = overlap_ms;
            successor.expires_at = (kid % 3 == 0).then(|| at(now + 5));
            let principal = who.principal();
            let outcome = store
                .rotate_token(principal, &successor, at(now), &happened)
                .await;
            done(&outcome.map(|mut rotation| {
                rotation.revoked.sort();
                rotation
            }))
        }
        Command::Revoke { kid } => {
            let kid = Kid::from_bytes(bytes(kid));
            done(&store.revoke_token(kid, at(now), Force::No, &happened).await)
        }
        Command::Use { kid } => {
            let kid = Kid::from_bytes(bytes(kid));
            done(&store.mark_first_use(kid, at(now)).await)
        }
        Command::CreatePool { id, name, fallback } => {
            let pool = a_pool(id, name, fallback);
            done(&store.create_pool(&pool, &happened).await)
        }
        Command::UpdatePool {
            id,
            name,
            fallback,
            aside,
        } => {
            let pool = a_pool(id, name, fallback);
            let aside = [KeyId::from_bytes(bytes(aside))];
            done(&store.update_pool(&pool, &aside, &happened).await)
        }
        Command::AddKeys { ref keys } => {
            let keys: Vec<ProviderKey> = keys.iter().copied().map(read_key).collect();
            done(&store.add_keys(&keys, &[happened]).await)
        }
        Command::UpdateKey { key } => done(&store.update_key(&read_key(key), &happened).await),
        Command::Switch { key, switch, force } => {
            let key = KeyId::from_bytes(bytes(key));
            done(&store.switch_key(key, switch, force, &happened).await)
        }
        Command::Remove { key, force } => {
            let key = KeyId::from_bytes(bytes(key));
            done(&store.remove_key(key, force, &happened).await)
        }
        Command::Facts {
            key,
            other,
            agent,
            family,
        } => {
            let facts = facts(key, other, agent, family, now);
            let saved = store.save_pool_facts(&facts).await;
            let bound = store.binding(bytes(agent), facts.bindings[0].agent).await;
            done(&(saved, bound))
        }
        Command::Forget => done(&store.forget_bindings(at(now.saturating_sub(10))).await),
        Command::SetBudget {
            id,
            scope,
            quantity,
        } => {
            let budget = a_budget(id, scope, quantity, now);
            done(&store.set_budget(&budget, &happened).await)
        }
        Command::RemoveBudget { id } => {
            let id = BudgetId::from_bytes(bytes(id));
            done(&store.remove_budget(id, &happened).await)
        }
        Command::Spend { subject, quantity } => {
            let spending = spending(subject, quantity, now);
            done(&store.save_spending(&spending).await)
        }
        Command::Finish {
            number,
            agent,
            size,
        } => finish(store, number, agent, size).await,
        Command::List { limit, who, pool } => list(store, limit, who, pool).await,
        Command::Reopen => String::new(),
    }
}

/// Saves two decisions and what they used, and tells of all that was ever saved: a store may join segments, so only
/// their numbers and bytes count.
async fn finish(store: &dyn Store, number: u32, agent: u32, size: usize) -> String {
    let mut row = used(1 + number % 2, agent, Some(number), "opus");
    row.agent_name = named("agent", number).into();
    let batch = LedgerBatch {
        segment: Some(Arc::new(segment(number, size))),
        usage: vec![row, used(1, agent, None, "-")],
    };
    let saved = store.save_ledger(&batch).await;
    let wish = SegmentWish {
        order: SegmentOrder::OldestFrom(0),
        id: None,
        since: None,
        until: None,
        most_bytes: u64::MAX,
    };
    let segments = store.decision_segments(&wish).await.unwrap();
    let mut next = 1;
    for found in &segments {
        assert_eq!(found.first, next, "a gap");
        next = found.end();
    }
    let bytes: Vec<u8> = segments
        .into_iter()
        .flat_map(|found| found.segment.bytes)
        .collect();
    let usage = store
        .usage_rows(Day::from_number(0), Day::from_number(9))
        .await;
    format!("{saved:?} {next} {bytes:?} {usage:?}")
}

async fn list(store: &dyn Store, limit: u32, who: Who, pool: u32) -> String {
    let mut told = String::new();
    macro_rules! walk {
        ($list:expr) => {{
            let mut page = Page::first(limit);
            loop {
                let listing = $list(page.clone()).await.unwrap();
                told.push_str(&format!("{listing:?}\n"));
                match listing.next {
                    Some(next) => page.after = Some(next),
                    None => break,
                }
            }
        }};
    }
    let pool = PoolId::from_bytes(bytes(pool));
    walk!(|page| store.agents(Standing::Living, page));
    walk!(|page| store.agents(Standing::Archived, page));
    walk!(|page| store.operators(page));
    walk!(|page| store.tokens(None, page));
    walk!(|page| store.tokens(Some(who.principal()), page));
    walk!(|page| store.keys(None, page));
    walk!(|page| store.keys(Some(pool), page));
    let known = store.agent_by_name(&name("agent-1")).await;
    told.push_str(&format!("{known:?}"));
    told
}

/// Everything there is, in an order of our own.
async fn everything(
    store: &dyn Store,
) -> (Snapshot, Vec<AgentTokens>, Vec<AuditRecord>, Vec<Liveness>) {
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.operators.sort_by_key(|operator| operator.id);
    snapshot.tokens.sort_by_key(|token| token.kid);
    snapshot.pools.sort_by_key(|pool| pool.id);
    snapshot.keys.sort_by_key(|key| key.id);
    snapshot
        .rests
        .sort_by_key(|rest| (rest.key, rest.window.clone()));
    snapshot.families.sort_by_key(|family| family.id);
    snapshot.sessions.sort_by_key(|session| session.kid);
    snapshot.devices.sort_by_key(|device| device.id);
    snapshot.signing_keys.sort_by_key(|key| key.id);
    snapshot.budgets.sort_by_key(|budget| budget.id);
    snapshot
        .spending
        .sort_by_key(|row| (row.subject, row.saved.quantity));
    let page = Page::first(1_000);
    let log = store.audit(AuditFilter::default(), page).await.unwrap();
    let heard = liveness::all(store, 100).await;
    (snapshot, fleet(store).await, log.items, heard)
}

async fn compare(commands: Vec<Command>) {
    let place = Place::new();
    let model = MemoryStore::default();
    let mut real = place.open().await;
    for (now, command) in (1_000..).zip(&commands) {
        if matches!(command, Command::Reopen) {
            real.close().await;
            real = place.open().await;
        }
        let expected = perform(&model, command, now).await;
        let found = perform(&real, command, now).await;
        assert_eq!(found, expected, "{command:?}");
        assert_eq!(
            everything(&real).await,
            everything(&model).await,
            "{command:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_commands_do_the_same_to_sqlite_and_to_the_model(
        commands in prop::collection::vec(command(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(compare(commands));
    }
}
