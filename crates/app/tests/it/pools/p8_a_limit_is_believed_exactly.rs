//! P8: a key rests until its reset, across restarts too.

use super::stage::{ANTHROPIC, Stage, ask, key, sleep_ms};
use portunus_app::pools::Attempted;
use portunus_core::pool::{Class, Observation, Standing};
use portunus_core::provider_key::{Protocol, Quarantine};

#[tokio::test(start_paused = true)]
async fn a_rest_survives_kill_9_once_100_ms_have_passed() {
    let stage = Stage::new(1).await;
    stage.limit_all(50);
    let until = stage.now().plus_ms(50_000);
    sleep_ms(100).await;
    let pools = stage.reborn().await;
    let pool = pools.serving(Protocol::Anthropic).unwrap();
    match pool.try_lease(&ask(1)) {
        Attempted::Wait { earliest } => assert_eq!(earliest, until),
        other => panic!("{other:?}"),
    }
    sleep_ms(50_000).await;
    match pool.try_lease(&ask(1)) {
        Attempted::Granted(lease) => assert!(lease.is_probe()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_healed_rest_does_not_come_back_with_a_restart() {
    let stage = Stage::new(1).await;
    stage.limit_all(50);
    sleep_ms(100).await;
    let record = stage.pool().key(key(1)).unwrap();
    stage.pools.clear_key(record.key.clone());
    sleep_ms(100).await;
    let pools = stage.reborn().await;
    let pool = pools.serving(Protocol::Anthropic).unwrap();
    assert_eq!(pool.status().keys[0].standing, Standing::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_survives_a_restart_until_it_is_cleared() {
    let stage = Stage::new(1).await;
    stage
        .lease(1)
        .report(&Observation::bare(Class::CredentialDead));
    sleep_ms(100).await;
    let quarantine = |pools: &portunus_app::pools::Pools| {
        pools.by_id(ANTHROPIC).unwrap().status().keys[0].quarantine
    };
    let pools = stage.reborn().await;
    assert_eq!(quarantine(&pools), Some(Quarantine::CredentialDead));
    // Cleared in the moment in which the condemnation is on its way to the store: the clearing wins.
    let mut record = stage.pool().key(key(1)).unwrap().key.clone();
    record.quarantine = None;
    stage.pools.clear_key(record.clone());
    stage
        .lease(1)
        .report(&Observation::bare(Class::CredentialDead));
    stage.pools.clear_key(record);
    sleep_ms(100).await;
    assert_eq!(quarantine(&*stage.reborn().await), None);
}

#[tokio::test(start_paused = true)]
async fn the_attempts_own_key_is_charged_however_late_its_answer() {
    let stage = Stage::new(2).await;
    let mut late = stage.lease(1);
    let slow_key = late.key();
    for _ in 0..20 {
        stage.lease(1).report(&Observation::bare(Class::Ok));
    }
    sleep_ms(120_000).await;
    late.report(&stage.limit(30));
    drop(late);
    for status in stage.pool().status().keys {
        let expected = if status.key == slow_key {
            Standing::Resting
        } else {
            Standing::Ready
        };
        assert_eq!(status.standing, expected);
    }
}
