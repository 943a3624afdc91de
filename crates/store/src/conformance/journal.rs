//! Cases about what is written down: pool facts, bindings, the audit log.

use super::sample::{at, bytes, event, key, rest, token, window};
use super::{agents, pools};
use crate::{AuditFilter, Binding, Cursor, Force, Page, PoolFacts, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent, AuditRecord};
use portunus_core::ids::{AgentId, KeyId, OperatorId};
use portunus_core::pool::rest::RestReason;
use portunus_core::provider_key::Quarantine;

async fn log(store: &dyn Store) -> Vec<AuditRecord> {
    let page = Page::first(1_000);
    let all = store.audit(AuditFilter::default(), page).await.unwrap();
    assert_eq!(all.next, None);
    for (number, record) in (1..).zip(all.items.iter().rev()) {
        assert_eq!(record.seq, number, "a gap in the log");
    }
    all.items
}

pub(super) async fn facts_are_read_back_in_the_snapshot(store: &dyn Store) {
    let main = pools::create(store, 1, "main").await;
    let (a, b) = (key(1, &main, "a"), key(2, &main, "b"));
    store.add_keys(&[a.clone(), b.clone()], &[]).await.unwrap();
    let whole = rest(a.id, window(None, "requests"), 50);
    let mut family = rest(a.id, window(Some("sonnet"), "requests"), 60);
    let mut nameless = rest(a.id, window(Some(""), "requests"), 70);
    family.reason = RestReason::Money;
    nameless.reason = RestReason::Unstated;
    let facts = PoolFacts {
        rests_set: vec![whole.clone(), family.clone(), nameless.clone()],
        quarantined: vec![(b.id, Quarantine::CredentialDead)],
        events: vec![event("key.limited", "a"), event("key.quarantined", "b")],
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let mut found = store.snapshot().await.unwrap().rests;
    found.sort_by_key(|rest| rest.until);
    assert_eq!(found, vec![whole.clone(), family.clone(), nameless.clone()]);
    let aside = store.key(b.id).await.unwrap().quarantine;
    assert_eq!(aside, Some(Quarantine::CredentialDead));

    let longer = rest(a.id, family.window.clone(), 90);
    let facts = PoolFacts {
        rests_healed: vec![(a.id, whole.window), (a.id, nameless.window)],
        rests_set: vec![longer.clone()],
        released: vec![b.id],
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap().rests, vec![longer]);
    assert_eq!(store.key(b.id).await.unwrap(), b);
    assert_eq!(log(store).await.len(), 3);
}

pub(super) async fn facts_about_the_gone_are_dropped(store: &dyn Store) {
    let gone = KeyId::from_bytes(bytes(9));
    let facts = PoolFacts {
        rests_healed: vec![(gone, window(None, "5h"))],
        rests_set: vec![rest(gone, window(None, "7d"), 50)],
        released: vec![gone],
        quarantined: vec![(gone, Quarantine::CredentialDead)],
        bindings: vec![Binding {
            object: [1; 16],
            agent: AgentId::from_bytes(bytes(9)),
            key: gone,
            at: at(1),
        }],
        events: vec![event("key.limited", "gone")],
    };
    store.save_pool_facts(&facts).await.unwrap();
    assert!(store.snapshot().await.unwrap().rests.is_empty());
    let bound = store.binding([1; 16], AgentId::from_bytes(bytes(9))).await;
    assert_eq!(bound, Ok(None));
    assert_eq!(log(store).await.len(), 1);
}

pub(super) async fn bindings_belong_to_their_agent_and_are_forgotten_by_age(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    let clerk = agents::create(store, 2, "clerk").await.id;
    let bind = |object: u8, agent, key: u32, millis| Binding {
        object: [object; 16],
        agent,
        key: KeyId::from_bytes(bytes(key)),
        at: at(millis),
    };
    let facts = PoolFacts {
        bindings: vec![
            bind(1, mayor, 1, 10),
            bind(1, clerk, 2, 20),
            bind(2, mayor, 3, 30),
        ],
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let facts = PoolFacts {
        bindings: vec![bind(1, clerk, 4, 40)],
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let key = |number: u32| Ok(Some(KeyId::from_bytes(bytes(number))));
    assert_eq!(store.binding([1; 16], mayor).await, key(1));
    assert_eq!(store.binding([1; 16], clerk).await, key(4));
    assert_eq!(store.binding([2; 16], clerk).await, Ok(None));
    assert_eq!(store.forget_bindings(at(30)).await, Ok(1));
    assert_eq!(store.binding([1; 16], mayor).await, Ok(None));
    let happened = event("agent.deleted", "mayor");
    store.delete_agent(mayor, at(50), &happened).await.unwrap();
    assert_eq!(store.binding([2; 16], mayor).await, Ok(None));
    assert_eq!(store.forget_bindings(at(99)).await, Ok(1));
}

pub(super) async fn every_change_is_recorded_and_no_refusal_is(store: &dyn Store) {
    let agent = agents::create(store, 1, "mayor").await;
    let main = pools::create(store, 1, "main").await;
    let only = key(1, &main, "a");
    let by = |number: u32, action| AuditEvent {
        actor: Actor::Principal(Principal::Operator(OperatorId::from_bytes(bytes(number)))),
        ..event(action, "a")
    };
    let keys = [only.clone()];
    store.add_keys(&keys, &[by(3, "key.added")]).await.unwrap();
    let happened = by(4, "key.removed");
    assert!(
        store
            .remove_key(only.id, Force::No, &happened)
            .await
            .is_err()
    );
    assert!(store.add_keys(&keys, &[by(3, "key.added")]).await.is_err());
    let principal = Principal::Agent(agent.id);
    let mut last = by(5, "token.rotated");
    last.actor = Actor::Principal(principal);
    store
        .rotate_token(principal, &token(2, principal), at(5), &last)
        .await
        .unwrap();
    let records = log(store).await;
    let actions: Vec<&str> = records.iter().map(|r| r.action.as_str()).collect();
    let expected = [
        "token.rotated",
        "key.added",
        "pool.created",
        "agent.created",
    ];
    assert_eq!(actions, expected);
    assert_eq!((records[0].at, records[0].actor), (last.at, last.actor));
    assert_eq!(records[1].actor, by(3, "key.added").actor);
    assert_eq!(records[3].actor, Actor::Plane);
    let details: Vec<(&str, &str)> = records[0]
        .details
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(details, [("reason", "a \"test\""), ("reason", "twice")]);
}

pub(super) async fn the_log_is_filtered_and_paged(store: &dyn Store) {
    let events = [
        event("key.limited", "a"),
        event("keys_.odd", "a"),
        event("key.limited", "b"),
        event("pool.waiting", "a"),
        event("key.healed", "a"),
    ];
    let facts = PoolFacts {
        events: events.to_vec(),
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let filter = AuditFilter {
        action_prefix: Some("key.".into()),
        subjects: vec!["a".into(), "no-such-subject".into()],
    };
    let mut page = Page::first(1);
    let first = store.audit(filter.clone(), page.clone()).await.unwrap();
    assert_eq!((first.items.len(), first.items[0].seq), (1, 5));
    page.after = first.next;
    let rest = store.audit(filter, page).await.unwrap();
    assert_eq!((rest.items.len(), rest.items[0].seq), (1, 1));
    assert_eq!(rest.next, None);
    for prefix in ["%", "key_", "KEY."] {
        let filter = AuditFilter {
            action_prefix: Some(prefix.into()),
            subjects: Vec::new(),
        };
        let none = store.audit(filter, Page::first(9)).await.unwrap();
        assert_eq!(none.items, vec![], "{prefix:?}");
    }
    for text in [
        "audit.-1",
        "audit.x",
        "agents.a",
        "audit.99999999999999999999",
    ] {
        let after = Some(Cursor::new(text.into()));
        let page = Page { after, limit: 1 };
        let refused = store.audit(AuditFilter::default(), page).await;
        assert_eq!(refused, Err(StoreError::BadCursor), "{text:?}");
    }
}
