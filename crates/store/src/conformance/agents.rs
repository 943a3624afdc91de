//! Cases about agents and operators.

use super::sample::{agent, at, event, family, fleet, name, operator, token};
use crate::{AgentTokens, Cursor, Page, Standing, Store, StoreError};
use portunus_core::agent::{Agent, Principal};
use portunus_core::credential::TokenState;

pub(super) async fn create(store: &dyn Store, number: u32, text: &str) -> Agent {
    let agent = agent(number, text);
    let token = token(number, Principal::Agent(agent.id));
    let event = event("agent.created", text);
    store.create_agent(&agent, &token, &event).await.unwrap();
    agent
}

/// The first two.
pub(super) async fn mayor_and_clerk(store: &dyn Store) -> (Agent, Agent) {
    let mayor = create(store, 1, "mayor").await;
    (mayor, create(store, 2, "clerk").await)
}

pub(super) async fn an_agent_is_found_by_id_and_by_name(store: &dyn Store) {
    store.ping().await.unwrap();
    let agent = create(store, 1, "mayor").await;
    assert_eq!(store.agent(agent.id).await.unwrap(), agent);
    assert_eq!(store.agent_by_name(&agent.name).await.unwrap(), agent);
    let token = token(1, Principal::Agent(agent.id));
    assert_eq!(store.token(token.kid).await.unwrap(), Some(token.clone()));
    let tokens = vec![token];
    assert_eq!(fleet(store).await, vec![AgentTokens { agent, tokens }]);
    let unknown = store.agent_by_name(&name("clerk")).await;
    assert_eq!(unknown, Err(StoreError::NotFound));
}

pub(super) async fn a_name_is_taken_while_its_agent_lives(store: &dyn Store) {
    let first = create(store, 1, "mayor").await;
    let second = agent(2, "mayor");
    let token = token(2, Principal::Agent(second.id));
    let event = event("agent.created", "mayor");
    let refused = store.create_agent(&second, &token, &event).await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    assert_eq!(store.token(token.kid).await.unwrap(), None);
    store.delete_agent(first.id, at(5), &event).await.unwrap();
    store.create_agent(&second, &token, &event).await.unwrap();
    assert_eq!(store.agent_by_name(&second.name).await.unwrap(), second);
}

pub(super) async fn an_update_writes_names_and_scopes_and_ends_what_is_named(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let whose = Principal::Agent(mayor.id);
    let [kept, ended] = [10, 11].map(|number| family(number, whose, token(1, whose).kid));
    for family in [&kept, &ended] {
        store.begin_family(family).await.unwrap();
    }
    let changed = Agent {
        display_name: Some(name("Lord Mayor")),
        scopes: name("self.*"),
        // What an update does not write.
        name: name("other"),
        generation: 9,
        archived_at: Some(at(9)),
        ..mayor.clone()
    };
    let happened = event("agent.updated", "mayor");
    let update = |agent, ended| store.update_agent(agent, ended, &happened);
    let ended = [ended.id];
    update(&changed, &ended).await.unwrap();
    let stored = store.agent(mayor.id).await.unwrap();
    assert_eq!(
        stored,
        Agent {
            display_name: changed.display_name.clone(),
            scopes: changed.scopes.clone(),
            ..mayor
        }
    );
    assert_eq!(store.snapshot().await.unwrap().families, [kept]);
    let stranger = agent(2, "scout");
    assert_eq!(update(&stranger, &[]).await, Err(StoreError::NotFound));
}

pub(super) async fn an_archived_agent_keeps_its_name_and_nothing_to_act_with(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let scout = create(store, 2, "scout").await;
    let whose = Principal::Agent(mayor.id);
    let first = token(1, whose);
    store
        .begin_family(&family(10, whose, first.kid))
        .await
        .unwrap();
    let happened = event("agent.archived", "mayor");
    let archive = |id| store.archive_agent(id, at(50), &happened);
    assert_eq!(archive(mayor.id).await, Ok(vec![first.kid]));
    assert_eq!(archive(mayor.id).await, Err(StoreError::Archived));
    assert_eq!(archive(agent(9, "x").id).await, Err(StoreError::NotFound));
    let state = store.token(first.kid).await.unwrap().unwrap().state;
    assert_eq!(state, TokenState::Revoked { at: at(50) });
    assert_eq!(store.snapshot().await.unwrap().families, []);
    let living = store
        .agents(Standing::Living, Page::first(9))
        .await
        .unwrap();
    assert_eq!(living.items, std::slice::from_ref(&scout));
    let archived = store
        .agents(Standing::Archived, Page::first(9))
        .await
        .unwrap();
    assert_eq!(archived.items[0].archived_at, Some(at(50)));
    assert_eq!(store.agent(mayor.id).await.unwrap(), archived.items[0]);
    assert_eq!(fleet(store).await.len(), 1, "it is not loaded");
    // Nothing lets it act again but its restoration.
    let later = token(5, whose);
    let rotated = store.rotate_token(whose, &later, at(60), &happened).await;
    assert_eq!(rotated, Err(StoreError::Archived));
    let begun = store.begin_family(&family(11, whose, first.kid)).await;
    assert_eq!(begun, Err(StoreError::NotFound));
    let namesake = agent(3, "mayor");
    let other = token(6, Principal::Agent(namesake.id));
    let created = store.create_agent(&namesake, &other, &happened).await;
    assert_eq!(created, Err(StoreError::NameTaken));
    let restore = |id, token| store.restore_agent(id, token, &happened);
    let not = token(7, Principal::Agent(scout.id));
    assert_eq!(restore(scout.id, &not).await, Err(StoreError::NotArchived));
    restore(mayor.id, &later).await.unwrap();
    assert_eq!(store.agent(mayor.id).await.unwrap(), mayor);
    assert_eq!(store.token(later.kid).await.unwrap(), Some(later));
    assert_eq!(fleet(store).await.len(), 2);
    let state = store.token(first.kid).await.unwrap().unwrap().state;
    assert_eq!(
        state,
        TokenState::Revoked { at: at(50) },
        "old tokens stay dead"
    );
}

pub(super) async fn an_archived_agent_can_be_deleted(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let happened = event("agent.archived", "mayor");
    store
        .archive_agent(mayor.id, at(50), &happened)
        .await
        .unwrap();
    let gone = store.delete_agent(mayor.id, at(60), &happened).await;
    assert_eq!(gone, Ok(vec![]));
    create(store, 2, "mayor").await;
}

pub(super) async fn names_like_one_are_found(store: &dyn Store) {
    for (number, name) in (1..).zip(["scout", "scout-2", "scouts", "scou", "scout-x-3", "a"]) {
        create(store, number, name).await;
    }
    let like = store.agent_names_like(&name("scout")).await.unwrap();
    let mut like: Vec<String> = like.iter().map(ToString::to_string).collect();
    like.sort();
    assert_eq!(like, ["scout", "scout-2", "scout-x-3"]);
}

pub(super) async fn deleting_an_agent_revokes_its_tokens(store: &dyn Store) {
    let agent = create(store, 1, "mayor").await;
    let principal = Principal::Agent(agent.id);
    let successor = token(2, principal);
    let happened = event("agent.deleted", "mayor");
    store
        .rotate_token(principal, &successor, at(3), &happened)
        .await
        .unwrap();
    let mut ended = store
        .delete_agent(agent.id, at(5), &happened)
        .await
        .unwrap();
    ended.sort();
    assert_eq!(ended, vec![token(1, principal).kid, successor.kid]);
    for kid in ended {
        let state = store.token(kid).await.unwrap().unwrap().state;
        assert_eq!(state, TokenState::Revoked { at: at(5) });
    }
    assert_eq!(fleet(store).await, vec![]);
    let again = store.delete_agent(agent.id, at(6), &happened).await;
    assert_eq!(again, Err(StoreError::NotFound));
}

pub(super) async fn agents_come_in_pages_by_name(store: &dyn Store) {
    for (number, text) in [(1, "c"), (2, "a"), (3, "b-2"), (4, "b")] {
        create(store, number, text).await;
    }
    let mut page = Page::first(3);
    let first = store.agents(Standing::Living, page.clone()).await.unwrap();
    let names = |agents: &[Agent]| -> Vec<String> {
        agents.iter().map(|agent| agent.name.to_string()).collect()
    };
    assert_eq!(names(&first.items), ["a", "b", "b-2"]);
    store
        .delete_agent(first.items[2].id, at(5), &event("agent.deleted", "b-2"))
        .await
        .unwrap();
    page.after = first.next;
    let last = store.agents(Standing::Living, page).await.unwrap();
    assert_eq!((names(&last.items), last.next), (vec!["c".into()], None));
}

pub(super) async fn agents_come_with_their_living_tokens_from_an_id_on(store: &dyn Store) {
    for number in 1..=5 {
        create(store, number, &format!("agent-{number}")).await;
    }
    let third = Principal::Agent(agent(3, "agent-3").id);
    let happened = event("token.rotated", "agent-3");
    // Two rotations: the second one ends the unused successor of the first.
    for number in [13, 23] {
        let successor = token(number, third);
        let rotated = store.rotate_token(third, &successor, at(3), &happened);
        rotated.await.unwrap();
    }
    let from = agent(2, "agent-2").id;
    let page = store.agents_from(from, 3).await.unwrap();
    let names: Vec<&str> = page.iter().map(|one| one.agent.name.as_str()).collect();
    assert_eq!(names, ["agent-2", "agent-3", "agent-4"]);
    let kids: Vec<Vec<_>> = page
        .iter()
        .map(|one| one.tokens.iter().map(|token| token.kid).collect())
        .collect();
    let kid = |number| token(number, third).kid;
    assert_eq!(kids, [vec![kid(2)], vec![kid(23), kid(3)], vec![kid(4)]]);
    let beyond = agent(6, "nobody").id;
    assert_eq!(store.agents_from(beyond, 3).await, Ok(vec![]));
}

pub(super) async fn a_foreign_cursor_is_refused(store: &dyn Store) {
    for text in ["", "agents", "agents.", "agents.UPPER", "audit.7", "7"] {
        let after = Some(Cursor::new(text.into()));
        let answer = store
            .agents(Standing::Living, Page { after, limit: 5 })
            .await;
        assert_eq!(answer, Err(StoreError::BadCursor), "{text:?}");
    }
}

pub(super) async fn an_operator_is_found_with_its_token(store: &dyn Store) {
    let first = operator(1, "admin");
    let issued = token(1, Principal::Operator(first.id));
    let happened = event("operator.created", "admin");
    store
        .create_operator(&first, &issued, &happened)
        .await
        .unwrap();
    assert_eq!(store.operator(first.id).await.unwrap(), first);
    let second = operator(2, "admin");
    let refused = store
        .create_operator(
            &second,
            &token(2, Principal::Operator(second.id)),
            &happened,
        )
        .await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    assert_eq!(store.operator(second.id).await, Err(StoreError::NotFound));
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(
        (snapshot.operators, snapshot.tokens),
        (vec![first], vec![issued])
    );
}

pub(super) async fn a_token_of_somebody_else_is_refused(store: &dyn Store) {
    let first = create(store, 1, "mayor").await;
    let other = agent(2, "clerk");
    let foreign = token(2, Principal::Agent(first.id));
    let happened = event("agent.created", "clerk");
    let refused = store.create_agent(&other, &foreign, &happened).await;
    assert!(matches!(refused, Err(StoreError::Inconsistent(_))));
    let mut ended = token(2, Principal::Agent(other.id));
    ended.state = TokenState::Revoked { at: at(1) };
    let refused = store.create_agent(&other, &ended, &happened).await;
    assert!(matches!(refused, Err(StoreError::Inconsistent(_))));
    let same_kid = token(1, Principal::Agent(other.id));
    let refused = store.create_agent(&other, &same_kid, &happened).await;
    assert!(matches!(refused, Err(StoreError::Inconsistent(_))));
    assert_eq!(store.agent(other.id).await, Err(StoreError::NotFound));
}
