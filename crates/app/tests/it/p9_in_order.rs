//! P9: what is told of agents is told in the order in which it was decided, whoever comes in between.

use crate::plane::{Stage, prove};
use portunus_app::Plane;
use portunus_app::alarms::{self, list::AlarmFilter};
use portunus_app::liveness::{Beat, beat, watch};
use portunus_core::liveness::{Status, Watch};
use portunus_core::secret::Secret;
use portunus_core::time::{Clock, Tick, Timestamp};
use portunus_store::Page;
use portunus_testkit::TestClock;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

type Interruption = Box<dyn FnOnce() + Send>;

/// A clock at which somebody else does something when it is looked at next, before it answers.
struct Interrupted {
    clock: TestClock,
    next: Mutex<Option<Interruption>>,
}

impl Clock for Interrupted {
    fn now(&self) -> Timestamp {
        let interruption = self.next.lock().unwrap().take();
        if let Some(act) = interruption {
            std::thread::spawn(act).join().unwrap();
        }
        self.clock.now()
    }

    fn tick(&self) -> Tick {
        self.clock.tick()
    }
}

/// A runtime whose tasks go on only while somebody is within it, so that nobody but the test looks up.
fn runtime() -> Arc<Runtime> {
    Arc::new(Builder::new_current_thread().enable_all().build().unwrap())
}

/// Lets an agent fall silent; `meanwhile` happens between the decision that it is offline and the telling.
fn alarms_that_last<F, W>(meanwhile: W) -> usize
where
    F: Future<Output = ()>,
    W: FnOnce(Arc<Plane>, Arc<Stage>, Secret) -> F + Send + 'static,
{
    let (inside, outside) = (runtime(), runtime());
    let stage = Arc::new(inside.block_on(Stage::new()));
    let clock = Arc::new(Interrupted {
        clock: stage.clock.clone(),
        next: Mutex::default(),
    });
    let plane = inside.block_on(stage.timed_by(Arc::clone(&clock) as _));
    let (token, agent) = inside.block_on(async {
        let token = {
            let name = "mayor".parse().unwrap();
            let created = portunus_app::agents::create(&plane, stage.operator, name).await;
            created.unwrap().token
        };
        let session = prove(&plane, &token).await.unwrap();
        let ten_minutes = Beat {
            cadence: Some("10m".parse().unwrap()),
            ..Beat::default()
        };
        let heard = beat(&plane, &session, ten_minutes).await.unwrap();
        (token, heard.agent)
    });
    let pass = |seconds| {
        for _ in 0..seconds {
            clock.clock.advance(Duration::from_secs(1));
            outside.block_on(plane.liveness().look_up()).unwrap();
        }
    };
    pass(899);
    let (within, there) = (Arc::clone(&inside), Arc::clone(&plane));
    *clock.next.lock().unwrap() = Some(Box::new(move || {
        within.block_on(async {
            let life = there.liveness().of(agent).await.unwrap();
            assert_eq!(life.status, Status::Offline, "it is decided");
            meanwhile(there, stage, token).await;
        });
    }));
    pass(2);
    assert!(clock.next.lock().unwrap().is_none(), "it happened");
    inside.block_on(async {
        let open = alarms::list(&plane, AlarmFilter::Open, Page::first(10)).await;
        let open = open.unwrap().items.into_iter();
        open.filter(|alarm| alarm.over_at.is_none()).count()
    })
}

#[test]
fn p9_an_agent_that_beats_while_its_silence_is_told_leaves_no_alarm_behind() {
    let lasting = alarms_that_last(|plane, _, token| async move {
        let session = prove(&plane, &token).await.unwrap();
        beat(&plane, &session, Beat::default()).await.unwrap();
    });
    assert_eq!(lasting, 0);
}

#[test]
fn p9_an_agent_that_is_paused_while_its_silence_is_told_leaves_no_alarm_behind() {
    let lasting = alarms_that_last(|plane, stage, _| async move {
        let paused = watch(&plane, stage.operator, "mayor".into(), Watch::Paused);
        paused.await.unwrap();
    });
    assert_eq!(lasting, 0);
}

#[test]
fn p9_an_agent_that_is_archived_while_its_silence_is_told_leaves_no_alarm_behind() {
    let lasting = alarms_that_last(|plane, stage, _| async move {
        let archived = portunus_app::agents::archive(&plane, stage.operator, "mayor".into());
        archived.await.unwrap();
    });
    assert_eq!(lasting, 0);
}
