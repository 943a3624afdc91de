//! P9: an agent that is offline holds nothing that others wait for, and nothing is renewed for it; it comes back anew.

use crate::plane::Stage;
use portunus_app::access::{ExchangeError, Issued, exchange};
use portunus_app::keys::add::NewKey;
use portunus_app::keys::{self, ProviderSecret};
use portunus_app::liveness::{Beat, beat};
use portunus_app::pools::{Ask, Attempted, Leave, PoolHandle};
use portunus_app::{AuthError, Plane, Session};
use portunus_core::ids::AgentId;
use portunus_core::liveness::Status;
use portunus_core::pool::{
    Class, Family, Observation, WindowId, WindowReading, WindowScope, WindowStatus,
};
use portunus_core::provider_key::Protocol;
use portunus_core::secret::Secret;
use portunus_core::time::Clock;
use portunus_core::token::Kid;
use portunus_store::Store;
use std::sync::Arc;
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;

async fn beats(stage: &Stage, token: &Secret) -> AgentId {
    let session = stage.prove(token).await.unwrap();
    let what = Beat {
        cadence: Some("10s".parse().unwrap()),
        ..Beat::default()
    };
    beat(&stage.plane, &session, what).await.unwrap().agent
}

async fn pass(stage: &Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.clock.advance(Duration::from_secs(1));
        stage.plane.liveness().look_up().await.unwrap();
    }
}

async fn status(stage: &Stage, agent: AgentId) -> Status {
    stage.plane.liveness().of(agent).await.unwrap().status
}

fn ask(agent: AgentId) -> Ask {
    Ask {
        agent,
        model: Arc::from("claude-sonnet-4-5"),
        family: Family::new("sonnet"),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    }
}

/// The pool with its one key.
async fn pool(stage: &Stage) -> Arc<PoolHandle> {
    let key = NewKey {
        pool: "anthropic".parse().unwrap(),
        label: "a".parse().unwrap(),
        secret: ProviderSecret::parse("sk-a").unwrap(),
        priority: 0,
        base_url: None,
    };
    let added = keys::add(&stage.plane, stage.operator, vec![key]).await;
    added.unwrap();
    stage.plane.pools().serving(Protocol::Anthropic).unwrap()
}

/// The key is limited for an hour.
fn limit(stage: &Stage) -> Observation {
    let id = WindowId {
        scope: WindowScope::Key,
        kind: Arc::from("5h"),
    };
    Observation {
        class: Class::Quota,
        windows: vec![WindowReading {
            id,
            status: WindowStatus::Rejected,
            utilization: None,
            remaining: None,
            reset: Some(stage.clock.now().plus_ms(HOUR_MS)),
        }],
    }
}

#[tokio::test(start_paused = true)]
async fn p9_who_is_offline_holds_neither_lease_nor_place() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let agent = beats(&stage, &token).await;
    let (pool, asked) = (pool(&stage).await, ask(agent));
    let session = stage.prove(&token).await.unwrap();
    let presence = session.presence().unwrap();
    let Attempted::Granted(mut lease) = pool.try_lease(&asked) else {
        panic!("the key is free");
    };
    pass(&stage, 600).await;
    assert_eq!(
        status(&stage, agent).await,
        Status::Online,
        "a request runs"
    );
    // Its client is gone: the request ends, and its lease with it.
    lease.report(&limit(&stage));
    drop(lease);
    stage.plane.liveness().leave(presence);
    assert_eq!(pool.status().keys[0].in_flight, 0);
    // One that waited has left, to come again: its place is kept for two minutes, unless its agent is gone.
    let pools = stage.plane.pools();
    let early = stage.clock.now().plus_ms(1_000);
    let left = pools.lease(&pool, &asked, 7, early, Leave::KeepPlace);
    left.await.unwrap_err();
    assert_eq!(pool.status().kept_places, 1);
    pass(&stage, 14).await;
    assert_eq!(status(&stage, agent).await, Status::Late);
    assert_eq!(pool.status().kept_places, 1);
    pass(&stage, 2).await;
    assert_eq!(status(&stage, agent).await, Status::Offline);
    assert_eq!(pool.status().kept_places, 0);
}

async fn present(plane: &Plane, access: &Issued) -> Result<Session, AuthError> {
    plane.authenticate_text(access.token.expose()).await
}

/// The newest access token of each family.
async fn newest(stage: &Stage) -> Vec<Kid> {
    let families = stage.store.snapshot().await.unwrap().families;
    families.iter().map(|family| family.current.jti).collect()
}

#[tokio::test(start_paused = true)]
async fn p9_nothing_is_renewed_for_one_that_is_offline_and_it_comes_back_anew() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let agent = beats(&stage, &token).await;
    let access = exchange(&stage.plane, token.clone(), None).await.unwrap();
    present(&stage.plane, &access).await.unwrap();
    let before = newest(&stage).await;
    assert_eq!(before.len(), 1);
    pass(&stage, 25 * 60).await;
    assert_eq!(status(&stage, agent).await, Status::Offline);
    assert_eq!(newest(&stage).await, before, "nobody asked for a renewal");
    // The old one is over, and too old to go on from.
    let refused = present(&stage.plane, &access).await;
    assert!(matches!(refused, Err(AuthError::Access(_))), "{refused:?}");
    let renewed = exchange(&stage.plane, access.token.clone(), None).await;
    assert!(
        matches!(renewed, Err(ExchangeError::Over | ExchangeError::Auth(_))),
        "{renewed:?}"
    );
    assert_eq!(
        status(&stage, agent).await,
        Status::Offline,
        "what is refused is no sign of life"
    );
    let again = exchange(&stage.plane, token, None).await.unwrap();
    present(&stage.plane, &again).await.unwrap();
    assert_eq!(status(&stage, agent).await, Status::Online);
    let after = newest(&stage).await;
    assert!(after.iter().any(|jti| !before.contains(jti)), "{after:?}");
}
