//! P9: agents that are on time are never shown offline, and silent ones are, at one and a half times their cadence.

use crate::liveness::scene::{Scene, agent, cadence};
use portunus_core::ids::AgentId;
use portunus_core::liveness::wheel::GRAIN_MS;
use portunus_core::liveness::{Cadence, LifeEvent, Past, Status, Watch};
use portunus_core::time::Tick;

const MINUTE: u64 = 60_000;

/// A fleet that beats when it is told to, for so long; looks at every agent at every moment at which anything happens.
fn live(scene: &mut Scene, fleet: &mut [(AgentId, Tick)], ms: u64) {
    let end = scene.now.plus_ms(ms);
    loop {
        let (place, due) = fleet
            .iter()
            .enumerate()
            .map(|(place, (_, due))| (place, *due))
            .min_by_key(|(_, due)| *due)
            .unwrap();
        if due > end {
            break;
        }
        scene.pass(scene.now.ms_until(due));
        let beaten = scene.beat(fleet[place].0, None);
        assert_eq!(beaten.status, Status::Online);
        fleet[place].1 = scene.now.plus_ms(beaten.next_beat_ms.unwrap());
        for (agent, _) in fleet.iter() {
            assert_eq!(scene.status(*agent), Status::Online, "at {:?}", scene.now);
        }
    }
    scene.pass(scene.now.ms_until(end));
}

fn fleet(scene: &mut Scene, cadences: &[&str]) -> Vec<(AgentId, Tick)> {
    let fleet = cadences.iter().zip(0..).map(|(text, number)| {
        let beaten = scene.beat(agent(number), Some(cadence(text)));
        (
            agent(number),
            scene.now.plus_ms(beaten.next_beat_ms.unwrap()),
        )
    });
    fleet.collect()
}

#[test]
fn twenty_five_hours_of_agents_that_are_on_time_tell_nobody_anything() {
    let mut scene = Scene::new();
    let cadences = ["30s", "45s", "10m", "10m", "45m", "1h", "6h", "1d"];
    let mut fleet = fleet(&mut scene, &cadences);
    live(&mut scene, &mut fleet, 25 * 60 * MINUTE);
    assert!(scene.told.is_empty(), "{:?}", scene.told);
}

#[test]
fn a_silent_agent_is_late_after_its_cadence_and_offline_after_one_and_a_half() {
    let mut scene = Scene::new();
    for text in ["1s", "45s", "10m", "45m", "1d", "30d"] {
        let cadence = cadence(text);
        scene.beat(agent(1), Some(cadence));
        let beaten_at = scene.now;
        scene.pass(cadence.late_after_ms());
        assert_eq!(scene.status(agent(1)), Status::Online, "{text}");
        scene.pass(1);
        assert_eq!(scene.status(agent(1)), Status::Late, "{text}");
        scene.pass(cadence.late_after_ms() / 2 - 1);
        assert_eq!(scene.status(agent(1)), Status::Late, "{text}");
        scene.pass(1);
        assert_eq!(scene.status(agent(1)), Status::Offline, "{text}");
        scene.pass(2 * GRAIN_MS);
        let [
            (left_at, LifeEvent::Left(left)),
            (
                told_at,
                LifeEvent::Offline {
                    agent: told,
                    silent_ms,
                },
            ),
        ] = scene.told[..]
        else {
            panic!("{:?}", scene.told)
        };
        assert_eq!((left, told, left_at), (agent(1), agent(1), told_at));
        assert_eq!(silent_ms, beaten_at.ms_until(told_at));
        let exact = cadence.offline_after_ms();
        assert!(
            (exact..=exact + 2 * GRAIN_MS).contains(&silent_ms),
            "{silent_ms}"
        );
        scene.told.clear();
        scene.beat(agent(1), None);
        assert_eq!(scene.take_told(), [LifeEvent::Back(agent(1))]);
    }
}

#[test]
fn whatever_an_agent_does_is_a_sign_of_life() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("10m")));
    for _ in 0..100 {
        scene.pass(9 * MINUTE);
        scene.sign(agent(1));
        assert_eq!(scene.status(agent(1)), Status::Online);
    }
    scene.pass(16 * MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    scene.take_told();
    scene.sign(agent(1));
    assert_eq!(scene.status(agent(1)), Status::Online);
    assert_eq!(scene.take_told(), [LifeEvent::Back(agent(1))]);
}

#[test]
fn an_agent_whose_request_runs_is_alive() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("45s")));
    scene.begin_request(agent(1));
    for _ in 0..60 {
        scene.pass(MINUTE);
        assert_eq!(scene.status(agent(1)), Status::Online);
    }
    scene.end_request(agent(1));
    scene.pass(45_000);
    assert_eq!(scene.status(agent(1)), Status::Online);
    assert!(scene.told.is_empty());
    scene.pass(MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
}

#[test]
fn after_a_restart_everybody_has_a_full_threshold() {
    let mut scene = Scene::new();
    let ten = cadence("10m");
    scene.beat(agent(1), Some(ten));
    scene.pass(14 * MINUTE);
    scene.restart(&[(agent(1), ten, Past::Heard), (agent(2), ten, Past::Offline)]);
    assert_eq!(scene.status(agent(1)), Status::Online);
    assert_eq!(
        scene.status(agent(2)),
        Status::Late,
        "it may have come back just before"
    );
    scene.pass(10 * MINUTE + 1);
    assert_eq!(scene.status(agent(1)), Status::Late);
    scene.pass(5 * MINUTE - 1);
    assert_eq!(scene.status(agent(1)), Status::Late);
    assert_eq!(scene.status(agent(2)), Status::Late);
    assert!(scene.take_told().is_empty());
    scene.pass(MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    assert_eq!(scene.status(agent(2)), Status::Offline);
    let told = scene.take_told();
    assert!(
        matches!(told[..], [LifeEvent::Offline { agent: told, .. }] if told == agent(1)),
        "of the other one people know: {told:?}"
    );
    scene.sign(agent(2));
    assert_eq!(scene.take_told(), [LifeEvent::Back(agent(2))]);
}

#[test]
fn one_that_was_offline_before_a_restart_may_come_back_after_it() {
    let mut scene = Scene::new();
    scene.restart(&[(agent(1), cadence("10m"), Past::Offline)]);
    scene.pass(MINUTE);
    scene.beat(agent(1), None);
    assert_eq!(scene.status(agent(1)), Status::Online);
    assert_eq!(scene.take_told(), [LifeEvent::Back(agent(1))]);
}

#[test]
fn p9_one_that_was_offline_before_a_restart_is_told_anew_after_a_pause() {
    let mut scene = Scene::new();
    scene.restart(&[(agent(1), cadence("10m"), Past::Offline)]);
    scene.pass(16 * MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    scene.watch(agent(1), Watch::Paused);
    scene.pass(60 * MINUTE);
    scene.watch(agent(1), Watch::On);
    assert_eq!(scene.status(agent(1)), Status::Online);
    scene.take_told();
    scene.pass(15 * MINUTE + 200);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    let told = scene.take_told();
    assert!(
        matches!(told[..], [LifeEvent::Offline { agent: told, .. }] if told == agent(1)),
        "{told:?}"
    );
}

#[test]
fn a_plane_that_was_suspended_gives_everybody_a_full_threshold() {
    let mut scene = Scene::new();
    let mut gone = Vec::new();
    for (number, text) in (0..).zip(["1s", "30s", "10m", "1h", "1d"]) {
        scene.beat(agent(number), Some(cadence(text)));
        gone.push((agent(number), cadence(text)));
    }
    scene.sleep(40 * 60 * MINUTE);
    for (agent, _) in &gone {
        assert_eq!(
            scene.status(*agent),
            Status::Online,
            "asked before anything else"
        );
    }
    scene.pass(0);
    let woke = scene.now;
    for (agent, cadence) in gone {
        scene.pass(
            scene
                .now
                .ms_until(woke.plus_ms(cadence.offline_after_ms() - 1)),
        );
        assert_ne!(scene.status(agent), Status::Offline, "{cadence}");
        scene.pass(2);
        assert_eq!(scene.status(agent), Status::Offline, "{cadence}");
    }
}

#[test]
fn a_plane_that_stumbles_for_a_second_calls_no_fast_agent_dead() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("1s")));
    scene.beat(agent(2), Some(cadence("1d")));
    for _ in 0..100_000 {
        scene.pass(900);
        scene.sleep(1_000);
        assert_ne!(scene.status(agent(1)), Status::Offline);
        scene.beat(agent(1), None);
        if scene.status(agent(2)) == Status::Offline {
            scene.pass(2 * GRAIN_MS);
            let told = scene.take_told();
            assert!(
                matches!(told[..], [LifeEvent::Offline { agent: slow, .. }] if slow == agent(2))
            );
            return;
        }
    }
    panic!("stumbling excuses a slow agent for ever");
}

#[test]
fn who_is_offline_stays_so_until_it_is_heard_of_whatever_happens_to_the_plane() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("10m")));
    scene.pass(16 * MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    scene.sleep(60 * MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    scene.pass(60 * MINUTE);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    assert_eq!(scene.take_told().len(), 1);
}

#[test]
fn silence_of_one_that_is_paused_unmonitored_or_new_means_nothing() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("10m")));
    scene.watch(agent(1), Watch::Paused);
    scene.beat(agent(2), Some(Cadence::NONE));
    scene.enlist(agent(3), Some(cadence("10m")), Watch::On, Past::Unheard);
    scene.sign(agent(4));
    scene.pass(100 * 60 * MINUTE);
    let statuses = [1, 2, 3, 4].map(|number| scene.status(agent(number)));
    let expected = [
        Status::Paused,
        Status::Unmonitored,
        Status::Provisioning,
        Status::Unmonitored,
    ];
    assert_eq!(statuses, expected);
    assert!(scene.told.is_empty());
    let mut census = scene.roll.census().to_vec();
    census.retain(|(_, count)| *count > 0);
    let counted = [
        (Status::Provisioning, 1),
        (Status::Paused, 1),
        (Status::Unmonitored, 2),
    ];
    assert_eq!(census, counted);

    scene.watch(agent(1), Watch::On);
    assert_eq!(
        scene.status(agent(1)),
        Status::Online,
        "it has a full threshold again"
    );
    scene.pass(15 * MINUTE + 200);
    assert_eq!(scene.status(agent(1)), Status::Offline);
}

#[test]
fn a_shorter_cadence_counts_from_the_beat_that_declares_it() {
    let mut scene = Scene::new();
    scene.beat(agent(1), Some(cadence("1d")));
    scene.pass(MINUTE);
    scene.beat(agent(1), Some(cadence("10s")));
    scene.pass(15_100);
    assert_eq!(scene.status(agent(1)), Status::Offline);
    assert_eq!(scene.take_told().len(), 1);
    let beaten = scene.beat(agent(1), Some(cadence("1d")));
    assert_eq!(beaten.cadence, cadence("1d"));
    scene.pass(60 * 60 * MINUTE / 2);
    assert_eq!(scene.status(agent(1)), Status::Late);
}

#[test]
fn one_that_beats_without_a_word_promises_ten_minutes() {
    let mut scene = Scene::new();
    let beaten = scene.beat(agent(1), None);
    assert_eq!(
        (beaten.cadence, beaten.status),
        (Cadence::USUAL, Status::Online)
    );
    assert_eq!(
        scene.beat(agent(1), Some(cadence("45m"))).cadence,
        cadence("45m")
    );
    assert_eq!(
        scene.beat(agent(1), None).cadence,
        cadence("45m"),
        "it is kept"
    );
}

#[test]
fn a_deaf_plane_raises_one_alarm_instead_of_a_flood() {
    for size in [20, 1_000] {
        let mut scene = Scene::new();
        let cadences = vec!["10m"; size];
        let mut herd = fleet(&mut scene, &cadences);
        live_some(&mut scene, &mut herd, 60 * MINUTE);
        assert!(scene.told.is_empty());
        scene.pass(30 * MINUTE);
        for (agent, _) in &herd {
            assert_eq!(
                scene.status(*agent),
                Status::Offline,
                "the statuses stay true"
            );
        }
        let left = scene
            .told
            .iter()
            .filter(|(_, e)| matches!(e, LifeEvent::Left(_)));
        assert_eq!(left.count(), size);
        let told = scene.take_told();
        assert!(
            matches!(told[..], [LifeEvent::ObserverSuspect(_)]),
            "{told:?}"
        );
        assert!(scene.roll.is_suspect());

        // They return, but for one.
        for (agent, _) in herd.iter().skip(1) {
            scene.beat(*agent, None);
        }
        let told = scene.take_told();
        assert!(
            matches!(told[..], [LifeEvent::ObserverTrusted(_)]),
            "{told:?}"
        );
        assert_eq!(scene.status(herd[0].0), Status::Offline);
        scene.pass(9 * MINUTE);
        for (agent, _) in herd.iter().skip(1) {
            scene.beat(*agent, None);
        }
        scene.pass(6 * MINUTE + 500);
        let told = scene.take_told();
        let [LifeEvent::Offline { agent: missing, .. }] = told[..] else {
            panic!("{told:?}")
        };
        assert_eq!(
            missing, herd[0].0,
            "the one that is really gone is told in the end"
        );
    }
}

#[test]
fn a_part_of_the_fleet_that_dies_is_told_one_by_one() {
    let mut scene = Scene::new();
    let cadences = vec!["10m"; 100];
    let mut herd = fleet(&mut scene, &cadences);
    live_some(&mut scene, &mut herd, 60 * MINUTE);
    let mut alive = herd.split_off(45);
    live_some(&mut scene, &mut alive, 30 * MINUTE);
    let told = scene.take_told();
    assert_eq!(told.len(), 45, "{told:?}");
    assert!(
        told.iter()
            .all(|event| matches!(event, LifeEvent::Offline { .. }))
    );
}

#[test]
fn of_a_small_fleet_everybody_is_told_at_once() {
    let mut scene = Scene::new();
    for number in 0..19 {
        scene.beat(agent(number), Some(cadence("10m")));
    }
    scene.pass(15 * MINUTE + 2 * GRAIN_MS);
    assert_eq!(scene.take_told().len(), 19);
}

#[test]
fn those_that_were_dead_before_make_no_observer_suspect() {
    let mut scene = Scene::new();
    let ten = cadence("10m");
    let saved: Vec<_> = (0..100)
        .map(|number| {
            let past = if number < 80 {
                Past::Offline
            } else {
                Past::Heard
            };
            (agent(number), ten, past)
        })
        .collect();
    scene.restart(&saved);
    let mut alive: Vec<_> = (80..100).map(|number| (agent(number), scene.now)).collect();
    live_some(&mut scene, &mut alive, 60 * MINUTE);
    assert!(scene.take_told().is_empty());
}

#[test]
fn one_that_is_gone_is_nobody_any_more() {
    let mut scene = Scene::new();
    for number in 0..30 {
        scene.beat(agent(number), Some(cadence("10m")));
    }
    for number in 0..30 {
        scene.forget(agent(number));
    }
    scene.pass(60 * MINUTE);
    assert!(scene.told.is_empty());
    assert!(scene.roll.is_empty());
    assert!(scene.roll.census().iter().all(|(_, count)| *count == 0));
}

/// Like [`live`], for fleets too large to look at each of at every moment.
fn live_some(scene: &mut Scene, fleet: &mut [(AgentId, Tick)], ms: u64) {
    let end = scene.now.plus_ms(ms);
    let mut due: std::collections::BTreeSet<(Tick, usize)> = fleet
        .iter()
        .enumerate()
        .map(|(place, (_, due))| (*due, place))
        .collect();
    while let Some((at, place)) = due.pop_first().filter(|(at, _)| *at <= end) {
        scene.pass(scene.now.ms_until(at));
        let beaten = scene.beat(fleet[place].0, None);
        fleet[place].1 = scene.now.plus_ms(beaten.next_beat_ms.unwrap());
        due.insert((fleet[place].1, place));
    }
    scene.pass(scene.now.ms_until(end));
}

#[test]
fn p9_a_timer_whose_slot_has_begun_is_no_absence_of_the_observer() {
    let mut scene = Scene::new();
    scene.pass(9_893);
    scene.beat(agent(0), Some(cadence("1s")));
    scene.pass(7_173);
    scene.beat(agent(1), Some(cadence("5s")));
    scene.pass(1_405);
    scene.sign(agent(0));
    scene.pass(3_596);
    assert_eq!(scene.status(agent(1)), Status::Late);
}
