//! P7: if some key in reach can serve the request before its deadline, the client sees success.

use super::stage::{ANTHROPIC, SPARE, Stage, ask, key, sleep_ms};
use portunus_app::pools::{Attempted, Impossible, Leave, Refused};
use portunus_core::pool::{Class, Observation};
use std::sync::Arc;

const OK: Observation = Observation::bare(Class::Ok);

#[tokio::test(start_paused = true)]
async fn a_waiter_is_served_when_the_earliest_rest_ends() {
    let stage = Stage::new(2).await;
    stage.lease(1).report(&stage.limit(50));
    stage.lease(1).report(&stage.limit(20));
    let began = stage.now();
    let lease = stage.wait(1, 60).await.unwrap();
    assert!(lease.is_probe());
    let waited = began.ms_until(stage.now());
    assert!((20_000..20_050).contains(&waited), "{waited} ms");
}

#[tokio::test(start_paused = true)]
async fn over_the_deadline_the_refusal_names_the_earliest_reset() {
    let stage = Stage::new(1).await;
    stage.limit_all(90);
    let reset = stage.now().plus_ms(90_000);
    let began = stage.now();
    let earliest = Some(reset);
    let refused = stage.wait(1, 60).await.unwrap_err();
    assert_eq!(refused, Refused::Exhausted { earliest });
    assert_eq!(began.ms_until(stage.now()), 60_000);
    // Waiting switched off: the same answer at once.
    let refused = stage.wait(1, 0).await.unwrap_err();
    assert_eq!(refused, Refused::Exhausted { earliest });
    assert_eq!(stage.pool().status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_added_while_others_wait_serves_them() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(3_600);
    let waiting = stage.wait_aside(1, 60);
    sleep_ms(5_000).await;
    let began = stage.now();
    stage.add_key(ANTHROPIC, 9).await;
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(9));
    assert_eq!(began.ms_until(stage.now()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_cleared_while_others_wait_serves_them() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(3_600);
    let waiting = stage.wait_aside(1, 60);
    sleep_ms(5_000).await;
    let record = stage.pool().key(key(1)).unwrap();
    stage.pools.clear_key(record.key.clone());
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(1));
}

#[tokio::test(start_paused = true)]
async fn a_herd_of_waiters_is_served_through_one_probe() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(10);
    let waiters: Vec<_> = (0..50).map(|agent| stage.wait_aside(agent, 60)).collect();
    sleep_ms(9_000).await;
    assert_eq!(stage.pool().status().waiting, 50);
    sleep_ms(1_500).await;
    let status = stage.pool().status();
    assert_eq!((status.waiting, status.keys[0].in_flight), (49, 1));
    for waiter in waiters {
        waiter.await.unwrap().unwrap().report(&OK);
    }
    assert_eq!(stage.pool().status().keys[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn one_who_hangs_up_leaves_the_queue_and_wastes_no_slot() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(10);
    let gone = stage.wait_aside(1, 60);
    let stays = stage.wait_aside(2, 60);
    sleep_ms(1_000).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(stage.pool().status().waiting, 1);
    drop(stays.await.unwrap().unwrap());
    assert_eq!(stage.pool().status().keys[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn one_who_hangs_up_in_the_moment_of_being_served_gives_the_lease_back() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(10);
    let pool = stage.pool();
    let deadline = stage.now().plus_ms(60_000);
    let asked = ask(1);
    {
        let mut lease = Box::pin(stage.pools.lease(&pool, &asked, 0, deadline, Leave::Forget));
        // Polled once, so it stands in the queue; then the lease is sent, and nobody ever takes it.
        assert!(futures_poll(lease.as_mut()).is_none());
        sleep_ms(11_000).await;
        assert_eq!(pool.status().keys[0].in_flight, 1);
    }
    assert_eq!(pool.status().keys[0].in_flight, 0);
    drop(stage.lease(2));
}

/// Polls a future once.
fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_the_slot_back() {
    let stage = Arc::new(Stage::new(1).await);
    let other = Arc::clone(&stage);
    let task = tokio::spawn(async move {
        let _lease = other.lease(1);
        panic!("on purpose");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(stage.pool().status().keys[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_plain_request_that_left_finds_its_place_again() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(100);
    let pool = stage.pool();
    let asked = ask(1);
    let early = stage.now().plus_ms(10_000);
    let left = stage
        .pools
        .lease(&pool, &asked, 11, early, Leave::KeepPlace);
    left.await.unwrap_err();
    assert_eq!(pool.status().kept_places, 1);
    // Another request of the same agent comes meanwhile, and yet the first is served first.
    let second = stage.wait_aside(1, 600);
    sleep_ms(1_000).await;
    let late = stage.now().plus_ms(600_000);
    let first = stage.pools.lease(&pool, &asked, 11, late, Leave::KeepPlace);
    let first = first.await.unwrap();
    assert!(!second.is_finished());
    drop(first);
    drop(second.await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_waited_for_is_refused_at_once() {
    let stage = Stage::new(0).await;
    let began = stage.now();
    let refused = stage.wait(1, 60).await.unwrap_err();
    assert_eq!(refused, Refused::Impossible(Impossible::NoKeys));
    stage.add_key(ANTHROPIC, 1).await;
    stage
        .lease(1)
        .report(&Observation::bare(Class::CredentialDead));
    let refused = stage.wait(1, 60).await.unwrap_err();
    assert_eq!(refused, Refused::Impossible(Impossible::AllQuarantined));
    assert_eq!(stage.now(), began);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_learn_at_once_when_the_last_key_dies() {
    let stage = Arc::new(Stage::new(1).await);
    let mut last = stage.lease(1);
    stage.limit_all(30);
    let waiting = stage.wait_aside(2, 60);
    sleep_ms(1_000).await;
    last.report(&Observation::bare(Class::CredentialDead));
    let refused = waiting.await.unwrap().unwrap_err();
    assert_eq!(refused, Refused::Impossible(Impossible::AllQuarantined));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_serves_while_the_first_pool_rests_and_not_longer() {
    let stage = Stage::new(1).await;
    stage.add_key(SPARE, 5).await;
    stage.limit_all(30);
    assert!(matches!(stage.try_lease(1), Attempted::Wait { .. }));
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    for agent in 1..4 {
        let lease = stage.lease(agent);
        assert_eq!((lease.key(), lease.pool().id()), (key(5), SPARE));
    }
    let bound = portunus_app::pools::Ask {
        bound: Some(key(1)),
        ..ask(1)
    };
    let attempted = stage.pools.try_lease(&stage.pool(), &bound);
    assert!(matches!(attempted, Attempted::Wait { .. }));
    sleep_ms(30_000).await;
    assert_eq!(stage.lease(1).key(), key(1));
    stage.pools.recorder().flush().await.unwrap();
    assert_eq!(
        stage.actions().await,
        [
            "key.limited",
            "pool.fallback_started",
            "pool.fallback_ended"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn where_both_pools_rest_the_first_that_is_ready_serves() {
    let stage = Arc::new(Stage::new(1).await);
    stage.add_key(SPARE, 5).await;
    stage.limit_all(40);
    let spare = stage.pools.by_id(SPARE).unwrap();
    if let Attempted::Granted(mut lease) = spare.try_lease(&ask(1)) {
        lease.report(&stage.limit(20));
    }
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    let began = stage.now();
    assert_eq!(stage.wait(1, 60).await.unwrap().key(), key(5));
    assert!(began.ms_until(stage.now()) < 20_100);
    for pool in [stage.pool(), spare] {
        let status = pool.status();
        assert_eq!((status.waiting, status.keys[0].in_flight), (0, 0));
    }
}

/// The first pool's keys rest, and so does the fallback's, for as long as nobody acts.
async fn both_resting() -> Arc<Stage> {
    let stage = Arc::new(Stage::new(1).await);
    stage.add_key(SPARE, 5).await;
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    let spare = stage.pools.by_id(SPARE).unwrap();
    if let Attempted::Granted(mut lease) = spare.try_lease(&ask(1)) {
        lease.report(&stage.limit(3_000));
    }
    stage
}

#[tokio::test(start_paused = true)]
async fn what_the_fallback_made_can_be_continued_there() {
    let stage = Stage::new(1).await;
    stage.add_key(SPARE, 5).await;
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    stage.limit_all(30);
    let made_by = stage.lease(1).key();
    assert_eq!(made_by, key(5));
    let bound = portunus_app::pools::Ask {
        bound: Some(made_by),
        ..ask(1)
    };
    let attempted = stage.pools.try_lease(&stage.pool(), &bound);
    assert!(matches!(attempted, Attempted::Granted(_)), "{attempted:?}");
    let deadline = stage.now().plus_ms(60_000);
    let pool = stage.pool();
    let lease = stage.pools.lease(&pool, &bound, 0, deadline, Leave::Forget);
    assert_eq!(lease.await.unwrap().key(), made_by);
}

#[tokio::test(start_paused = true)]
async fn a_first_pool_that_was_hopeless_wakes_who_waits_for_the_fallback() {
    let stage = both_resting().await;
    stage
        .lease(1)
        .report(&Observation::bare(Class::CredentialDead));
    let waiting = stage.wait_aside(1, 60);
    sleep_ms(5_000).await;
    let began = stage.now();
    stage.add_key(ANTHROPIC, 9).await;
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(9));
    assert_eq!(began.ms_until(stage.now()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_pool_that_was_out_of_money_wakes_who_waits_for_the_fallback() {
    let stage = both_resting().await;
    stage.lease(1).report(&Observation::bare(Class::MoneyOut));
    let waiting = stage.wait_aside(1, 900);
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(1));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_was_hopeless_wakes_who_waits_for_the_first_pool() {
    let stage = Arc::new(Stage::new(1).await);
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    stage.limit_all(3_000);
    let waiting = stage.wait_aside(1, 60);
    sleep_ms(5_000).await;
    stage.add_key(SPARE, 9).await;
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(9));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_named_while_others_wait_serves_them() {
    let stage = Arc::new(Stage::new(1).await);
    stage.add_key(SPARE, 9).await;
    stage.limit_all(3_000);
    let waiting = stage.wait_aside(1, 60);
    sleep_ms(5_000).await;
    stage
        .set_pool(ANTHROPIC, |pool| pool.fallback = Some(SPARE))
        .await;
    assert_eq!(waiting.await.unwrap().unwrap().key(), key(9));
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_moves_nobody_to_the_end_of_the_queue() {
    let stage = Arc::new(Stage::new(1).await);
    stage.limit_all(10);
    let first = stage.wait_aside(1, 60);
    sleep_ms(1_000).await;
    let second = stage.wait_aside(1, 60);
    sleep_ms(1_000).await;
    stage.add_key(SPARE, 9).await;
    let lease = first.await.unwrap().unwrap();
    assert!(!second.is_finished());
    drop(lease);
    drop(second.await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_was_served_by_the_fallback_leaves_no_place() {
    let stage = both_resting().await;
    stage.limit_all(3_000);
    let waiter = {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            let deadline = stage.now().plus_ms(60_000);
            let (pool, asked) = (stage.pool(), ask(1));
            let lease = stage
                .pools
                .lease(&pool, &asked, 7, deadline, Leave::KeepPlace);
            lease.await
        })
    };
    sleep_ms(1_000).await;
    let record = stage.pools.by_id(SPARE).unwrap().key(key(5)).unwrap();
    stage.pools.clear_key(record.key.clone());
    assert_eq!(waiter.await.unwrap().unwrap().key(), key(5));
    assert_eq!(stage.pool().status().kept_places, 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_served_without_waiting_leaves_no_place() {
    let stage = Stage::new(1).await;
    stage.limit_all(30);
    let (pool, asked) = (stage.pool(), ask(1));
    let deadline = stage.now().plus_ms(10_000);
    let left = stage
        .pools
        .lease(&pool, &asked, 7, deadline, Leave::KeepPlace);
    left.await.unwrap_err();
    assert_eq!(pool.status().kept_places, 1);
    sleep_ms(20_000).await;
    drop(stage.lease(1));
    assert_eq!(pool.status().kept_places, 0);
}

#[test]
fn leases_pass_between_runtimes() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let background = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let stage = Arc::new(background.block_on(Stage::new(1)));
    let doors: Vec<_> = (0..4)
        .map(|agent| {
            let stage = Arc::clone(&stage);
            let runtime = runtime().unwrap();
            std::thread::spawn(move || {
                runtime.block_on(async {
                    for round in 0..200 {
                        let mut lease = stage.wait(agent, 30).await.unwrap();
                        tokio::task::yield_now().await;
                        let limit = Observation {
                            windows: vec![portunus_core::pool::WindowReading {
                                reset: Some(stage.now().plus_ms(2)),
                                ..stage.limit(0).windows.remove(0)
                            }],
                            class: Class::Quota,
                        };
                        lease.report(&if round % 10 == 0 { limit } else { OK });
                    }
                });
            })
        })
        .collect();
    for door in doors {
        door.join().unwrap();
    }
    let status = stage.pool().status();
    assert_eq!((status.waiting, status.keys[0].in_flight), (0, 0));
}
