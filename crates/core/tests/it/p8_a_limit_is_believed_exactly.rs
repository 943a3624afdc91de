//! P8: a key rests until the latest reset of its rejected windows: no shorter because a stale answer came late,
//! no longer than the provider says once it says otherwise.

use crate::scene::{
    OK, OPUS, SONNET, Scene, allowed, ask, config, family_window, key, key_window, limited, reading,
};
use portunus_core::pool::{
    Acquired, Class, EntitlementScope, Observation, PoolEvent, Rest, RestReason, Standing,
    WindowStatus,
};
use portunus_core::provider_key::Quarantine;
use portunus_core::time::Timestamp;

#[test]
fn a_later_shorter_deadline_does_not_replace_a_longer_one() {
    let mut scene = Scene::new(1);
    let (long, short) = (scene.lease(&ask(1, SONNET)), scene.lease(&ask(1, SONNET)));
    scene.report(&long, &limited(key_window("5h"), 1_600));
    scene.report(&short, &limited(key_window("5h"), 1_060));
    assert_eq!(scene.rest_until_s(1, &key_window("5h")), Some(1_600));
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_600)
    );
}

#[test]
fn a_later_longer_deadline_extends_the_rest() {
    let mut scene = Scene::new(1);
    let (short, long) = (scene.lease(&ask(1, SONNET)), scene.lease(&ask(1, SONNET)));
    scene.report(&short, &limited(key_window("5h"), 1_060));
    scene.report(&long, &limited(key_window("5h"), 1_600));
    assert_eq!(scene.rest_until_s(1, &key_window("5h")), Some(1_600));
}

#[test]
fn the_latest_reset_among_the_rejected_windows_counts_and_allowed_ones_do_not() {
    let mut scene = Scene::new(1);
    let leased = scene.lease(&ask(1, SONNET));
    let windows = vec![
        reading(key_window("5h"), WindowStatus::Rejected, Some(1_300)),
        reading(key_window("1d"), WindowStatus::Rejected, Some(1_700)),
        reading(key_window("7d"), WindowStatus::Allowed, Some(9_000)),
        reading(key_window("30d"), WindowStatus::Unstated, Some(9_000)),
    ];
    let class = Class::Quota;
    scene.report(&leased, &Observation { class, windows });
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_700)
    );
}

#[test]
fn the_rest_ends_at_its_deadline_to_the_millisecond() {
    let mut scene = Scene::new(1);
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_600));
    scene.at_ms(1_599_999);
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_600)
    );
    scene.at_ms(1_600_000);
    assert!(scene.lease(&ask(1, SONNET)).is_probe());
}

#[test]
fn allowed_heals_only_if_its_lease_began_after_the_rejection_arrived() {
    let mut scene = Scene::new(1);
    // Opus goes on while Sonnet's window rests, so its leases can speak of the shared window afterwards.
    let (old, limited_one) = (scene.lease(&ask(1, OPUS)), scene.lease(&ask(1, SONNET)));
    let shared = family_window(SONNET, "7d_sonnet");
    scene.report(&limited_one, &limited(shared.clone(), 9_000));
    scene.at_s(1_100);
    scene.report(&old, &allowed(shared.clone()));
    assert_eq!(scene.rest_until_s(1, &shared), Some(9_000));
    let young = scene.lease(&ask(1, OPUS));
    scene.report(&young, &allowed(shared.clone()));
    assert_eq!(scene.rest_until_s(1, &shared), None);
    let events = scene.events();
    assert!(events.contains(&PoolEvent::KeyHealed {
        key: key(1),
        window: shared
    }));
    assert!(scene.lease(&ask(1, SONNET)).is_probe());
}

#[test]
fn a_newer_rejection_is_not_healed_by_a_lease_older_than_it() {
    let mut scene = Scene::new(1);
    let shared = family_window(SONNET, "7d_sonnet");
    let (first, second) = (scene.lease(&ask(1, SONNET)), scene.lease(&ask(1, SONNET)));
    scene.report(&first, &limited(shared.clone(), 2_000));
    let between = scene.lease(&ask(1, OPUS));
    scene.report(&second, &limited(shared.clone(), 1_500));
    scene.report(&between, &allowed(shared.clone()));
    assert_eq!(scene.rest_until_s(1, &shared), Some(2_000));
}

#[test]
fn a_stale_rejection_does_not_undo_a_newer_allowed() {
    let shared = || family_window(SONNET, "7d_sonnet");
    for (reset, rests_until) in [
        (Some(5_000), None),
        (None, None),
        (Some(5_001), Some(5_001)),
    ] {
        let mut scene = Scene::new(1);
        let old = scene.lease(&ask(1, SONNET));
        scene.attempt(&ask(1, SONNET), 1, &limited(shared(), 5_000));
        // Opus goes on meanwhile, and its answers speak of the shared window.
        scene.attempt(&ask(2, OPUS), 1, &allowed(shared()));
        assert_eq!(scene.rest_until_s(1, &shared()), None);
        let windows = vec![reading(shared(), WindowStatus::Rejected, reset)];
        let class = Class::Quota;
        scene.report(&old, &Observation { class, windows });
        // Only a later reset than the one that was taken back is news.
        assert_eq!(scene.rest_until_s(1, &shared()), rests_until, "{reset:?}");
    }
}

#[test]
fn a_late_rejection_is_charged_to_the_key_that_earned_it() {
    let mut scene = Scene::new(2);
    let late = scene.lease_of(&ask(1, SONNET), 1);
    let current = scene.lease_of(&ask(1, SONNET), 2);
    scene.report(&late, &limited(key_window("5h"), 1_600));
    assert_eq!(scene.standing(1), Standing::Resting);
    assert_eq!(scene.standing(2), Standing::Ready);
    scene.end(current);
    scene.end(late);
    assert_eq!(scene.key_status(1).in_flight, 0);
    assert_eq!(scene.key_status(2).in_flight, 0);
}

#[test]
fn a_family_window_rests_that_family_only_and_a_key_window_rests_all() {
    let mut scene = Scene::new(1);
    scene.attempt(
        &ask(1, SONNET),
        1,
        &limited(family_window(SONNET, "7d_sonnet"), 1_600),
    );
    assert_eq!(scene.standing(1), Standing::PartlyResting);
    let opus = scene.lease(&ask(1, OPUS));
    assert!(!opus.is_probe());
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_600)
    );
    scene.report(&opus, &limited(key_window("5h"), 1_900));
    assert_eq!(scene.wait_until(&ask(1, OPUS)), Timestamp::from_secs(1_900));
    assert_eq!(
        scene.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_900)
    );
}

#[test]
fn a_missing_reset_is_neither_now_nor_forever() {
    for windows in [
        vec![],
        vec![reading(
            family_window(SONNET, "tokens"),
            WindowStatus::Rejected,
            None,
        )],
    ] {
        let mut scene = Scene::new(1);
        let class = Class::Quota;
        scene.attempt(&ask(1, SONNET), 1, &Observation { class, windows });
        let until = scene.wait_until(&ask(1, SONNET));
        let rests_ms = scene.now().ms_until(until);
        assert!((30_000..=60_000).contains(&rests_ms), "{rests_ms}");
        scene.serve(&ask(1, OPUS));
    }
}

#[test]
fn an_absurd_reset_counts_as_missing() {
    let mut scene = Scene::new(1);
    // Milliseconds read as seconds: the year 33658.
    scene.attempt(
        &ask(1, SONNET),
        1,
        &limited(key_window("5h"), 1_000_000_000_000),
    );
    let until = scene.wait_until(&ask(1, SONNET));
    assert!((30_000..=60_000).contains(&scene.now().ms_until(until)));
}

#[test]
fn a_reset_of_now_makes_no_hot_loop() {
    let mut scene = Scene::new(1);
    let mut attempts = 0;
    for step in 0..6_000 {
        scene.at_ms(1_000_000 + step * 100);
        if let Acquired::Granted(leased) = scene.acquire(&ask(1, SONNET)) {
            attempts += 1;
            let mut rejection = limited(key_window("requests"), 0);
            rejection.windows[0].reset = Some(scene.now());
            scene.report(&leased, &rejection);
            scene.end(leased);
        }
    }
    assert!(attempts < 40, "{attempts} attempts in ten minutes");
}

#[test]
fn a_window_that_was_refilled_while_its_rejection_travelled_rests_nothing() {
    let mut scene = Scene::new(1);
    let leased = scene.lease(&ask(1, SONNET));
    scene.at_s(1_070);
    scene.report(&leased, &limited(key_window("requests"), 1_060));
    assert_eq!(scene.standing(1), Standing::Ramping);
    assert!(scene.lease(&ask(1, SONNET)).is_probe());
}

#[test]
fn success_heals_what_the_provider_gave_no_window_for() {
    let mut scene = Scene::new(1);
    scene.attempt(&ask(1, SONNET), 1, &Observation::bare(Class::MoneyOut));
    let first = scene.now().ms_until(scene.out_of_money_until(1));
    assert_eq!(first, 600_000);
    scene.at_s(1_600);
    scene.attempt(&ask(1, SONNET), 1, &Observation::bare(Class::MoneyOut));
    assert_eq!(
        scene.out_of_money_until(1),
        Timestamp::from_secs(1_600 + 1_200)
    );
    scene.at_s(2_800);
    scene.attempt(&ask(1, SONNET), 1, &OK);
    scene.attempt(&ask(1, SONNET), 1, &Observation::bare(Class::MoneyOut));
    assert_eq!(
        scene.out_of_money_until(1),
        Timestamp::from_secs(2_800 + 600)
    );
}

#[test]
fn headers_alone_are_no_success_and_heal_only_what_they_name() {
    let mut scene = Scene::new(1);
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_600));
    scene.at_s(1_600);
    let probe = scene.lease(&ask(1, SONNET));
    scene.report_windows(&probe, &allowed(key_window("7d")));
    // The stream behind the headers may still fail, so the key is tried by this one request only.
    scene.wait_until(&ask(2, SONNET));
    scene.report(&probe, &Observation::bare(Class::Quota));
    assert_eq!(scene.standing(1), Standing::PartlyResting);
    let shared = family_window(OPUS, "7d_opus");
    scene.attempt(&ask(1, OPUS), 1, &limited(shared.clone(), 9_000));
    scene.at_s(1_700);
    let other = scene.lease(&ask(1, SONNET));
    scene.report_windows(&other, &allowed(shared.clone()));
    assert_eq!(scene.rest_until_s(1, &shared), None);
}

#[test]
fn many_answers_of_one_empty_account_are_one_strike() {
    let mut scene = Scene::new(1);
    let leases: Vec<_> = (0..10).map(|_| scene.lease(&ask(1, SONNET))).collect();
    for leased in &leases {
        scene.report(leased, &Observation::bare(Class::MoneyOut));
    }
    assert_eq!(scene.out_of_money_until(1), Timestamp::from_secs(1_600));
}

#[test]
fn overload_network_and_the_clients_fault_rest_nothing() {
    for class in [
        Class::Overload {
            retry_after_ms: Some(60_000),
        },
        Class::Network,
        Class::ClientFault,
        Class::Entitlement(EntitlementScope::Request),
    ] {
        let mut scene = Scene::new(1);
        scene.attempt(&ask(1, SONNET), 1, &Observation::bare(class));
        assert_eq!(scene.standing(1), Standing::Ready);
        scene.serve(&ask(1, SONNET));
    }
}

#[test]
fn rests_survive_a_restart_and_may_be_healed_after_it() {
    let mut scene = Scene::new(1);
    scene.attempt(
        &ask(1, SONNET),
        1,
        &limited(family_window(SONNET, "7d_sonnet"), 1_600),
    );
    let stored: Vec<_> = scene
        .events()
        .into_iter()
        .filter_map(|event| match event {
            PoolEvent::KeyLimited { window, rest, .. } => Some((window, rest)),
            _ => None,
        })
        .collect();
    let mut reborn = Scene::new(1);
    reborn.at_s(1_200);
    for (window, rest) in &stored {
        let now = reborn.now();
        reborn.pool.restore_rest(key(1), window, *rest, now);
    }
    assert_eq!(
        reborn.wait_until(&ask(1, SONNET)),
        Timestamp::from_secs(1_600)
    );
    let opus = reborn.lease(&ask(1, OPUS));
    reborn.report(&opus, &allowed(family_window(SONNET, "7d_sonnet")));
    reborn.serve(&ask(1, SONNET));
}

#[test]
fn a_rest_that_was_long_over_when_it_is_restored_rests_nothing() {
    let mut scene = Scene::new(1);
    scene.at_s(10_000);
    let rest = Rest {
        until: Timestamp::from_secs(900),
        since: Timestamp::from_secs(100),
        reason: RestReason::Rejected,
    };
    let now = scene.now();
    scene
        .pool
        .restore_rest(key(1), &key_window("5h"), rest, now);
    assert_eq!(scene.standing(1), Standing::Ready);
    scene.serve(&ask(1, SONNET));
}

#[test]
fn a_rest_that_ended_while_the_plane_was_down_comes_back_by_a_probe() {
    let mut scene = Scene::new(1);
    let rest = Rest {
        until: Timestamp::from_secs(999),
        since: Timestamp::from_secs(900),
        reason: RestReason::Rejected,
    };
    let now = scene.now();
    scene
        .pool
        .restore_rest(key(1), &key_window("5h"), rest, now);
    assert!(scene.lease(&ask(1, SONNET)).is_probe());
    scene.wait_until(&ask(2, SONNET));
}

#[test]
fn a_dead_credential_is_set_aside_until_a_person_acts() {
    let mut scene = Scene::new(1);
    let late = scene.lease(&ask(1, SONNET));
    scene.attempt(
        &ask(1, SONNET),
        1,
        &Observation::bare(Class::CredentialDead),
    );
    assert_eq!(scene.quarantine(1), Some(Quarantine::CredentialDead));
    scene.put(config(1));
    assert_eq!(scene.quarantine(1), Some(Quarantine::CredentialDead));
    scene.pool.clear_key(key(1), scene.now());
    assert_eq!(scene.quarantine(1), None);
    // An answer from before the clearing condemns nothing; one from after it does.
    scene.report(&late, &Observation::bare(Class::CredentialDead));
    assert_eq!(scene.quarantine(1), None);
    scene.attempt(
        &ask(1, SONNET),
        1,
        &Observation::bare(Class::CredentialDead),
    );
    assert_eq!(scene.quarantine(1), Some(Quarantine::CredentialDead));
}

#[test]
fn what_an_old_secret_learned_is_not_charged_to_the_new_one() {
    let mut scene = Scene::new(1);
    let old = scene.lease(&ask(1, SONNET));
    scene.pool.renew_secret(key(1), scene.now());
    scene.report(&old, &limited(key_window("5h"), 9_000));
    scene.serve(&ask(1, SONNET));
}

#[test]
fn clearing_ends_rests_but_a_later_word_of_the_provider_is_believed() {
    let mut scene = Scene::new(1);
    let late = scene.lease(&ask(1, SONNET));
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 9_000));
    scene.pool.clear_key(key(1), scene.now());
    assert_eq!(scene.standing(1), Standing::Ready);
    scene.report(&late, &limited(key_window("5h"), 8_000));
    assert_eq!(scene.rest_until_s(1, &key_window("5h")), Some(8_000));
}

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_a_pause_but_leaves_the_providers_reset() {
    let mut scene = Scene::new(2);
    scene.at_s(100_000);
    scene.attempt(&ask(1, SONNET), 1, &Observation::bare(Class::Quota));
    scene.attempt(&ask(1, SONNET), 2, &limited(key_window("5h"), 100_100));
    // The wall clock is set back by two hours; then two minutes pass.
    scene.at_s(92_800);
    scene.at_s(92_920);
    assert_eq!(scene.lease(&ask(2, SONNET)).key(), key(1));
    assert_eq!(scene.rest_until_s(2, &key_window("5h")), Some(100_100));
}

#[test]
fn a_pause_that_is_restored_under_a_clock_that_was_set_back_is_no_longer_for_that() {
    for (reason, until) in [(RestReason::Unstated, 1_040), (RestReason::Rejected, 8_240)] {
        let mut scene = Scene::new(1);
        let rest = Rest {
            until: Timestamp::from_secs(8_240),
            since: Timestamp::from_secs(8_200),
            reason,
        };
        let now = scene.now();
        scene
            .pool
            .restore_rest(key(1), &key_window("5h"), rest, now);
        assert_eq!(scene.rest_until_s(1, &key_window("5h")), Some(until));
    }
}

#[test]
fn a_rejection_that_names_only_other_families_rests_the_one_that_was_asked() {
    let opus = family_window(OPUS, "7d_opus");
    let dated = limited(opus, 9_000);
    let mut with_undated = dated.clone();
    let own = family_window(SONNET, "limit");
    with_undated
        .windows
        .push(reading(own, WindowStatus::Rejected, None));
    for told in [dated, with_undated] {
        let mut scene = Scene::new(1);
        scene.attempt(&ask(1, SONNET), 1, &told);
        let pause = scene.now().ms_until(scene.wait_until(&ask(1, SONNET)));
        assert!((30_000..=60_000).contains(&pause), "{pause}");
    }
}

#[test]
fn resets_of_a_moment_that_reject_again_are_a_growing_pause_and_no_hot_loop() {
    let mut scene = Scene::new(1);
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let leased = scene.lease(&ask(1, SONNET));
        let mut told = limited(key_window("requests"), 0);
        for window in &mut told.windows {
            window.reset = Some(scene.now().plus_ms(1));
        }
        scene.report(&leased, &told);
        scene.end(leased);
        let until = scene.wait_until(&ask(1, SONNET));
        pauses.push(scene.now().ms_until(until));
        scene.at_ms(until.as_millis());
    }
    assert_eq!(pauses, [1, 1_000, 2_000, 4_000, 8_000]);
}
