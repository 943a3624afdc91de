//! Which key is chosen, and when there is none to wait for.

use crate::scene::{
    OK, OPUS, SONNET, Scene, agent, ask, config, family_window, key, key_window, limited, spent,
};
use portunus_core::pool::{
    Ask, Class, EntitlementScope, Impossible, KeyConfig, Observation, Standing, WindowStatus,
};
use portunus_core::provider_key::{KeySwitch, Quarantine};
use portunus_core::time::Timestamp;
use std::collections::HashSet;

#[test]
fn every_key_is_used_before_a_request_waits() {
    let mut scene = Scene::new(40);
    let mut used = HashSet::new();
    for _ in 0..40 {
        let leased = scene.lease(&ask(1, SONNET));
        used.insert(leased.key());
        scene.report(&leased, &limited(key_window("5h"), 1_600));
        scene.end(leased);
    }
    assert_eq!(used.len(), 40);
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_600)
    );
}

#[test]
fn a_lower_tier_serves_only_while_the_higher_cannot() {
    let mut scene = Scene::new(0);
    for (number, priority) in [(1, 5), (2, 0), (3, 5)] {
        scene.put(KeyConfig {
            priority,
            ..config(number)
        });
    }
    for _ in 0..5 {
        assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(2));
    }
    scene.attempt(&ask(1, SONNET), 2, &limited(key_window("5h"), 1_600));
    assert_ne!(scene.lease(&ask(1, SONNET)).key(), key(2));
    scene.at_s(1_600);
    assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(2));
}

#[test]
fn workers_that_come_together_spread_over_equal_keys() {
    let mut scene = Scene::new(8);
    let mut per_key = [0; 9];
    for worker in 0..80 {
        let leased = scene.lease(&ask(worker, SONNET));
        per_key[usize::from(leased.key().as_bytes()[0])] += 1;
    }
    assert_eq!(per_key, [0, 10, 10, 10, 10, 10, 10, 10, 10]);
}

#[test]
fn workers_do_not_all_choose_the_key_with_most_headroom() {
    let mut scene = Scene::new(2);
    scene.attempt(&ask(1, SONNET), 1, &spent(key_window("5h"), 0.05, 9_000));
    scene.attempt(&ask(1, SONNET), 2, &spent(key_window("5h"), 0.25, 9_000));
    let chosen: HashSet<_> = (0..60)
        .map(|w| scene.lease(&ask(w, SONNET)).key())
        .collect();
    assert_eq!(chosen.len(), 2);
}

#[test]
fn a_conversation_stays_on_its_key_while_that_is_ready() {
    let mut scene = Scene::new(3);
    let talk = Ask {
        conversation: Some(77),
        ..ask(1, SONNET)
    };
    let first = scene.lease(&talk).key();
    for other in 2..20 {
        scene.serve(&ask(other, SONNET));
        assert_eq!(scene.lease(&talk).key(), first);
    }
    // Another agent's conversation of the same name is another conversation.
    let theirs = Ask {
        agent: agent(9),
        ..talk.clone()
    };
    let spread: HashSet<_> = (0..1).map(|_| scene.lease(&theirs).key()).collect();
    assert_eq!(spread.len(), 1);
    scene.attempt(
        &talk,
        first.as_bytes()[0],
        &limited(key_window("5h"), 1_100),
    );
    let second = scene.lease(&talk).key();
    assert_ne!(second, first);
    scene.at_s(1_100);
    assert_eq!(scene.lease(&talk).key(), second);
}

#[test]
fn headroom_counts_in_steps_of_ten_percent_then_least_recent_use() {
    let mut scene = Scene::new(3);
    scene.attempt(&ask(1, SONNET), 1, &spent(key_window("5h"), 0.55, 9_000));
    scene.attempt(&ask(1, SONNET), 2, &spent(key_window("5h"), 0.12, 9_000));
    scene.attempt(&ask(1, SONNET), 3, &spent(key_window("5h"), 0.15, 9_000));
    let leased = scene.lease(&ask(1, SONNET));
    assert_eq!(leased.key(), key(2));
    scene.end(leased);
    assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(3));
}

#[test]
fn a_familys_window_says_nothing_of_other_families() {
    let mut scene = Scene::new(2);
    let sonnet = family_window(SONNET, "7d_sonnet");
    scene.attempt(&ask(1, SONNET), 1, &spent(sonnet, 0.95, 9_000));
    assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(2));
    scene.attempt(&ask(1, OPUS), 2, &OK);
    assert_eq!(scene.lease(&ask(1, OPUS)).key(), key(1));
}

#[test]
fn a_key_that_looks_spent_serves_last_and_one_request_at_a_time() {
    let mut scene = Scene::new(0);
    for (number, priority) in [(1, 0), (2, 9)] {
        scene.put(KeyConfig {
            priority,
            ..config(number)
        });
    }
    scene.attempt(&ask(1, SONNET), 1, &spent(key_window("5h"), 1.0, 2_000));
    assert_eq!(scene.standing(1), Standing::Spent);
    assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(2));
    scene.attempt(&ask(1, SONNET), 2, &limited(key_window("5h"), 9_000));
    let trying = scene.lease(&ask(1, SONNET));
    assert_eq!(trying.key(), key(1));
    scene.wait_until(&ask(1, SONNET));
    scene.report(&trying, &spent(key_window("5h"), 1.0, 2_000));
    scene.serve(&ask(1, SONNET));
    scene.at_s(2_000);
    assert_eq!(scene.standing(1), Standing::Ready);
}

#[test]
fn requests_in_flight_are_counted_against_what_is_left() {
    let mut scene = Scene::new(2);
    let mut shown = spent(family_window(SONNET, "requests"), 0.7, 2_000);
    shown.windows[0].remaining = Some(3);
    shown.windows[0].status = WindowStatus::Allowed;
    scene.attempt(&ask(1, SONNET), 1, &shown);
    scene.attempt(&ask(1, SONNET), 2, &limited(key_window("5h"), 9_000));
    let running: Vec<_> = (0..3).map(|_| scene.lease(&ask(1, SONNET))).collect();
    assert_eq!(scene.standing(1), Standing::Spent);
    drop(running);
}

#[test]
fn a_bound_request_waits_for_its_key_and_never_rotates() {
    let mut scene = Scene::new(2);
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_600));
    let bound = Ask {
        bound: Some(key(1)),
        ..ask(1, SONNET)
    };
    assert_eq!(scene.wait_until(&bound), Timestamp::from_secs(1_600));
    scene.pool.remove_key(key(1), scene.now());
    assert_eq!(scene.refusal(&bound), Impossible::BoundKeyGone);
}

#[test]
fn a_key_that_refused_a_model_is_skipped_for_it_and_never_waited_for() {
    let mut scene = Scene::new(2);
    let refusal = Observation::bare(Class::Entitlement(EntitlementScope::KeyModel));
    scene.attempt(&ask(1, SONNET), 1, &refusal);
    for _ in 0..4 {
        assert_eq!(scene.lease(&ask(1, SONNET)).key(), key(2));
    }
    scene.attempt(&ask(1, SONNET), 2, &refusal);
    assert_eq!(scene.refusal(&ask(1, SONNET)), Impossible::NotEntitled);
    scene.serve(&ask(1, OPUS));
    scene.at_s(1_600);
    scene.serve(&ask(1, SONNET));
}

#[test]
fn what_cannot_be_waited_for_is_refused_at_once_by_its_name() {
    let mut scene = Scene::new(0);
    assert_eq!(scene.refusal(&ask(1, SONNET)), Impossible::NoKeys);
    scene.put(KeyConfig {
        switch: KeySwitch::Disabled,
        ..config(1)
    });
    assert_eq!(scene.refusal(&ask(1, SONNET)), Impossible::NoKeys);
    scene.put(KeyConfig {
        quarantine: Some(Quarantine::OriginChanged),
        ..config(2)
    });
    assert_eq!(scene.refusal(&ask(1, SONNET)), Impossible::AllQuarantined);
    scene.put(config(3));
    let excluding = Ask {
        excluded: vec![key(3)],
        ..ask(1, SONNET)
    };
    assert_eq!(scene.refusal(&excluding), Impossible::NotEntitled);
    scene.serve(&ask(1, SONNET));
}

#[test]
fn hostile_model_names_do_not_fill_the_memory() {
    let mut scene = Scene::new(1);
    for number in 0..5_000 {
        let ask = ask(1, &format!("made-up-{number}"));
        let Ok(leased) = (match scene.acquire(&ask) {
            portunus_core::pool::Acquired::Granted(leased) => Ok(leased),
            other => Err(other),
        }) else {
            continue;
        };
        scene.report(&leased, &Observation::bare(Class::Quota));
        scene.end(leased);
    }
    let status = scene.key_status(1);
    assert!(status.rests.len() <= 128 && status.windows.len() <= 64);
}
