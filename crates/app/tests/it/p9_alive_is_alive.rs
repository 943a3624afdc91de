//! P9: agents that are on time are never shown offline, whatever becomes of the plane, the clock or the database.

use crate::plane::{Stage, prove};
use portunus_app::Plane;
use portunus_app::alarms::{self, list::AlarmFilter};
use portunus_app::liveness::{Beat, BeatError, Heard, Life, beat, watch};
use portunus_core::agent::Principal;
use portunus_core::alarm::{Alarm, AlarmKind};
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Status, Watch};
use portunus_core::secret::Secret;
use portunus_core::time::{Clock, Tick};
use portunus_store::memory::Outage;
use portunus_store::{AuditFilter, Page, Store};
use std::sync::Arc;
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;

/// An agent as it runs somewhere: its token, and when it beats next.
struct Running {
    id: AgentId,
    token: Secret,
    due: Tick,
}

fn says(cadence: &str) -> Beat {
    Beat {
        cadence: Some(cadence.parse().unwrap()),
        ..Beat::default()
    }
}

async fn beats(plane: &Arc<Plane>, token: &Secret, what: Beat) -> Heard {
    let session = prove(plane, token).await.unwrap();
    beat(plane, &session, what).await.unwrap()
}

async fn life(plane: &Plane, agent: AgentId) -> Life {
    plane.liveness().of(agent).await.unwrap()
}

/// Time passes in the steps that a keeper takes.
async fn pass(stage: &Stage, plane: &Plane, ms: u64) {
    let end = stage.clock.tick().plus_ms(ms);
    loop {
        let left = stage.clock.tick().ms_until(end);
        if left == 0 {
            break;
        }
        stage.clock.advance(Duration::from_millis(left.min(1_000)));
        plane.liveness().look_up().await.unwrap();
    }
}

async fn actions(stage: &Stage, plane: &Plane) -> Vec<String> {
    plane.pools().recorder().flush().await.unwrap();
    let log = stage
        .store
        .audit(AuditFilter::default(), Page::first(1_000))
        .await;
    let about_life = |action: &String| {
        ["agent.offline", "agent.online", "observer."]
            .iter()
            .any(|one| action.starts_with(one))
    };
    let items = log.unwrap().items.into_iter().rev();
    items
        .map(|record| record.action)
        .filter(about_life)
        .collect()
}

async fn open_alarms(plane: &Plane) -> Vec<Alarm> {
    let open = alarms::list(plane, AlarmFilter::Open, Page::first(100)).await;
    open.unwrap().items
}

#[tokio::test(start_paused = true)]
async fn twenty_five_hours_with_restarts_clock_steps_and_an_outage() {
    let stage = Stage::new().await;
    let mut plane = Arc::clone(&stage.plane);
    let mut fleet = Vec::new();
    for (name, cadence) in [
        ("ant", "30s"),
        ("bee", "10m"),
        ("cat", "45m"),
        ("dog", "1d"),
    ] {
        let token = stage.agent(name).await;
        let heard = beats(&plane, &token, says(cadence)).await;
        let due = stage
            .clock
            .tick()
            .plus_ms(heard.beaten.next_beat_ms.unwrap());
        fleet.push(Running {
            id: heard.agent,
            token,
            due,
        });
    }
    for step in 0..(25 * HOUR_MS / 1_000) {
        match step % 10_000 {
            3_000 => stage.clock.set(stage.clock.now().minus_ms(20 * HOUR_MS)),
            4_000 => stage.clock.set(stage.clock.now().plus_ms(40 * HOUR_MS)),
            5_000 => stage.store.outage(Outage::Begins),
            6_000 => stage.store.outage(Outage::Ends),
            // Without a word of farewell.
            7_000 => plane = stage.restarted().await,
            // The machine sleeps, and the agents with it.
            8_000 => {
                stage.clock.advance(Duration::from_millis(7 * HOUR_MS));
                for agent in &mut fleet {
                    agent.due = agent.due.plus_ms(7 * HOUR_MS);
                }
            }
            _ => stage.clock.advance(Duration::from_secs(1)),
        }
        plane.liveness().look_up().await.unwrap();
        for agent in &mut fleet {
            if agent.due <= stage.clock.tick() {
                let heard = beats(&plane, &agent.token, Beat::default()).await;
                agent.due = stage
                    .clock
                    .tick()
                    .plus_ms(heard.beaten.next_beat_ms.unwrap());
            }
            let status = life(&plane, agent.id).await.status;
            assert_ne!(status, Status::Offline, "at step {step}");
        }
    }
    assert_eq!(actions(&stage, &plane).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_silent_one_is_offline_at_one_and_a_half_and_people_hear_of_it_and_of_its_return() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let agent = beats(plane, &token, says("10m")).await.agent;
    pass(&stage, plane, 600_000).await;
    assert_eq!(life(plane, agent).await.status, Status::Online);
    pass(&stage, plane, 299_000).await;
    assert_eq!(life(plane, agent).await.status, Status::Late);
    assert!(actions(&stage, plane).await.is_empty());
    pass(&stage, plane, 2_000).await;
    assert_eq!(life(plane, agent).await.status, Status::Offline);
    assert_eq!(actions(&stage, plane).await, ["agent.offline"]);
    let [alarm] = open_alarms(plane).await.try_into().unwrap();
    assert_eq!(alarm.kind, AlarmKind::AgentOffline);
    assert_eq!((&alarm.subject, alarm.over_at), (&agent.to_string(), None));
    assert!(
        alarm.says.starts_with("the agent mayor is offline"),
        "{alarm:?}"
    );
    // Whatever it does with a valid credential.
    stage.prove(&token).await.unwrap();
    assert_eq!(life(plane, agent).await.status, Status::Online);
    plane.liveness().look_up().await.unwrap();
    assert_eq!(
        actions(&stage, plane).await,
        ["agent.offline", "agent.online"]
    );
    let [alarm] = open_alarms(plane).await.try_into().unwrap();
    assert!(alarm.over_at.is_some() && alarm.count == 1, "{alarm:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_about_an_agent_ends_when_nobody_waits_for_it_any_more() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    for name in ["ant", "bee", "cat"] {
        beats(plane, &stage.agent(name).await, says("10m")).await;
    }
    pass(&stage, plane, HOUR_MS).await;
    let lasting = async || {
        let open = open_alarms(plane).await;
        open.iter().filter(|alarm| alarm.over_at.is_none()).count()
    };
    assert_eq!(lasting().await, 3);
    let by = stage.operator;
    watch(plane, by, "ant".into(), Watch::Paused).await.unwrap();
    assert_eq!(lasting().await, 2);
    let archived = portunus_app::agents::archive(plane, by, "bee".into());
    archived.await.unwrap();
    assert_eq!(lasting().await, 1);
    let deleted = portunus_app::agents::delete(plane, by, "cat".into());
    deleted.await.unwrap();
    assert_eq!(lasting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_runs_is_a_sign_of_life_that_lasts() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let agent = beats(plane, &token, says("45s")).await.agent;
    let session = stage.prove(&token).await.unwrap();
    let presence = session.presence().unwrap();
    pass(&stage, plane, HOUR_MS / 4).await;
    assert_eq!(life(plane, agent).await.status, Status::Online);
    plane.liveness().leave(presence);
    pass(&stage, plane, 44_000).await;
    assert_eq!(life(plane, agent).await.status, Status::Online);
    pass(&stage, plane, 30_000).await;
    assert_eq!(life(plane, agent).await.status, Status::Offline);
    let operator = stage.prove(&stage.operator_token).await.unwrap();
    assert!(operator.presence().is_none(), "people are not waited for");
}

#[tokio::test(start_paused = true)]
async fn a_promise_outlives_a_crash_from_the_moment_of_its_answer() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    beats(&stage.plane, &token, says("10s")).await;
    let agent = beats(&stage.plane, &token, says("1d")).await.agent;
    let plane = stage.restarted().await;
    assert_eq!(
        life(&plane, agent).await.cadence,
        Some("1d".parse().unwrap())
    );
    pass(&stage, &plane, HOUR_MS).await;
    assert_eq!(life(&plane, agent).await.status, Status::Online);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_database_costs_no_agent_its_beat() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let agent = beats(plane, &token, says("10m")).await.agent;
    stage.store.outage(Outage::Begins);
    let heard = beats(plane, &token, says("45m")).await;
    assert_eq!(heard.beaten.cadence, "45m".parse().unwrap());
    assert_eq!(life(plane, agent).await.status, Status::Online);
    stage.store.outage(Outage::Ends);
    // The promise is saved as soon as it can be.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let restarted = stage.restarted().await;
    assert_eq!(
        life(&restarted, agent).await.cadence,
        Some("45m".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_known_is_shown_after_a_restart_and_one_that_was_offline_is_told_once() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let mut what = says("10m");
    what.note = portunus_app::liveness::beat::Said::Note("counting keys".parse().unwrap());
    let agent = beats(&stage.plane, &token, what).await.agent;
    let seen_at = stage.clock.now();
    pass(&stage, &stage.plane, 901_000).await;
    assert_eq!(actions(&stage, &stage.plane).await, ["agent.offline"]);
    stage.plane.flush().await.unwrap();
    stage.clock.advance(Duration::from_millis(HOUR_MS));
    let plane = stage.restarted().await;
    let shown = life(&plane, agent).await;
    assert_eq!(
        shown.status,
        Status::Late,
        "it may have come back just before"
    );
    let seen_ago = seen_at.ms_until(shown.last_seen_at.unwrap());
    assert!(seen_ago < 50, "{seen_ago} ms");
    assert_eq!(shown.last_heartbeat_at, shown.last_seen_at);
    assert_eq!(shown.note.unwrap().as_str(), "counting keys");
    pass(&stage, &plane, 2 * HOUR_MS).await;
    assert_eq!(life(&plane, agent).await.status, Status::Offline);
    assert_eq!(actions(&stage, &plane).await, ["agent.offline"]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_agent_alarms_nobody_also_after_a_restart() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let agent = beats(&stage.plane, &token, says("10m")).await.agent;
    let by = stage.operator;
    let shown = watch(&stage.plane, by, "mayor".into(), Watch::Paused)
        .await
        .unwrap();
    assert_eq!(shown.life.status, Status::Paused);
    let plane = stage.restarted().await;
    pass(&stage, &plane, HOUR_MS).await;
    assert_eq!(life(&plane, agent).await.status, Status::Paused);
    let shown = watch(&plane, by, "mayor".into(), Watch::On).await.unwrap();
    assert_eq!(shown.life.status, Status::Online);
    assert_eq!(life(&plane, agent).await.status, Status::Online);
    pass(&stage, &plane, HOUR_MS).await;
    assert_eq!(life(&plane, agent).await.status, Status::Offline);
    assert_eq!(actions(&stage, &plane).await, ["agent.offline"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_offline_alarms_anew_when_it_stays_away_after_its_pause() {
    let stage = Stage::new().await;
    let (mut plane, by) = (Arc::clone(&stage.plane), stage.operator);
    let token = stage.agent("mayor").await;
    beats(&plane, &token, says("10m")).await;
    pass(&stage, &plane, HOUR_MS).await;
    assert_eq!(open_alarms(&plane).await.len(), 1);
    plane.flush().await.unwrap();
    plane = stage.restarted().await;
    pass(&stage, &plane, HOUR_MS).await;
    watch(&plane, by, "mayor".into(), Watch::Paused)
        .await
        .unwrap();
    let ended = open_alarms(&plane).await;
    assert!(ended.iter().all(|alarm| alarm.over_at.is_some()));
    // A restart within the pause changes nothing about it.
    plane.flush().await.unwrap();
    plane = stage.restarted().await;
    watch(&plane, by, "mayor".into(), Watch::On).await.unwrap();
    pass(&stage, &plane, HOUR_MS).await;
    let open = open_alarms(&plane).await;
    let anew = open.iter().filter(|alarm| alarm.over_at.is_none());
    assert_eq!(anew.count(), 1, "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn p9_a_restored_agent_is_not_paused_by_a_restart() {
    let stage = Stage::new().await;
    let (plane, by) = (&stage.plane, stage.operator);
    let token = stage.agent("mayor").await;
    let agent = beats(plane, &token, says("10m")).await.agent;
    watch(plane, by, "mayor".into(), Watch::Paused)
        .await
        .unwrap();
    portunus_app::agents::archive(plane, by, "mayor".into())
        .await
        .unwrap();
    let session = stage.prove(&stage.operator_token).await.unwrap();
    let restored = portunus_app::agents::restore(plane, session, by, "mayor".into(), None);
    let token = restored.await.unwrap().token;
    beats(plane, &token, says("10m")).await;
    assert_eq!(life(plane, agent).await.status, Status::Online);
    plane.flush().await.unwrap();
    let plane = stage.restarted().await;
    pass(&stage, &plane, 60_000).await;
    assert_eq!(life(&plane, agent).await.status, Status::Online);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_agent_is_waited_for_by_nobody() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    beats(plane, &token, says("10m")).await;
    portunus_app::agents::delete(plane, stage.operator, "mayor".into())
        .await
        .unwrap();
    let late = beat(plane, &session, Beat::default()).await;
    assert!(matches!(late, Err(BeatError::Auth(_))), "{late:?}");
    pass(&stage, plane, HOUR_MS).await;
    assert!(actions(&stage, plane).await.is_empty());
    assert!(
        plane
            .liveness()
            .census()
            .agents
            .iter()
            .all(|(_, count)| *count == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn most_of_a_fleet_that_falls_silent_together_is_one_alarm() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let mut fleet = Vec::new();
    for number in 0..25 {
        let token = stage.agent(&format!("agent-{number}")).await;
        fleet.push(beats(plane, &token, says("1m")).await.agent);
    }
    pass(&stage, plane, 120_000).await;
    assert_eq!(actions(&stage, plane).await, ["observer.suspect"]);
    for agent in fleet {
        assert_eq!(life(plane, agent).await.status, Status::Offline);
    }
    assert!(plane.liveness().census().is_observer_suspect);
    let [alarm] = open_alarms(plane).await.try_into().unwrap();
    assert_eq!(alarm.kind, AlarmKind::ObserverSuspect);
    assert_eq!((alarm.count, alarm.over_at), (1, None));
    // A plane that begins to listen has no doubts yet.
    let restarted = stage.restarted().await;
    let [alarm] = open_alarms(&restarted).await.try_into().unwrap();
    assert!(alarm.over_at.is_some(), "{alarm:?}");
}

#[tokio::test(start_paused = true)]
async fn only_an_agent_beats_and_only_for_itself() {
    let stage = Stage::new().await;
    let operator = stage.prove(&stage.operator_token).await.unwrap();
    let refused = beat(&stage.plane, &operator, Beat::default()).await;
    assert_eq!(refused, Err(BeatError::NotAnAgent));
    let token = stage.agent("mayor").await;
    let heard = beats(&stage.plane, &token, Beat::default()).await;
    let session = stage.prove(&token).await.unwrap();
    assert_eq!(session.principal, Principal::Agent(heard.agent));
}
