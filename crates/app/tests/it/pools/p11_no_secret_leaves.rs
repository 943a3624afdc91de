//! P11: secrets are sealed where they were given, opened for a lease alone, and never printed.

use super::stage::{ANTHROPIC, CANARY, SPARE, Stage, event, key};
use portunus_app::pools::{Attempted, Impossible, Origin, Pools, PoolsParts, Vault, VaultError};
use portunus_core::provider_key::{Protocol, ProviderKey, Quarantine};
use portunus_core::secret::Secret;
use portunus_core::time::Timestamp;
use portunus_store::Store;
use std::sync::Arc;
use zeroize::Zeroizing;

#[tokio::test(start_paused = true)]
async fn a_lease_opens_the_secret_and_prints_nothing_of_it() {
    let stage = Stage::new(1).await;
    let lease = stage.lease(1);
    assert_eq!(lease.secret().expose(), format!("{CANARY}1"));
    let printed = format!(
        "{lease:?} {:?} {:?} {:?} {:?}",
        lease.pool(),
        lease.pool().vault(),
        stage.pools,
        lease.pool().status()
    );
    assert!(!printed.contains(CANARY), "{printed}");
    let stored = format!("{:?}", stage.store);
    assert!(!stored.contains(CANARY));
    let snapshot = stage.store.snapshot().await.unwrap();
    let canary = format!("{CANARY}1").into_bytes();
    let sealed = &snapshot.keys[0].sealed_secret;
    assert!(!sealed.windows(canary.len()).any(|part| part == canary));
}

/// Alters the stored key behind the plane's back, restarts, and asks for a lease.
async fn tampered(change: impl FnOnce(&mut ProviderKey)) -> (Attempted, Option<Quarantine>) {
    let stage = Stage::new(1).await;
    let mut row = stage.store.key(key(1)).await.unwrap();
    change(&mut row);
    stage.store.update_key(&row, &event("x")).await.unwrap();
    let pools = stage.reborn().await;
    let pool = pools.serving(Protocol::Anthropic).unwrap();
    let attempted = pool.try_lease(&super::stage::ask(1));
    let quarantine = pool.status().keys[0].quarantine;
    (attempted, quarantine)
}

#[tokio::test(start_paused = true)]
async fn a_base_url_moved_in_the_database_yields_an_error_and_no_key() {
    for base_url in [
        "https://evil.example",
        "http://api.anthropic.com",
        "https://api.anthropic.com:8443",
        "https://api.anthropic.com@evil.example",
    ] {
        let (attempted, quarantine) = tampered(|row| row.base_url = Some(base_url.into())).await;
        assert!(
            matches!(attempted, Attempted::Impossible(Impossible::AllQuarantined)),
            "{base_url}: {attempted:?}"
        );
        assert_eq!(quarantine, Some(Quarantine::OriginChanged));
    }
    let (attempted, _) =
        tampered(|row| row.base_url = Some("https://API.anthropic.com:443/proxy".into())).await;
    assert!(matches!(attempted, Attempted::Granted(_)));
}

#[tokio::test(start_paused = true)]
async fn a_secret_altered_in_the_database_yields_no_key() {
    for at in [0, 23, 24, 30] {
        let (attempted, _) = tampered(|row| row.sealed_secret[at] ^= 1).await;
        assert!(matches!(attempted, Attempted::Impossible(_)));
    }
    let (attempted, _) = tampered(|row| row.sealed_secret.truncate(10)).await;
    assert!(matches!(attempted, Attempted::Impossible(_)));
}

#[tokio::test(start_paused = true)]
async fn a_pools_origin_that_changes_sets_its_keys_aside_until_they_are_sealed_anew() {
    let stage = Stage::new(1).await;
    let elsewhere = "https://gateway.example";
    stage
        .set_pool(ANTHROPIC, |pool| pool.base_url = elsewhere.into())
        .await;
    assert!(matches!(stage.try_lease(1), Attempted::Impossible(_)));
    // Clearing is not enough: the secret was given for another origin.
    let mut row = stage.store.key(key(1)).await.unwrap();
    stage.pools.clear_key(row.clone());
    assert!(matches!(stage.try_lease(1), Attempted::Impossible(_)));
    let secret = Secret::new(format!("{CANARY}new"));
    let origin = Origin::of(elsewhere).unwrap();
    let vault = stage.pool();
    row.sealed_secret = vault.vault().seal(row.id, &origin, &secret).unwrap();
    stage.pools.renew_secret(row);
    let lease = stage.lease(1);
    assert_eq!(lease.secret().expose(), format!("{CANARY}new"));
    assert_eq!(**lease.base_url(), *elsewhere);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_bound_to_its_row_its_pool_and_its_protocol() {
    let stage = Stage::new(0).await;
    let pool = stage.pools.by_id(ANTHROPIC).unwrap();
    let origin = Origin::of("https://api.anthropic.com").unwrap();
    let secret = Secret::new("sk".into());
    let sealed = pool.vault().seal(key(1), &origin, &secret).unwrap();
    let opened = pool.vault().unseal(key(1), &origin, &sealed).unwrap();
    assert_eq!(opened.expose(), "sk");
    let refused = Err(VaultError::NotSealedHere);
    let unseal =
        |vault: &portunus_app::pools::PoolVault, id| vault.unseal(id, &origin, &sealed).map(|_| ());
    assert_eq!(unseal(pool.vault(), key(2)), refused);
    let spare = stage.pools.by_id(SPARE).unwrap();
    assert_eq!(unseal(spare.vault(), key(1)), refused);
    let mut other = portunus_core::provider_key::Pool::clone(&pool.settings());
    other.protocol = Protocol::OpenAi;
    let other = stage.vault().open_pool(&other).unwrap();
    assert_eq!(unseal(&other, key(1)), refused);
    let twice = pool.vault().seal(key(1), &origin, &secret).unwrap();
    assert_ne!(twice, sealed);
}

#[tokio::test(start_paused = true)]
async fn another_master_key_opens_nothing() {
    let stage = Stage::new(1).await;
    let parts = PoolsParts {
        vault: Arc::new(Vault::new(&Zeroizing::new([8; 32]))),
        store: Arc::<portunus_store::memory::MemoryStore>::clone(&stage.store),
        clock: Arc::new(Frozen),
        background: tokio::runtime::Handle::current(),
    };
    let snapshot = stage.store.snapshot().await.unwrap();
    let opened = Pools::open(parts, &snapshot);
    assert_eq!(opened.unwrap_err(), VaultError::WrongMasterKey);
}

struct Frozen;

impl portunus_core::time::Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn tick(&self) -> portunus_core::time::Tick {
        portunus_core::time::Tick::default()
    }
}
