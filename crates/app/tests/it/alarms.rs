//! Alarms of a whole plane: raised where something goes wrong, one while it is open, kept, acknowledged, told.

use crate::plane::{PEER, Stage, bearer};
use parking_lot::Mutex;
use portunus_app::alarms::list::AlarmFilter;
use portunus_app::alarms::{AcknowledgeError, acknowledge, list};
use portunus_app::clock::SystemClock;
use portunus_app::webhook::{Courier, Posting, Webhook, WebhookSecret};
use portunus_core::alarm::{Alarm, AlarmKind};
use portunus_core::audit::{Actor, SignedCheckpoint};
use portunus_core::time::Clock;
use portunus_store::memory::Outage;
use portunus_store::{AuditFilter, AuditStore, Page, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

async fn listed(stage: &Stage, filter: AlarmFilter) -> Vec<Alarm> {
    let page = list(&stage.plane, filter, Page::first(100)).await;
    page.unwrap().items
}

async fn fail(stage: &Stage, times: usize) {
    for _ in 0..times {
        let answer = stage.plane.admit(&bearer("ptna_cut"), Some(PEER)).await;
        assert!(answer.is_err());
    }
}

#[tokio::test]
async fn a_penalty_raises_one_alarm_until_somebody_looks() {
    let stage = Stage::new().await;
    fail(&stage, 10).await;
    let open = listed(&stage, AlarmFilter::Open).await;
    assert_eq!(open.len(), 1);
    let alarm = &open[0];
    assert_eq!(alarm.kind, AlarmKind::SourcePenalised);
    assert_eq!((alarm.subject.as_str(), alarm.count), ("203.0.113.7", 1));
    stage.clock.advance(Duration::from_secs(301));
    fail(&stage, 10).await;
    let open = listed(&stage, AlarmFilter::Open).await;
    assert_eq!((open.len(), open[0].id, open[0].count), (1, alarm.id, 2));
    // Open alarms are known after a restart.
    let restarted = stage.restarted().await;
    assert_eq!(restarted.alarms().count(), 1);

    let seen = acknowledge(&stage.plane, stage.operator, alarm.id).await;
    assert_eq!(seen.unwrap().acknowledged.unwrap().by, stage.operator);
    assert!(listed(&stage, AlarmFilter::Open).await.is_empty());
    assert_eq!(listed(&stage, AlarmFilter::Acknowledged).await.len(), 1);
    let again = acknowledge(&stage.plane, stage.operator, alarm.id).await;
    assert_eq!(again.unwrap_err(), AcknowledgeError::NotFound);
    let filter = AuditFilter {
        action_prefix: Some("alarm.".to_owned()),
        subjects: Vec::new(),
    };
    let log = stage.store.audit(filter, Page::first(9)).await.unwrap();
    assert_eq!(log.items.len(), 1);
    assert_eq!(log.items[0].actor, Actor::Principal(stage.operator));
    stage.clock.advance(Duration::from_secs(301));
    fail(&stage, 10).await;
    let open = listed(&stage, AlarmFilter::Open).await;
    assert_eq!((open.len(), open[0].count), (1, 1), "another alarm");
}

#[tokio::test]
async fn any_node_of_a_database_acknowledges_an_alarm_and_the_others_raise_another_one() {
    let stage = Stage::new().await;
    let other = stage.restarted().await;
    fail(&stage, 10).await;
    let alarm = listed(&stage, AlarmFilter::Open).await.remove(0);
    let seen = acknowledge(&other, stage.operator, alarm.id).await.unwrap();
    assert_eq!(seen.acknowledged.unwrap().by, stage.operator);
    assert_eq!((seen.id, seen.subject), (alarm.id, alarm.subject));
    assert!(listed(&stage, AlarmFilter::Open).await.is_empty());
    // The node that raised it does not count what happens now in what somebody has looked at.
    stage.clock.advance(Duration::from_secs(301));
    fail(&stage, 10).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let anew = loop {
        if let Some(anew) = listed(&stage, AlarmFilter::Open).await.pop() {
            break anew;
        }
        assert!(tokio::time::Instant::now() < deadline, "it was swallowed");
        tokio::task::yield_now().await;
    };
    assert_ne!(anew.id, alarm.id);
    assert_eq!(anew.count, 1);
}

/// Takes every message.
#[derive(Default)]
struct Inbox(Mutex<Vec<String>>);

impl Courier for Inbox {
    fn post<'a>(&'a self, headers: &'a [(&'static str, String)], body: &'a [u8]) -> Posting<'a> {
        assert_eq!(headers.len(), 3);
        self.0
            .lock()
            .push(String::from_utf8_lossy(body).into_owned());
        Box::pin(async { Ok(204) })
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_database_is_told_at_once_and_so_is_its_end() {
    let stage = Stage::new().await;
    let inbox = Arc::new(Inbox::default());
    let courier: Arc<dyn Courier> = Arc::clone(&inbox) as _;
    let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let webhook = Webhook::start(courier, secret, clock, &Handle::current());
    stage.plane.alarms().told_to(webhook);
    stage.store.outage(Outage::Begins);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(stage.plane.alarms().count(), 1);
    stage.store.outage(Outage::Ends);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let open = listed(&stage, AlarmFilter::Open).await;
    let alarm = &open[0];
    assert_eq!(alarm.kind, AlarmKind::StoreUnavailable);
    assert!(alarm.count > 1 && alarm.over_at.is_some(), "{alarm:?}");
    let told = inbox.0.lock().clone();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("alarm.raised") && told[0].contains("store.unavailable"));
    assert!(told[1].contains("alarm.over") && told[1].contains(&alarm.id.to_string()));
}

#[tokio::test]
async fn p12_a_log_that_does_not_hold_is_found_at_the_start() {
    let stage = Stage::new().await;
    let forged = SignedCheckpoint {
        size: 2,
        at: stage.clock.now(),
        note: "urn:portunus:x\n2\nx\n\n\u{2014} urn:portunus:x AAAA\n".to_owned(),
    };
    stage.store.add_checkpoint(&forged).await.unwrap();
    let restarted = stage.restarted().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while restarted.alarms().count() == 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "no alarm was raised"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let open = list(&restarted, AlarmFilter::Open, Page::first(9)).await;
    let alarm = open.unwrap().items.remove(0);
    assert_eq!(alarm.kind, AlarmKind::LogInconsistent);
    assert!(
        alarm
            .says
            .contains("the checkpoint of 2 records was altered"),
        "{alarm:?}"
    );
}
