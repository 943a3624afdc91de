//! What is told of a choice: the rule that decided, and why each of the others was passed over.

use crate::scene::{
    OK, OPUS, SONNET, Scene, ask, config, family_window, key, key_window, limited, spent,
};
use portunus_core::pool::{
    Ask, Choice, ChosenFor, Class, EntitlementScope, KeyConfig, NAMED, Observation, WhyNot,
};
use portunus_core::provider_key::{KeySwitch, Quarantine};
use portunus_core::time::Timestamp;
use std::sync::Arc;

/// Why key 1, 2, .. was passed over; `None` for the one that serves.
fn reasons<const KEYS: usize>(choice: &Choice) -> [Option<WhyNot>; KEYS] {
    std::array::from_fn(|index| {
        let number = u8::try_from(index + 1).unwrap();
        let passed = choice.passed.iter().find(|p| p.key == key(number));
        passed.map(|passed| passed.why.clone())
    })
}

fn choice(scene: &mut Scene, ask: &Ask) -> Choice {
    let mut leased = scene.lease(ask);
    let choice = leased.take_choice();
    scene.end(leased);
    choice
}

#[test]
fn the_last_rule_that_told_it_from_the_next_best_decided() {
    let mut scene = Scene::new(1);
    let only = choice(&mut scene, &ask(1, SONNET));
    assert_eq!(only.chosen_for, ChosenFor::OnlyOne);
    assert_eq!((only.passed.len(), only.unnamed), (0, 0));

    scene.put(config(2));
    let recent = choice(&mut scene, &ask(1, SONNET));
    assert_eq!(recent.chosen_for, ChosenFor::LeastRecent);
    assert_eq!(reasons(&recent), [Some(WhyNot::UsedMoreRecently), None]);

    scene.attempt(&ask(1, SONNET), 2, &spent(key_window("5h"), 0.55, 9_000));
    let roomier = choice(&mut scene, &ask(1, SONNET));
    assert_eq!(roomier.chosen_for, ChosenFor::Headroom);
    assert_eq!(reasons(&roomier), [None, Some(WhyNot::LessHeadroom(4))]);

    scene.attempt(&ask(1, SONNET), 2, &spent(key_window("5h"), 1.0, 9_000));
    let unspent = choice(&mut scene, &ask(1, SONNET));
    assert_eq!(unspent.chosen_for, ChosenFor::NotSpent);
    assert_eq!(reasons(&unspent), [None, Some(WhyNot::Spent)]);

    scene.put(KeyConfig {
        priority: 1,
        ..config(1)
    });
    scene.put(KeyConfig {
        priority: 2,
        ..config(3)
    });
    let first_tier = choice(&mut scene, &ask(1, SONNET));
    assert_eq!(first_tier.chosen_for, ChosenFor::Priority);
    let told = [None, Some(WhyNot::Spent), Some(WhyNot::LowerPriority)];
    assert_eq!(reasons(&first_tier), told);
}

#[test]
fn a_conversation_stays_and_a_bound_request_has_no_choice() {
    let mut scene = Scene::new(2);
    let talk = Ask {
        conversation: Some(7),
        ..ask(1, SONNET)
    };
    scene.attempt(&talk, 1, &OK);
    let stays = choice(&mut scene, &talk);
    assert_eq!(stays.chosen_for, ChosenFor::Conversation);
    assert_eq!(reasons(&stays), [None, Some(WhyNot::ConversationElsewhere)]);
    let bound = Ask {
        bound: Some(key(2)),
        ..talk
    };
    let bound = choice(&mut scene, &bound);
    assert_eq!(bound.chosen_for, ChosenFor::Bound);
    assert_eq!(reasons(&bound), [Some(WhyNot::NotBound), None]);
}

#[test]
fn what_stands_in_a_keys_way_is_named_with_its_end() {
    let mut scene = Scene::new(8);
    let sonnet = ask(1, SONNET);
    scene.put(KeyConfig {
        switch: KeySwitch::Disabled,
        ..config(2)
    });
    scene.put(KeyConfig {
        quarantine: Some(Quarantine::CredentialDead),
        ..config(3)
    });
    scene.attempt(
        &sonnet,
        4,
        &limited(family_window(SONNET, "7d_sonnet"), 2_000),
    );
    scene.attempt(&sonnet, 5, &Observation::bare(Class::MoneyOut));
    let refused = Class::Entitlement(EntitlementScope::KeyModel);
    scene.attempt(&sonnet, 6, &Observation::bare(refused));
    let picky = Ask {
        excluded: vec![key(7)],
        avoided: vec![key(8)],
        ..sonnet
    };
    let told = choice(&mut scene, &picky);
    assert_eq!(told.chosen_for, ChosenFor::OnlyOne);
    let resting = WhyNot::Resting {
        window: Arc::from("7d_sonnet"),
        until: Timestamp::from_secs(2_000),
    };
    let reasons: [Option<WhyNot>; 8] = reasons(&told);
    assert_eq!(
        reasons,
        [
            None,
            Some(WhyNot::Disabled),
            Some(WhyNot::Quarantined),
            Some(resting),
            Some(WhyNot::OutOfMoney(Timestamp::from_secs(1_600))),
            Some(WhyNot::NotEntitled),
            Some(WhyNot::NotEntitled),
            Some(WhyNot::Avoided),
        ]
    );
}

#[test]
fn whoever_waits_is_told_why_and_then_that_it_was_its_turn() {
    let mut scene = Scene::new(1);
    let sonnet = ask(1, SONNET);
    scene.attempt(&sonnet, 1, &limited(key_window("5h"), 1_010));
    let now = scene.now();
    let obstacles = scene.pool.obstacles(&sonnet, now);
    let resting = WhyNot::Resting {
        window: Arc::from("5h"),
        until: Timestamp::from_secs(1_010),
    };
    assert_eq!(obstacles.len(), 1);
    assert_eq!(obstacles[0].why, resting);
    for number in [1, 2] {
        scene.enqueue(&ask(number, SONNET));
    }
    scene.at_s(1_010);
    let (_, mut probe) = scene.grants().remove(0);
    assert_eq!(probe.take_choice().chosen_for, ChosenFor::Probe);
    let now = scene.now();
    let obstacles = scene.pool.obstacles(&sonnet, now);
    assert_eq!(obstacles[0].why, WhyNot::BeingTried);
    scene.report(&probe, &OK);
    let (_, mut next) = scene.grants().remove(0);
    assert_eq!(next.take_choice().chosen_for, ChosenFor::Queue);
    scene.end(probe);
    scene.end(next);
}

#[test]
fn of_a_large_pool_the_hindered_and_the_next_best_are_named() {
    let mut scene = Scene::new(100);
    for number in [40, 41] {
        scene.attempt(&ask(1, OPUS), number, &limited(key_window("5h"), 2_000));
    }
    for number in (1..=100).filter(|number| ![40, 41].contains(number)) {
        scene.attempt(&ask(1, OPUS), number, &OK);
    }
    let told = choice(&mut scene, &ask(1, OPUS));
    assert_eq!(told.chosen_for, ChosenFor::LeastRecent);
    assert!(told.passed.len() <= NAMED);
    assert_eq!(told.passed.len() + told.unnamed as usize, 99);
    let named: Vec<_> = told.passed.iter().map(|passed| passed.key).collect();
    assert!(named.starts_with(&[key(40), key(41)]));
    assert!(
        named.contains(&key(2)),
        "the next best is missing: {named:?}"
    );
}
