//! P12: what the pools observe is in the audit log within 100 ms.

use super::stage::{Stage, key, sleep_ms};
use portunus_app::pools::Replaced;
use portunus_core::ids::{AgentId, RequestId};
use portunus_core::pool::{Class, Observation};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn the_life_of_a_pool_is_in_the_audit_log_within_100_ms() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(50);
    let first = stage.wait_aside(1, 10);
    let second = stage.wait_aside(2, 60);
    let third = stage.wait_aside(3, 10);
    sleep_ms(100).await;
    assert_eq!(stage.actions().await, ["key.limited", "pool.waiting"]);
    first.await.unwrap().unwrap_err();
    third.await.unwrap().unwrap_err();
    let mut lease = second.await.unwrap().unwrap();
    stage.pool().attempt_replaced(&Replaced {
        key: key(1),
        class: &Class::Network,
        agent: "mayor",
        request: RequestId::from_bytes([1; 16]),
    });
    lease.report(&Observation::bare(Class::CredentialDead));
    sleep_ms(100).await;
    assert_eq!(
        stage.actions().await,
        [
            "key.limited",
            "pool.waiting",
            "pool.exhausted",
            "pool.resumed",
            "attempt.replaced",
            "key.quarantined",
        ]
    );
    assert_eq!(stage.pools.recorder().lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_binding_is_known_at_once_and_after_a_restart() {
    let stage = Stage::new(1).await;
    let agent = stage.add_agent().await;
    // That it was looked for before it was made does not hide it.
    assert_eq!(stage.pools.binding([9; 16], agent).await.unwrap(), None);
    stage.pools.remember_binding([9; 16], agent, key(1));
    let found = stage.pools.binding([9; 16], agent).await.unwrap();
    assert_eq!(found, Some(key(1)));
    let other = AgentId::from_bytes([2; 16]);
    assert_eq!(stage.pools.binding([9; 16], other).await.unwrap(), None);
    stage.pools.recorder().flush().await.unwrap();
    let stored = stage.reborn().await.binding([9; 16], agent).await.unwrap();
    assert_eq!(stored, Some(key(1)));
}
