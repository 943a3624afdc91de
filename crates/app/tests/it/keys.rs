//! Keys through the use cases: an origin is trusted once, secrets renew trust, and imports happen once.

use crate::plane::Stage;
use portunus_app::keys::add::{AddKeysError, NewKey};
use portunus_app::keys::clear::ClearKeyError;
use portunus_app::keys::import_env::{ImportError, OfferedSecret, import_env, offers};
use portunus_app::keys::update::{BaseUrlChange, KeyChange};
use portunus_app::keys::{self, Force, ProviderSecret};
use portunus_app::pool_settings;
use portunus_app::pool_settings::update::{FallbackChange, PoolChange};
use portunus_core::provider_key::{KeySwitch, ProviderKey, Quarantine};

fn secret(text: &str) -> ProviderSecret {
    ProviderSecret::parse(text).unwrap()
}

fn new_key(label: &str, text: &str) -> NewKey {
    NewKey {
        pool: "anthropic".parse().unwrap(),
        label: label.parse().unwrap(),
        secret: secret(text),
        priority: 0,
        base_url: None,
    }
}

const UNCHANGED: KeyChange = KeyChange {
    label: None,
    priority: None,
    base_url: BaseUrlChange::Keep,
    secret: None,
};

async fn add(stage: &Stage, label: &str, text: &str) -> ProviderKey {
    let added = keys::add(&stage.plane, stage.operator, vec![new_key(label, text)]).await;
    added.unwrap().remove(0)
}

/// The quarantine as the pool has it, which is what decides.
fn live(stage: &Stage, key: &ProviderKey) -> Option<Quarantine> {
    let status = stage.plane.pools().by_id(key.pool).unwrap().status();
    status
        .keys
        .iter()
        .find(|at| at.key == key.id)
        .unwrap()
        .quarantine
}

async fn move_pool(stage: &Stage, url: &str) -> usize {
    let change = PoolChange {
        base_url: Some(url.into()),
        max_wait: None,
        fallback: FallbackChange::Keep,
    };
    let moved = pool_settings::update(&stage.plane, stage.operator, "anthropic".into(), change);
    moved.await.unwrap().quarantined.len()
}

#[tokio::test]
async fn a_pool_that_moves_sets_its_keys_aside_until_their_secret_is_given_again() {
    let stage = Stage::new().await;
    let key = add(&stage, "a", "sk-1").await;
    assert_eq!(
        move_pool(&stage, "https://api.anthropic.com/prefix").await,
        0
    );
    assert_eq!(live(&stage, &key), None, "a prefix is not an origin");
    assert_eq!(move_pool(&stage, "https://evil.example").await, 1);
    assert_eq!(live(&stage, &key), Some(Quarantine::OriginChanged));
    let cleared = keys::clear(&stage.plane, stage.operator, "anthropic:a".into()).await;
    assert_eq!(cleared.unwrap_err(), ClearKeyError::SecretNeeded);
    assert_eq!(move_pool(&stage, "https://api.anthropic.com").await, 1);
    assert_eq!(
        live(&stage, &key),
        Some(Quarantine::OriginChanged),
        "moving back is no proof"
    );
    let change = KeyChange {
        secret: Some(secret("sk-1")),
        ..UNCHANGED
    };
    let key = keys::update(&stage.plane, stage.operator, key.id.to_string(), change)
        .await
        .unwrap();
    assert_eq!((key.quarantine, live(&stage, &key)), (None, None));
}

#[tokio::test]
async fn a_key_that_moves_is_set_aside_unless_the_secret_comes_along() {
    let stage = Stage::new().await;
    let key = add(&stage, "a", "sk-1").await;
    let elsewhere = || BaseUrlChange::Set("http://127.0.0.1:9".into());
    let change = KeyChange {
        base_url: elsewhere(),
        secret: Some(secret("sk-2")),
        ..UNCHANGED
    };
    keys::update(&stage.plane, stage.operator, key.id.to_string(), change)
        .await
        .unwrap();
    assert_eq!(live(&stage, &key), None);
    let change = KeyChange {
        base_url: BaseUrlChange::Clear,
        ..UNCHANGED
    };
    keys::update(&stage.plane, stage.operator, key.id.to_string(), change)
        .await
        .unwrap();
    assert_eq!(live(&stage, &key), Some(Quarantine::OriginChanged));
    assert_eq!(move_pool(&stage, "https://other.example").await, 1);
}

#[tokio::test]
async fn a_dead_key_is_released_by_an_operators_word() {
    let stage = Stage::new().await;
    let key = add(&stage, "a", "sk-1").await;
    let mut dead = key.clone();
    dead.quarantine = Some(Quarantine::CredentialDead);
    stage.plane.pools().put_keys(vec![dead]);
    assert_eq!(live(&stage, &key), Some(Quarantine::CredentialDead));
    keys::clear(&stage.plane, stage.operator, "anthropic:a".into())
        .await
        .unwrap();
    assert_eq!(live(&stage, &key), None);
}

#[tokio::test]
async fn all_keys_of_a_batch_are_added_or_none() {
    let stage = Stage::new().await;
    add(&stage, "a", "sk-1").await;
    let batch = vec![new_key("b", "sk-2"), new_key("a", "sk-3")];
    let refused = keys::add(&stage.plane, stage.operator, batch).await;
    assert!(matches!(refused, Err(AddKeysError::LabelTaken(_))));
    let batch = vec![new_key("b", "sk-2"), new_key("c", "sk-1")];
    let refused = keys::add(&stage.plane, stage.operator, batch).await;
    assert!(matches!(refused, Err(AddKeysError::DuplicateSecret(_))));
    let status = stage
        .plane
        .pools()
        .pool(&"anthropic".parse().unwrap())
        .unwrap()
        .status();
    assert_eq!(status.keys.len(), 1);
}

#[tokio::test]
async fn the_last_enabled_key_stays_also_under_two_removals_at_once() {
    let stage = Stage::new().await;
    add(&stage, "a", "sk-1").await;
    add(&stage, "b", "sk-2").await;
    let remove = |label: &str| {
        let label = format!("anthropic:{label}");
        keys::remove(&stage.plane, stage.operator, label, Force::No)
    };
    let (one, two) = tokio::join!(remove("a"), remove("b"));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let rest = if one.is_ok() {
        "anthropic:b"
    } else {
        "anthropic:a"
    };
    let off = keys::switch(
        &stage.plane,
        stage.operator,
        rest.into(),
        KeySwitch::Disabled,
        Force::No,
    );
    assert!(off.await.is_err());
    let off = keys::switch(
        &stage.plane,
        stage.operator,
        rest.into(),
        KeySwitch::Disabled,
        Force::Yes,
    );
    assert_eq!(off.await.unwrap().switch, KeySwitch::Disabled);
}

#[tokio::test]
async fn the_environments_keys_are_imported_once_and_only_into_an_empty_plane() {
    let environment = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "sk-env\n".to_owned());
    let found = OfferedSecret::found_by(environment);
    let stage = Stage::offering(found).await;
    assert_eq!(offers(&stage.plane).len(), 1);
    let first = import_env(&stage.plane, stage.operator).await.unwrap();
    assert_eq!(first.added[0].label.as_str(), "env");
    let again = import_env(&stage.plane, stage.operator).await.unwrap();
    assert_eq!((again.added.len(), again.present.len()), (0, 1));
    assert!(offers(&stage.plane).is_empty());
    let removed = keys::remove(
        &stage.plane,
        stage.operator,
        "anthropic:env".to_owned(),
        Force::Yes,
    );
    removed.await.unwrap();
    let back = import_env(&stage.plane, stage.operator).await;
    assert_eq!(
        back.unwrap_err(),
        ImportError::NothingOffered,
        "what was removed stays removed"
    );

    let stage = Stage::offering(OfferedSecret::found_by(environment)).await;
    add(&stage, "a", "sk-other").await;
    let refused = import_env(&stage.plane, stage.operator).await;
    assert_eq!(refused.unwrap_err(), ImportError::NothingOffered);
}
