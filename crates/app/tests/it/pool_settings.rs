//! Pools through the use cases: addresses are judged, fallbacks never lead back.

use crate::plane::Stage;
use portunus_app::pool_settings::create::{CreatePoolError, NewPool};
use portunus_app::pool_settings::fallback::FallbackError;
use portunus_app::pool_settings::update::{FallbackChange, PoolChange, UpdatePoolError};
use portunus_app::pool_settings::{self, MaxWait};
use portunus_core::provider_key::Protocol;

fn new_pool(name: &str, fallback: Option<&str>) -> NewPool {
    NewPool {
        name: name.parse().unwrap(),
        protocol: Protocol::Anthropic,
        base_url: Some("https://spare.example/v1".into()),
        max_wait: MaxWait::default(),
        fallback: fallback.map(str::to_owned),
    }
}

async fn fall_back(stage: &Stage, pool: &str, to: &str) -> Result<(), UpdatePoolError> {
    let change = PoolChange {
        base_url: None,
        max_wait: None,
        fallback: FallbackChange::Set(to.into()),
    };
    let changed = pool_settings::update(&stage.plane, stage.operator, pool.into(), change);
    changed.await.map(drop)
}

#[tokio::test]
async fn the_default_pools_exist_and_serve_their_protocols() {
    let stage = Stage::new().await;
    let names: Vec<_> = pool_settings::list(&stage.plane)
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    assert_eq!(names, ["anthropic", "openai"]);
    for protocol in [Protocol::Anthropic, Protocol::OpenAi] {
        assert!(stage.plane.pools().serving(protocol).is_some());
    }
}

#[tokio::test]
async fn a_fallback_speaks_the_same_protocol_and_never_leads_back() {
    let stage = Stage::new().await;
    let pool = pool_settings::create(
        &stage.plane,
        stage.operator,
        new_pool("spare", Some("anthropic")),
    );
    assert_eq!(pool.await.unwrap().base_url, "https://spare.example");
    for (from, to, why) in [
        ("anthropic", "spare", FallbackError::Circle),
        ("anthropic", "anthropic", FallbackError::Circle),
        ("spare", "openai", FallbackError::OtherProtocol),
        ("spare", "nothing", FallbackError::NotFound),
    ] {
        assert_eq!(
            fall_back(&stage, from, to).await,
            Err(UpdatePoolError::Fallback(why))
        );
    }
    let taken = pool_settings::create(&stage.plane, stage.operator, new_pool("spare", None)).await;
    assert_eq!(taken.unwrap_err(), CreatePoolError::NameTaken);
}

#[tokio::test]
async fn an_upstream_that_is_never_called_is_refused_when_it_is_written() {
    let stage = Stage::new().await;
    let mut pool = new_pool("metadata", None);
    pool.base_url = Some("http://169.254.169.254".into());
    let refused = pool_settings::create(&stage.plane, stage.operator, pool).await;
    assert!(matches!(refused, Err(CreatePoolError::Upstream(_))));
}
