//! The way back after a rest: a probe, then twice as many time and again, and no slot is ever lost.

use crate::scene::{OK, OPUS, SONNET, Scene, ask, family_window, key_window, limited};
use portunus_core::pool::{Class, Leased, Observation, Standing};

fn rested() -> Scene {
    let mut scene = Scene::new(1);
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_600));
    scene.at_s(1_600);
    scene
}

fn as_many_as_go(scene: &mut Scene) -> Vec<Leased> {
    for agent in 0..100 {
        scene.enqueue(&ask(agent, SONNET));
    }
    scene
        .grants()
        .into_iter()
        .map(|(_, leased)| leased)
        .collect()
}

#[test]
fn one_request_probes_and_then_twice_as_many_may_run_each_time_all_have_succeeded() {
    let mut scene = rested();
    let mut running = as_many_as_go(&mut scene);
    assert_eq!(running.len(), 1);
    assert!(running[0].is_probe());
    let mut widths = vec![];
    for answered in 0..32 {
        scene.report(&running[answered], &OK);
        running.extend(scene.grants().into_iter().map(|(_, leased)| leased));
        widths.push(running.len());
    }
    assert_eq!(widths[..8], [2, 4, 4, 8, 8, 8, 8, 16]);
    assert_eq!(widths[30..], [32, 100]);
    assert_eq!(scene.standing(1), Standing::Ready);
}

#[test]
fn a_probe_that_is_limited_again_lets_nobody_else_run_into_it() {
    let mut scene = rested();
    let mut running = as_many_as_go(&mut scene);
    let probe = running.remove(0);
    scene.report(&probe, &limited(key_window("5h"), 1_700));
    scene.end(probe);
    assert!(scene.grants().is_empty());
    scene.at_s(1_699);
    assert!(scene.grants().is_empty());
    scene.at_s(1_700);
    assert_eq!(scene.grants().len(), 1);
}

#[test]
fn a_probe_that_is_dropped_or_proves_nothing_gives_its_slot_back() {
    let overload = Observation::bare(Class::Overload {
        retry_after_ms: None,
    });
    for observation in [
        None,
        Some(overload),
        Some(Observation::bare(Class::Network)),
        Some(Observation::bare(Class::ClientFault)),
    ] {
        let mut scene = rested();
        let probe = scene.lease(&ask(1, SONNET));
        scene.wait_until(&ask(2, SONNET));
        if let Some(observation) = observation {
            scene.report(&probe, &observation);
        }
        scene.end(probe);
        assert!(scene.lease(&ask(2, SONNET)).is_probe());
    }
}

#[test]
fn a_silent_probe_does_not_hold_everybody_up() {
    let mut scene = rested();
    let _silent = scene.lease(&ask(1, SONNET));
    scene.enqueue(&ask(2, SONNET));
    assert!(scene.grants().is_empty());
    let wake = scene.pool.next_wake(scene.now()).expect("somebody waits");
    scene.at_ms(wake.as_millis());
    assert_eq!(wake.as_millis(), 1_605_000);
    assert_eq!(scene.grants().len(), 1);
}

#[test]
fn streams_from_before_the_rest_do_not_block_the_probe() {
    let mut scene = Scene::new(1);
    let streams: Vec<_> = (0..50).map(|_| scene.lease(&ask(1, SONNET))).collect();
    scene.attempt(&ask(1, SONNET), 1, &limited(key_window("5h"), 1_600));
    scene.at_s(1_600);
    assert!(scene.lease(&ask(1, SONNET)).is_probe());
    for stream in streams {
        scene.end(stream);
    }
    scene.wait_until(&ask(1, SONNET));
}

#[test]
fn a_family_on_its_way_back_does_not_slow_the_others() {
    let mut scene = Scene::new(1);
    scene.attempt(
        &ask(1, SONNET),
        1,
        &limited(family_window(SONNET, "7d_sonnet"), 1_600),
    );
    scene.at_s(1_600);
    let _probe = scene.lease(&ask(1, SONNET));
    scene.wait_until(&ask(1, SONNET));
    for _ in 0..10 {
        assert!(!scene.lease(&ask(1, OPUS)).is_probe());
    }
}

#[test]
fn every_slot_is_given_back_whatever_happens_to_its_lease() {
    let mut scene = Scene::new(3);
    for round in 0..300u64 {
        let leased = scene.lease(&ask(1, SONNET));
        if round % 3 == 0 {
            scene.report(&leased, &OK);
        }
        if round % 7 == 0 {
            scene.report(&leased, &Observation::bare(Class::Network));
        }
        scene.end(leased);
    }
    for number in 1..=3 {
        assert_eq!(scene.key_status(number).in_flight, 0);
        assert_eq!(scene.standing(number), Standing::Ready);
    }
}

#[test]
fn late_429s_do_not_let_a_herd_past_the_ramp() {
    let mut scene = Scene::new(1);
    let mut burst: Vec<_> = (0..20).map(|_| scene.lease(&ask(1, SONNET))).collect();
    let first = burst.remove(0);
    scene.report(&first, &limited(key_window("5h"), 1_010));
    scene.end(first);
    for _ in 0..30 {
        scene.enqueue(&ask(2, SONNET));
    }
    scene.outbox();
    scene.at_ms(1_010_500);
    let mut running = scene.grants().len();
    assert_eq!(running, 1);
    // Late answers of the burst, each with the reset that has passed: the probe was never answered.
    for late in burst {
        scene.report(&late, &limited(key_window("5h"), 1_010));
        scene.end(late);
        running += scene.grants().len();
    }
    assert_eq!(running, 1);
}

#[test]
fn a_burst_that_was_limited_before_anyone_knew_leads_to_one_probe() {
    let mut scene = Scene::new(1);
    let burst: Vec<_> = (0..20).map(|_| scene.lease(&ask(1, SONNET))).collect();
    scene.at_ms(1_010_500);
    let mut running = Vec::new();
    for late in burst {
        scene.report(&late, &limited(key_window("5h"), 1_010));
        scene.end(late);
        scene.enqueue(&ask(2, SONNET));
        running.extend(scene.grants());
    }
    assert_eq!(running.len(), 1);
}

#[test]
fn a_silent_probe_holds_nobody_up_when_the_clock_is_set_back() {
    let mut scene = rested();
    let _silent = scene.lease(&ask(1, SONNET));
    scene.at_s(1_600 - 1_500);
    scene.wait_until(&ask(2, SONNET));
    scene.at_s(1_600 - 1_500 + 5);
    assert!(scene.lease(&ask(2, SONNET)).is_probe());
}
