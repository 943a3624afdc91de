//! Agents as people manage them: called something else, given more or less, archived and restored.

use crate::plane::{Stage, prove};
use portunus_app::access::exchange;
use portunus_app::agents::archive::ArchiveError;
use portunus_app::agents::create::{CreateError, Naming, Wish};
use portunus_app::agents::restore::RestoreError;
use portunus_app::agents::update::{AgentChange, DisplayNameChange};
use portunus_app::tokens::rotate::{Overlap, RotateError};
use portunus_app::{AuthError, agents, tokens};
use portunus_core::name::Slug;
use portunus_core::scope::Scope;
use portunus_core::secret::Secret;

const CALL: Scope = Scope {
    resource: "llm",
    verb: "call",
};

async fn holding(stage: &Stage, scopes: &str) {
    let change = AgentChange {
        display_name: DisplayNameChange::Keep,
        scopes: Some(scopes.parse().unwrap()),
    };
    let by = stage.prove(&stage.operator_token).await.unwrap();
    let updated = agents::update(&stage.plane, by, stage.operator, "mayor".into(), change).await;
    assert_eq!(updated.unwrap().agent.scopes.to_string(), scopes);
}

async fn access(stage: &Stage, token: &Secret, scope: &str) -> Secret {
    let wanted = Some(scope.parse().unwrap());
    exchange(&stage.plane, token.clone(), wanted)
        .await
        .unwrap()
        .token
}

#[tokio::test]
async fn what_an_agent_holds_counts_at_once_for_the_tokens_that_it_has() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let before = stage.prove(&token).await.unwrap();
    assert!(before.grants().allow(CALL));
    let (wide, narrow) = (
        access(&stage, &token, "llm.* self.*").await,
        access(&stage, &token, "self.*").await,
    );
    let running = stage.prove(&wide).await.unwrap();
    let child = access(&stage, &wide, "self.show").await;
    holding(&stage, "self.*").await;
    let restarted = stage.restarted().await;
    for plane in [&stage.plane, &restarted] {
        let session = prove(plane, &token).await.unwrap();
        assert!(!session.grants().allow(CALL));
        // Access tokens say what they hold to whoever verifies them: those that say too much end, with what came of them.
        assert_eq!(prove(plane, &wide).await.unwrap_err(), AuthError::Revoked);
        assert_eq!(prove(plane, &child).await.unwrap_err(), AuthError::Revoked);
        prove(plane, &narrow).await.unwrap();
    }
    assert!(running.revoked.is_cancelled());
    assert!(
        !before.revoked.is_cancelled(),
        "a token is narrowed, not ended"
    );
    holding(&stage, "llm.* self.*").await;
    assert!(stage.prove(&token).await.unwrap().grants().allow(CALL));
    stage.prove(&narrow).await.unwrap();
    // P5: what began before the changes ends with the token all the same.
    let session = stage.prove(&token).await.unwrap();
    tokens::revoke(&stage.plane, stage.operator, session.kid, tokens::Force::No)
        .await
        .unwrap();
    assert!(before.revoked.is_cancelled());
}

#[tokio::test]
async fn an_archived_agent_has_nothing_to_act_with_until_it_is_restored() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let id = stage.prove(&token).await.unwrap().principal;
    let of_token = access(&stage, &token, "self.*").await;
    let running = [
        stage.prove(&token).await.unwrap(),
        stage.prove(&of_token).await.unwrap(),
    ];
    let archive = || agents::archive(&stage.plane, stage.operator, "mayor".into());
    let archived = archive().await.unwrap();
    assert_eq!(archived.revoked.len(), 1);
    assert!(running.iter().all(|session| session.revoked.is_cancelled()));
    let restarted = stage.restarted().await;
    for plane in [&stage.plane, &restarted] {
        assert_eq!(prove(plane, &token).await.unwrap_err(), AuthError::Archived);
        assert_eq!(
            prove(plane, &of_token).await.unwrap_err(),
            AuthError::Revoked
        );
    }
    assert_eq!(archive().await.unwrap_err(), ArchiveError::Already);
    let rotated = tokens::rotate(
        &stage.plane,
        stage.operator,
        "mayor".into(),
        Overlap::default(),
    );
    assert_eq!(rotated.await.unwrap_err(), RotateError::Archived);
    let namesake = agents::create(&stage.plane, stage.operator, "mayor".parse().unwrap()).await;
    let free = "mayor-2".parse().ok();
    assert_eq!(namesake.unwrap_err(), CreateError::NameTaken { free });

    let by = stage.prove(&stage.operator_token).await.unwrap();
    let restore = || {
        agents::restore(
            &stage.plane,
            by.clone(),
            stage.operator,
            "mayor".into(),
            None,
        )
    };
    let restored = restore().await.unwrap();
    let session = stage.prove(&restored.token).await.unwrap();
    assert_eq!((session.principal, &**session.name()), (id, "mayor"));
    assert_eq!(stage.prove(&token).await.unwrap_err(), AuthError::Revoked);
    assert_eq!(
        stage.prove(&of_token).await.unwrap_err(),
        AuthError::Revoked
    );
    let restarted = stage.restarted().await;
    prove(&restarted, &restored.token).await.unwrap();
    assert_eq!(restore().await.unwrap_err(), RestoreError::NotArchived);
}

#[tokio::test]
async fn a_wanted_name_gets_a_number_and_a_named_one_is_refused() {
    let stage = Stage::new().await;
    let like = Slug::suggested_by("Night Watch!").unwrap();
    let mut names = Vec::new();
    for _ in 0..3 {
        let wish = Wish {
            naming: Naming::Like(like.clone()),
            display_name: "Night Watch!".parse().ok(),
            ..Wish::named(like.clone())
        };
        let created = agents::create_with(&stage.plane, stage.operator, wish).await;
        let agent = created.unwrap().agent;
        assert_eq!(agent.display_name.unwrap().as_str(), "Night Watch!");
        names.push(agent.name.to_string());
    }
    assert_eq!(names, ["night-watch", "night-watch-2", "night-watch-3"]);
    let refused = agents::create(&stage.plane, stage.operator, like).await;
    let free = "night-watch-4".parse().ok();
    assert_eq!(refused.unwrap_err(), CreateError::NameTaken { free });
}

#[tokio::test]
async fn no_agent_gets_the_name_that_means_everybody() {
    let stage = Stage::new().await;
    let all: Slug = "all".parse().unwrap();
    let refused = agents::create(&stage.plane, stage.operator, all.clone()).await;
    assert_eq!(refused.unwrap_err(), CreateError::MeansEverybody);
    let wish = Wish {
        naming: Naming::Like(all.clone()),
        ..Wish::named(all)
    };
    let created = agents::create_with(&stage.plane, stage.operator, wish).await;
    assert_eq!(created.unwrap().agent.name.as_str(), "all-2");
}
