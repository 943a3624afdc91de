//! Cases about alarms.

use super::sample::{at, bytes, event};
use crate::{AlarmFilter, Cursor, Page, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::alarm::{Acknowledgement, Alarm, AlarmKind};
use portunus_core::ids::{AlarmId, OperatorId};

fn alarm(number: u32, subject: &str) -> Alarm {
    Alarm {
        id: AlarmId::from_bytes(bytes(number)),
        kind: AlarmKind::KeyDead,
        subject: subject.to_owned(),
        says: "the key a is dead".to_owned(),
        count: 1,
        first_at: at(number.into()),
        last_at: at(number.into()),
        over_at: None,
        acknowledged: None,
    }
}

fn somebody(millis: u64) -> Acknowledgement {
    Acknowledgement {
        at: at(millis),
        by: Principal::Operator(OperatorId::from_bytes(bytes(9))),
    }
}

async fn listed(store: &dyn Store, filter: AlarmFilter) -> Vec<Alarm> {
    let page = store.alarms(filter, Page::first(100)).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

pub(super) async fn an_alarm_is_open_until_it_is_acknowledged(store: &dyn Store) {
    let mut one = alarm(1, "a");
    store
        .save_alarms(&[one.clone(), alarm(2, "b")])
        .await
        .unwrap();
    one.again("the key a is dead again".to_owned(), at(50));
    one.over_at = Some(at(60));
    store.save_alarms(std::slice::from_ref(&one)).await.unwrap();
    let open = listed(store, AlarmFilter::Open).await;
    assert_eq!(open, [alarm(2, "b"), one.clone()]);
    let told = event("alarm.acknowledged", "x");
    let acked = store.acknowledge_alarm(one.id, somebody(70), &told).await;
    one.acknowledged = Some(somebody(70));
    assert_eq!(acked, Ok(one.clone()));
    for gone in [one.id, AlarmId::from_bytes(bytes(7))] {
        let again = store.acknowledge_alarm(gone, somebody(80), &told).await;
        assert_eq!(again, Err(StoreError::NotFound));
    }
    assert_eq!(store.audit_tree().await.unwrap().size(), 1);
    // What was still on its way when somebody looked changes nothing.
    let late = store.save_alarms(&[alarm(1, "a")]).await;
    assert_eq!(late, Ok(vec![one.clone()]));
    assert_eq!(listed(store, AlarmFilter::Acknowledged).await, [one]);
    assert_eq!(listed(store, AlarmFilter::Open).await, [alarm(2, "b")]);
    assert_eq!(listed(store, AlarmFilter::All).await.len(), 2);
    assert_eq!(store.forget_alarms(at(70)).await, Ok(0));
    assert_eq!(store.forget_alarms(at(71)).await, Ok(1));
}

pub(super) async fn one_alarm_of_a_kind_and_subject_is_open(store: &dyn Store) {
    assert_eq!(store.save_alarms(&[alarm(1, "a")]).await, Ok(vec![]));
    let other = store.save_alarms(&[alarm(2, "a"), alarm(3, "b")]).await;
    assert_eq!(other, Ok(vec![alarm(1, "a")]));
    let b = AlarmId::from_bytes(bytes(3));
    let told = event("alarm.acknowledged", "x");
    store
        .acknowledge_alarm(b, somebody(4), &told)
        .await
        .unwrap();
    assert_eq!(listed(store, AlarmFilter::Open).await, [alarm(1, "a")]);
    let one = AlarmId::from_bytes(bytes(1));
    store
        .acknowledge_alarm(one, somebody(5), &told)
        .await
        .unwrap();
    store.save_alarms(&[alarm(2, "a")]).await.unwrap();
    assert_eq!(listed(store, AlarmFilter::Open).await, [alarm(2, "a")]);
}

pub(super) async fn alarms_come_in_pages_newest_first(store: &dyn Store) {
    let alarms: Vec<Alarm> = (1..=5).map(|n| alarm(n, &n.to_string())).collect();
    store.save_alarms(&alarms).await.unwrap();
    let mut page = Page::first(2);
    let mut seen = Vec::new();
    loop {
        let listing = store.alarms(AlarmFilter::All, page.clone()).await.unwrap();
        seen.extend(listing.items);
        if listing.next.is_none() {
            break;
        }
        page.after = listing.next;
    }
    seen.reverse();
    assert_eq!(seen, alarms);
    page.after = Some(Cursor::new("agents.a".into()));
    let refused = store.alarms(AlarmFilter::All, page).await;
    assert_eq!(refused, Err(StoreError::BadCursor));
}
