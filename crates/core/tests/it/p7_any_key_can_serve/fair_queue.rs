//! Who goes first when keys are scarce, and what wakes those who wait.

use crate::scene::{
    OK, OPUS, SONNET, Scene, agent, ask, config, family_window, key, key_window, limited,
};
use portunus_core::pool::{
    Acquired, Ask, Class, EntitlementScope, Impossible, KeyConfig, Leave, Observation, PoolEvent,
};
use portunus_core::provider_key::KeySwitch;
use portunus_core::time::Timestamp;

/// Every key rests until second 1600.
fn resting(keys: u8) -> Scene {
    let mut scene = Scene::new(keys);
    for number in 1..=keys {
        scene.attempt(&ask(1, SONNET), number, &limited(key_window("5h"), 1_600));
    }
    let _ = scene.events();
    scene
}

/// Serves the queue one request after the other; says whose turn it was.
fn turns(scene: &mut Scene) -> Vec<u8> {
    let mut turns = vec![];
    let mut granted = scene.grants();
    while let Some((ticket, leased)) = granted.pop() {
        turns.push(ticket.agent().as_bytes()[0]);
        // A probe that proves nothing keeps the key at one request at a time.
        scene.end(leased);
        granted.extend(scene.grants());
    }
    turns
}

#[test]
fn one_agent_with_a_hundred_waiters_does_not_starve_another() {
    let mut scene = resting(1);
    for _ in 0..100 {
        scene.enqueue(&ask(1, SONNET));
    }
    for _ in 0..3 {
        scene.enqueue(&ask(2, SONNET));
    }
    scene.at_s(1_600);
    let turns = turns(&mut scene);
    assert_eq!(turns[..7], [1, 2, 1, 2, 1, 2, 1]);
    assert_eq!(turns.len(), 103);
}

#[test]
fn turns_go_on_where_they_stopped() {
    let mut scene = resting(1);
    for agent in [1, 2, 3] {
        scene.enqueue(&ask(agent, SONNET));
        scene.enqueue(&ask(agent, SONNET));
    }
    let mut served = vec![];
    for round in 0..6u64 {
        scene.at_s(1_600 + round * 100);
        let granted = scene.grants();
        assert_eq!(granted.len(), 1, "one key, one probe");
        for (ticket, leased) in granted {
            served.push(ticket.agent().as_bytes()[0]);
            scene.report(&leased, &limited(key_window("5h"), 1_700 + round * 100));
            scene.end(leased);
        }
    }
    assert_eq!(served, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn an_agents_own_requests_go_first_come_first_served() {
    let mut scene = resting(1);
    let tickets: Vec<_> = (0..5).map(|_| scene.enqueue(&ask(1, SONNET))).collect();
    scene.at_s(1_600);
    let mut served = vec![];
    while let Some((ticket, leased)) = scene.grants().pop() {
        served.push(ticket);
        scene.end(leased);
    }
    assert_eq!(served, tickets);
}

#[test]
fn a_newcomer_does_not_overtake_those_who_wait() {
    let mut scene = resting(1);
    let first = scene.enqueue(&ask(1, SONNET));
    // The clock moves without anybody noticing; the newcomer is the first to look.
    let late = Timestamp::from_secs(1_600);
    let newcomer = scene.pool.acquire(&ask(2, SONNET), late);
    assert!(matches!(newcomer, Acquired::Wait { .. }));
    assert_eq!(scene.grants().remove(0).0, first);
}

#[test]
fn a_waiter_whom_the_ready_key_would_not_do_for_holds_nobody_up() {
    let mut scene = resting(2);
    let bound = Ask {
        bound: Some(key(2)),
        ..ask(1, SONNET)
    };
    scene.enqueue(&bound);
    let excluding = Ask {
        excluded: vec![key(1)],
        ..ask(1, SONNET)
    };
    scene.enqueue(&excluding);
    let free = scene.enqueue(&ask(1, SONNET));
    scene.pool.clear_key(key(1), scene.now());
    let grants = scene.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].0, free);
}

#[test]
fn a_key_added_enabled_or_cleared_wakes_those_who_wait() {
    let changes: [fn(&mut Scene); 4] = [
        |scene| scene.put(config(9)),
        |scene| scene.put(config(2)),
        |scene| scene.pool.clear_key(key(1), scene.now()),
        |scene| scene.pool.renew_secret(key(1), scene.now()),
    ];
    for change in changes {
        let mut scene = resting(1);
        scene.put(KeyConfig {
            switch: KeySwitch::Disabled,
            ..config(2)
        });
        let waiter = scene.enqueue(&ask(1, SONNET));
        scene.enqueue(&ask(2, SONNET));
        change(&mut scene);
        let grants = scene.grants();
        assert_eq!(grants.len(), 1, "one is woken, not the herd");
        assert_eq!(grants[0].0, waiter);
    }
}

#[test]
fn those_who_wait_are_refused_when_the_last_hope_goes() {
    let mut scene = Scene::new(1);
    scene.attempt(
        &ask(1, SONNET),
        1,
        &limited(family_window(SONNET, "7d_sonnet"), 1_600),
    );
    let sonnet = scene.enqueue(&ask(2, SONNET));
    scene.attempt(&ask(1, OPUS), 1, &Observation::bare(Class::CredentialDead));
    let refusals = scene.outbox().refusals;
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        (refusals[0].ticket, refusals[0].why),
        (sonnet, Impossible::AllQuarantined)
    );
    assert_eq!(scene.pool.waiting(), 0);
}

#[test]
fn a_refused_model_ends_the_wait_for_it() {
    let mut scene = Scene::new(1);
    let probing = scene.lease(&ask(1, SONNET));
    scene.attempt(&ask(1, OPUS), 1, &limited(key_window("5h"), 1_600));
    scene.enqueue(&ask(2, SONNET));
    let refusal = Observation::bare(Class::Entitlement(EntitlementScope::KeyModel));
    scene.report(&probing, &refusal);
    assert_eq!(scene.outbox().refusals[0].why, Impossible::NotEntitled);
}

#[test]
fn a_kept_place_is_taken_up_by_the_same_request_within_two_minutes() {
    let mut scene = resting(1);
    let early = scene.enqueue_at(&ask(1, SONNET), 11);
    scene.enqueue_at(&ask(1, SONNET), 12);
    scene.leave(early, Leave::KeepPlace);
    assert_eq!(scene.pool.status(scene.now()).kept_places, 1);
    scene.at_s(1_119);
    let again = scene.enqueue_at(&ask(1, SONNET), 11);
    assert_eq!(again, early);
    scene.at_s(1_600);
    assert_eq!(scene.grants()[0].0, early);
}

#[test]
fn a_kept_place_ends_after_two_minutes_and_holds_nobody_up() {
    let mut scene = resting(1);
    let early = scene.enqueue_at(&ask(1, SONNET), 11);
    let other = scene.enqueue_at(&ask(1, SONNET), 12);
    scene.leave(early, Leave::KeepPlace);
    scene.at_s(1_120);
    assert_ne!(scene.enqueue_at(&ask(1, SONNET), 11), early);
    scene.at_s(1_600);
    assert_eq!(scene.grants()[0].0, other);
}

#[test]
fn one_who_leaves_is_not_served() {
    let mut scene = resting(1);
    let ticket = scene.enqueue(&ask(1, SONNET));
    let other = scene.enqueue(&ask(2, SONNET));
    scene.leave(ticket, Leave::Forget);
    scene.at_s(1_600);
    let grants = scene.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].0, other);
}

#[test]
fn an_episode_of_waiting_is_told_once() {
    let mut scene = resting(1);
    for number in 0..5 {
        scene.enqueue(&ask(number, SONNET));
    }
    scene.pool.note_exhausted();
    scene.pool.note_exhausted();
    assert_eq!(
        scene.events(),
        [PoolEvent::PoolWaiting, PoolEvent::PoolExhausted]
    );
    scene.at_s(1_600);
    let mut events = vec![];
    loop {
        let outbox = scene.outbox();
        events.extend(outbox.events);
        let Some(grant) = outbox.grants.into_iter().next() else {
            break;
        };
        scene.report(&grant.leased, &OK);
        scene.end(grant.leased);
    }
    assert_eq!(events, [PoolEvent::PoolResumed]);
}

#[test]
fn kept_places_are_bounded() {
    let mut scene = resting(1);
    for place in 0..2_000 {
        let ticket = scene.enqueue_at(&ask(1, SONNET), place);
        scene.leave(ticket, Leave::KeepPlace);
    }
    assert!(scene.pool.status(scene.now()).kept_places <= 256);
    assert_eq!(agent(1), ask(1, SONNET).agent);
}

#[test]
fn waiters_hear_that_only_money_helps() {
    let mut scene = Scene::new(1);
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_010));
    let first = scene.enqueue(&ask(1, SONNET));
    let second = scene.enqueue(&ask(2, SONNET));
    scene.outbox();
    scene.at_s(1_010);
    let (ticket, probe) = scene.grants().remove(0);
    assert_eq!(ticket, first);
    scene.report(&probe, &Observation::bare(Class::MoneyOut));
    scene.end(probe);
    assert_eq!(scene.refusal(&ask(3, SONNET)), Impossible::OutOfMoney);
    let refusals = scene.outbox().refusals;
    let refused: Vec<_> = refusals.iter().map(|r| (r.ticket, r.why)).collect();
    assert_eq!(refused, [(second, Impossible::OutOfMoney)]);
}

#[test]
fn one_who_comes_after_a_quiet_moment_is_served_to_the_millisecond() {
    let mut scene = Scene::new(1);
    let shared = family_window(SONNET, "7d_sonnet");
    scene.attempt(&ask(1, SONNET), 1, &limited(shared, 1_001));
    scene.enqueue(&ask(1, SONNET));
    let opus = scene.enqueue(&ask(2, OPUS));
    // Opus was served, and nothing happened since.
    assert_eq!(scene.grants()[0].0, opus);
    scene.at_ms(1_000_500);
    let late = scene.enqueue(&ask(3, SONNET));
    scene.at_ms(1_000_999);
    assert!(scene.grants().is_empty());
    scene.at_s(1_001);
    let (_, probe) = scene.grants().remove(0);
    scene.report(&probe, &OK);
    assert_eq!(scene.grants()[0].0, late);
}
