//! Cases about agents and operators.

use super::sample::{agent, at, event, fleet, name, operator, token};
use crate::{AgentTokens, Cursor, Page, Store, StoreError};
use portunus_core::agent::{Agent, Principal};
use portunus_core::credential::TokenState;

pub(super) async fn create(store: &dyn Store, number: u32, text: &str) -> Agent {
    let agent = agent(number, text);
    let token = token(number, Principal::Agent(agent.id));
    let event = event("agent.created", text);
    store.create_agent(&agent, &token, &event).await.unwrap();
    agent
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
    let first = store.agents(page.clone()).await.unwrap();
    let names = |agents: &[Agent]| -> Vec<String> {
        agents.iter().map(|agent| agent.name.to_string()).collect()
    };
    assert_eq!(names(&first.items), ["a", "b", "b-2"]);
    store
        .delete_agent(first.items[2].id, at(5), &event("agent.deleted", "b-2"))
        .await
        .unwrap();
    page.after = first.next;
    let last = store.agents(page).await.unwrap();
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
        let answer = store.agents(Page { after, limit: 5 }).await;
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
