//! Cases about tokens that another system issued.

use super::agents::create;
use super::sample::{agent, at, event, key, name, pool, token};
use crate::{ImportBatch, ImportGround, ImportedAgent, ImportedToken, Page, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::imported::Pbkdf2;
use portunus_core::token::TokenDigest;

fn imported(number: u32, text: &str, slow: Option<Pbkdf2>) -> ImportedAgent {
    let agent = agent(number, text);
    let token = token(number, Principal::Agent(agent.id));
    let kid = token.kid;
    ImportedAgent {
        agent,
        token,
        imported: ImportedToken {
            kid,
            mark: [number.to_be_bytes()[3]; 32],
            slow,
        },
    }
}

fn slow() -> Pbkdf2 {
    Pbkdf2 {
        iterations: std::num::NonZeroU32::new(200_000).unwrap(),
        salt: "p\u{e9}per".into(),
        digest: [7; 32],
        prefix: Some("agk_12".into()),
    }
}

fn batch(agents: Vec<ImportedAgent>) -> ImportBatch {
    ImportBatch {
        agents,
        keys: Vec::new(),
        events: vec![event("agent.imported", "it")],
    }
}

pub(super) async fn an_import_adds_all_or_nothing(store: &dyn Store) {
    let main = pool(1, "main");
    let happened = event("pool.created", "main");
    store.create_pool(&main, &happened).await.unwrap();
    create(store, 9, "taken").await;
    let (mayor, scout) = (
        imported(1, "mayor", None),
        imported(2, "scout", Some(slow())),
    );
    let log = store
        .audit(Default::default(), Page::first(99))
        .await
        .unwrap();
    let mut refused = batch(vec![mayor.clone(), imported(3, "taken", None)]);
    assert_eq!(store.import(&refused).await, Err(StoreError::NameTaken));
    refused.agents = vec![mayor.clone(), scout.clone()];
    refused.agents[1].imported.mark = mayor.imported.mark;
    assert!(matches!(
        store.import(&refused).await,
        Err(StoreError::Inconsistent(_))
    ));
    refused.agents = vec![mayor.clone()];
    refused.keys = vec![key(1, &main, "a"), key(2, &main, "a")];
    let refused = store.import(&refused).await;
    assert_eq!(refused, Err(StoreError::LabelTaken { label: name("a") }));
    let unchanged = store
        .audit(Default::default(), Page::first(99))
        .await
        .unwrap();
    assert_eq!(unchanged, log);
    assert_eq!(store.agent(mayor.agent.id).await, Err(StoreError::NotFound));
    assert_eq!(store.imported_tokens().await.unwrap(), []);

    let mut both = batch(vec![mayor.clone(), scout.clone()]);
    both.keys = vec![key(1, &main, "a")];
    store.import(&both).await.unwrap();
    assert_eq!(store.agent(mayor.agent.id).await.unwrap(), mayor.agent);
    assert_eq!(
        store.token(scout.token.kid).await.unwrap(),
        Some(scout.token.clone())
    );
    let all = store.imported_tokens().await.unwrap();
    let expected = [&mayor, &scout].map(|one| (one.imported.clone(), one.token.digest));
    assert_eq!(all, expected);
    assert_eq!(store.snapshot().await.unwrap().keys.len(), 1);
    let again = batch(vec![ImportedAgent {
        imported: ImportedToken {
            mark: scout.imported.mark,
            ..imported(4, "other", None).imported
        },
        ..imported(4, "other", None)
    }]);
    assert!(matches!(
        store.import(&again).await,
        Err(StoreError::Inconsistent(_))
    ));
}

pub(super) async fn many_are_imported_at_once(store: &dyn Store) {
    let there = create(store, 9_000, "there").await;
    let fleet = (1..1_202).map(|n| imported(n, &format!("scout-{n}"), None));
    let mut fleet: Vec<ImportedAgent> = fleet.collect();
    for one in &mut fleet {
        one.imported.mark[..16].copy_from_slice(one.token.kid.as_bytes());
    }
    // The last of them is there already: nothing of the others stays.
    let mut refused = batch(fleet.clone());
    refused.agents[1_200].agent.name = there.name.clone();
    assert_eq!(store.import(&refused).await, Err(StoreError::NameTaken));
    // Two of them have one name, far apart.
    refused.agents[1_200].agent.name = fleet[0].agent.name.clone();
    assert_eq!(store.import(&refused).await, Err(StoreError::NameTaken));
    let names: Vec<_> = fleet.iter().map(|one| one.agent.name.clone()).collect();
    let kids: Vec<_> = fleet.iter().map(|one| one.token.kid).collect();
    let nothing = store.import_ground(&names, &kids).await.unwrap();
    assert_eq!(nothing, ImportGround::default());
    let mut whole = batch(fleet.clone());
    whole.events = (0..1_202).map(|_| event("agent.imported", "it")).collect();
    let before = store.audit_tree().await.unwrap().size();
    store.import(&whole).await.unwrap();
    assert_eq!(store.audit_tree().await.unwrap().size(), before + 1_202);
    let ground = store.import_ground(&names, &kids).await.unwrap();
    assert_eq!((ground.agents.len(), ground.owners.len()), (1_201, 1_201));
    for one in [&fleet[0], &fleet[700], &fleet[1_200]] {
        assert_eq!(ground.agents[&one.agent.name], one.agent.id);
        assert_eq!(ground.owners[&one.token.kid], one.token.principal);
        assert_eq!(store.agent(one.agent.id).await.unwrap(), one.agent);
    }
}

pub(super) async fn a_slow_hash_is_replaced_once(store: &dyn Store) {
    let (mayor, scout) = (
        imported(1, "mayor", None),
        imported(2, "scout", Some(slow())),
    );
    let both = batch(vec![mayor.clone(), scout.clone()]);
    store.import(&both).await.unwrap();
    let happened = event("token.upgraded", "scout");
    let upgrade = |kid, byte| {
        let digest = TokenDigest::from_bytes([byte; 32]);
        store.upgrade_imported(kid, digest, &happened)
    };
    upgrade(scout.token.kid, 8).await.unwrap();
    upgrade(scout.token.kid, 9).await.unwrap();
    upgrade(mayor.token.kid, 9).await.unwrap();
    let [(_, of_mayor), (now, of_scout)] =
        store.imported_tokens().await.unwrap().try_into().unwrap();
    assert_eq!(of_mayor, mayor.token.digest);
    assert_eq!(
        (now.slow, of_scout),
        (None, TokenDigest::from_bytes([8; 32]))
    );
    let stored = store.token(scout.token.kid).await.unwrap().unwrap();
    assert_eq!(stored.digest, of_scout);
    let stranger = token(7, stored.principal).kid;
    assert_eq!(upgrade(stranger, 1).await, Err(StoreError::NotFound));
    // It is a token like any other: rotated, revoked, and known after its agent is gone.
    let successor = token(8, stored.principal);
    let rotated = store
        .rotate_token(stored.principal, &successor, at(9), &happened)
        .await;
    assert_eq!(rotated.unwrap().retiring.unwrap().kid, stored.kid);
    store
        .delete_agent(scout.agent.id, at(10), &happened)
        .await
        .unwrap();
    assert_eq!(store.imported_tokens().await.unwrap().len(), 2);
}
