//! The roll beside a model that keeps everything that ever happened and works each answer out from the start.

use super::scene::{Scene, agent};
use portunus_core::liveness::wheel::GRAIN_MS;
use portunus_core::liveness::{Cadence, LifeEvent, Status, Watch};
use portunus_core::time::Tick;
use proptest::prelude::*;

/// So few that the observer is never suspect: here each agent is on its own.
const AGENTS: u32 = 6;

#[derive(Clone, Debug)]
enum Deed {
    Beat(u32, Option<u32>),
    Sign(u32),
    Begin(u32),
    End(u32),
    Pause(u32),
    Resume(u32),
    Forget(u32),
    Pass(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let one = 0..AGENTS;
    let seconds = prop_oneof![Just(0), 1..20_u32, 1..5_000_u32];
    prop_oneof![
        4 => (one.clone(), prop::option::of(seconds)).prop_map(|(a, s)| Deed::Beat(a, s)),
        3 => one.clone().prop_map(Deed::Sign),
        1 => one.clone().prop_map(Deed::Begin),
        2 => one.clone().prop_map(Deed::End),
        1 => one.clone().prop_map(Deed::Pause),
        1 => one.clone().prop_map(Deed::Resume),
        1 => one.prop_map(Deed::Forget),
        6 => prop_oneof![0..3_000_u64, 0..60_000_u64, 0..9_000_000_u64].prop_map(Deed::Pass),
    ]
}

#[derive(Clone, Debug, Default)]
struct Known {
    heard: Option<Tick>,
    resumed: Tick,
    running: u32,
    cadence: Option<u32>,
    paused: bool,
    exists: bool,
}

impl Known {
    fn status(&self, now: Tick) -> Status {
        if self.paused {
            return Status::Paused;
        }
        let Some(heard) = self.heard else {
            return Status::Provisioning;
        };
        let Some(seconds) = self.cadence.filter(|seconds| *seconds > 0).map(u64::from) else {
            return Status::Unmonitored;
        };
        let silence = heard.max(self.resumed).ms_until(now);
        match silence {
            _ if self.running > 0 => Status::Online,
            silence if silence > seconds * 1_500 => Status::Offline,
            silence if silence > seconds * 1_000 => Status::Late,
            _ => Status::Online,
        }
    }
}

fn apply(deed: &Deed, scene: &mut Scene, known: &mut [Known]) {
    match *deed {
        Deed::Beat(number, seconds) => {
            let one = &mut known[number as usize];
            let cadence = seconds.map(|seconds| Cadence::from_secs(seconds).unwrap());
            scene.beat(agent(number), cadence);
            one.exists = true;
            one.heard = Some(scene.now);
            one.cadence = seconds.or(one.cadence).or(Some(600));
        }
        Deed::Sign(number) => {
            scene.sign(agent(number));
            known[number as usize].exists = true;
            known[number as usize].heard = Some(scene.now);
        }
        Deed::Begin(number) => {
            scene.begin_request(agent(number));
            let one = &mut known[number as usize];
            one.exists = true;
            one.running += 1;
            one.heard = Some(scene.now);
        }
        Deed::End(number) => {
            let one = &mut known[number as usize];
            if one.running > 0 {
                scene.end_request(agent(number));
                one.running -= 1;
                one.heard = Some(scene.now);
            }
        }
        Deed::Pause(number) => {
            scene.watch(agent(number), Watch::Paused);
            known[number as usize].paused = known[number as usize].exists;
        }
        Deed::Resume(number) => {
            scene.watch(agent(number), Watch::On);
            let one = &mut known[number as usize];
            if std::mem::take(&mut one.paused) {
                one.resumed = scene.now;
            }
        }
        Deed::Forget(number) => {
            scene.forget(agent(number));
            known[number as usize] = Known::default();
        }
        Deed::Pass(ms) => scene.pass(ms),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn p9_every_status_is_what_the_whole_history_says(
        deeds in prop::collection::vec(deed(), 1..80),
    ) {
        let mut scene = Scene::new();
        let mut known = vec![Known::default(); AGENTS as usize];
        let mut told_offline = [false; AGENTS as usize];
        for deed in &deeds {
            let before: Vec<_> = known.iter().map(|one| one.status(scene.now)).collect();
            apply(deed, &mut scene, &mut known);
            for (number, one) in (0..).zip(&known) {
                if !one.exists {
                    prop_assert!(!scene.roll.knows(agent(number)));
                    continue;
                }
                let status = one.status(scene.now);
                prop_assert_eq!(scene.status(agent(number)), status, "of {} after {:?}", number, deed);
            }
            for (at, event) in scene.told.drain(..) {
                let (whose, offline) = match event {
                    LifeEvent::Offline { agent, .. } => (agent, true),
                    LifeEvent::Back(agent) => (agent, false),
                    LifeEvent::Left(_) => continue,
                    other => panic!("{other:?}"),
                };
                let number = (0..AGENTS).find(|number| agent(*number) == whose).unwrap();
                let told = &mut told_offline[number as usize];
                prop_assert_ne!(*told, offline, "{:?} twice", event);
                *told = offline;
                if offline {
                    prop_assert_eq!(known[number as usize].status(at), Status::Offline);
                }
            }
            // Nobody is offline for longer than a timer is exact without people knowing.
            let earlier = Tick::from_millis(scene.now.as_millis().saturating_sub(2 * GRAIN_MS));
            for (number, one) in known.iter().enumerate() {
                if !one.exists || before[number] == Status::Paused {
                    told_offline[number] &= one.exists && !one.paused;
                    continue;
                }
                if one.paused {
                    told_offline[number] = false;
                } else if one.status(earlier) == Status::Offline {
                    prop_assert!(told_offline[number], "{} is offline and nobody knows", number);
                } else if one.status(scene.now) == Status::Online {
                    prop_assert!(!told_offline[number], "{} is back and nobody knows", number);
                }
            }
            let census = scene.roll.census();
            let total: usize = census.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(total, scene.roll.len());
        }
    }
}
