//! Cases about notifications, and what each operator has read of them.

use super::operators::create;
use super::receipts::ANN;
use super::sample::{at, bytes, claim, event, notice, receipt};
use crate::{
    AllRead, Cursor, Force, NotificationFilter, NotificationOrder, Page, Reader, Store, StoreError,
    no_receipt,
};
use portunus_core::ids::{NotificationId, OperatorId};
use portunus_core::notification::{Notification, Priority, ReadState};
use portunus_core::operator::Authority;

async fn send(store: &dyn Store, number: u32, source: u32, priority: Priority) -> Notification {
    let draft = notice(number, source, priority, u64::from(number) * 100);
    store.notify(&draft, &no_receipt).await.unwrap()
}

async fn operator(store: &dyn Store, number: u32, text: &str) -> OperatorId {
    let (operator, _) = create(store, number, text, Authority::everything()).await;
    operator.id
}

fn id(number: u32) -> NotificationId {
    NotificationId::from_bytes(bytes(number))
}

fn nobody(number: u32) -> OperatorId {
    OperatorId::from_bytes(bytes(number))
}

async fn numbers(store: &dyn Store, filter: NotificationFilter, reader: Reader) -> Vec<u64> {
    let list = store.notifications(&filter, reader, Page::first(9)).await;
    let items = list.unwrap().items;
    items.iter().map(|one| one.notification.number).collect()
}

pub(super) async fn notifications_are_numbered_narrowed_and_paged(store: &dyn Store) {
    let first = send(store, 1, 1, Priority::Low).await;
    send(store, 2, 2, Priority::Urgent).await;
    send(store, 3, 1, Priority::High).await;
    assert_eq!(first.number, 1);
    let shown = store.notification(first.id, Reader::Nobody).await.unwrap();
    assert_eq!((shown.notification, shown.state), (first.clone(), None));
    let twice = notice(1, 1, Priority::Low, 900);
    let twice = store.notify(&twice, &no_receipt).await;
    assert!(matches!(twice, Err(StoreError::Inconsistent(_))));
    let all = NotificationFilter::default;
    assert_eq!(numbers(store, all(), Reader::Nobody).await, [3, 2, 1]);
    let high = NotificationFilter {
        least: Priority::High,
        ..all()
    };
    assert_eq!(numbers(store, high, Reader::Nobody).await, [3, 2]);
    let of_one = NotificationFilter {
        source: Some(first.source.agent),
        since: Some(at(200)),
        ..all()
    };
    assert_eq!(numbers(store, of_one, Reader::Nobody).await, [3]);
    let after = NotificationFilter {
        order: NotificationOrder::After(1),
        ..all()
    };
    assert_eq!(numbers(store, after.clone(), Reader::Nobody).await, [2, 3]);
    let page = store
        .notifications(&all(), Reader::Nobody, Page::first(2))
        .await
        .unwrap();
    let rest = Page {
        after: page.next,
        limit: 2,
    };
    let other = store
        .notifications(&after, Reader::Nobody, rest.clone())
        .await;
    assert_eq!(other, Err(StoreError::BadCursor));
    let rest = store
        .notifications(&all(), Reader::Nobody, rest)
        .await
        .unwrap();
    assert_eq!((rest.items[0].notification.number, rest.next), (1, None));
    let strange = Page {
        after: Some(Cursor::new("agents.ops".into())),
        limit: 2,
    };
    let strange = store.notifications(&all(), Reader::Nobody, strange).await;
    assert_eq!(strange, Err(StoreError::BadCursor));
    let missing = store.notification(id(9), Reader::Nobody).await;
    assert_eq!(missing, Err(StoreError::NotFound));
}

pub(super) async fn each_operator_reads_for_itself(store: &dyn Store) {
    let (ann, bob) = (
        operator(store, 1, "ann").await,
        operator(store, 2, "bob").await,
    );
    for number in 1..=4 {
        send(store, number, 1, Priority::Normal).await;
    }
    let unread = || NotificationFilter {
        state: Some(ReadState::Unread),
        ..NotificationFilter::default()
    };
    let read = || NotificationFilter {
        state: Some(ReadState::Read),
        ..NotificationFilter::default()
    };
    for _ in 0..2 {
        let marked = store.mark_read(ann, id(3), &no_receipt).await.unwrap();
        assert_eq!(marked.number, 3);
    }
    assert_eq!(
        numbers(store, unread(), Reader::Operator(ann)).await,
        [4, 2, 1]
    );
    assert_eq!(numbers(store, read(), Reader::Operator(ann)).await, [3]);
    assert_eq!(store.count_unread(ann).await, Ok(3));
    assert_eq!(store.count_unread(bob).await, Ok(4));
    let up_to = store.mark_all_read(ann, Some(id(2)), &no_receipt).await;
    assert_eq!(up_to, Ok(AllRead { now: 2, until: 2 }));
    assert_eq!(numbers(store, unread(), Reader::Operator(ann)).await, [4]);
    let all = store.mark_all_read(ann, None, &no_receipt).await;
    assert_eq!(all, Ok(AllRead { now: 1, until: 4 }));
    // What was read stays read, whatever is said of less.
    let less = store.mark_all_read(ann, Some(id(1)), &no_receipt).await;
    assert_eq!(less, Ok(AllRead { now: 0, until: 1 }));
    assert_eq!(store.count_unread(ann).await, Ok(0));
    send(store, 5, 1, Priority::Normal).await;
    assert_eq!(numbers(store, unread(), Reader::Operator(ann)).await, [5]);
    let shown = store
        .notification(id(4), Reader::Operator(bob))
        .await
        .unwrap();
    assert_eq!(shown.state, Some(ReadState::Unread));
    assert_eq!(numbers(store, unread(), Reader::Nobody).await.len(), 5);
    assert_eq!(numbers(store, read(), Reader::Nobody).await, [0_u64; 0]);
    let gone = StoreError::NotFound;
    let missing = store.mark_read(ann, id(9), &no_receipt).await;
    assert_eq!(missing, Err(gone.clone()));
    let missing = store.mark_all_read(ann, Some(id(9)), &no_receipt).await;
    assert_eq!(missing, Err(gone.clone()));
    let stranger = store.mark_read(nobody(9), id(1), &no_receipt).await;
    assert_eq!(stranger, Err(gone));
}

pub(super) async fn whoever_comes_after_an_operator_has_read_nothing(store: &dyn Store) {
    operator(store, 1, "ann").await;
    let bob = operator(store, 2, "bob").await;
    send(store, 1, 1, Priority::Normal).await;
    store.mark_all_read(bob, None, &no_receipt).await.unwrap();
    let happened = event("operator.deleted", "bob");
    store
        .delete_operator(bob, at(500), Force::Yes, &happened)
        .await
        .unwrap();
    assert_eq!(store.count_unread(bob).await, Ok(1));
    let other = operator(store, 3, "bob").await;
    assert_eq!(store.count_unread(other).await, Ok(1));
}

pub(super) async fn p10_a_notification_and_its_receipt_are_one(store: &dyn Store) {
    let kept = receipt(claim(ANN, "k"), at(100));
    let made = kept.clone();
    let make = move |_: &Notification| Ok(Some(made.clone()));
    let draft = notice(1, 1, Priority::Normal, 100);
    store.notify(&draft, &make).await.unwrap();
    assert_eq!(store.receipt(&kept.claim).await, Ok(Some(kept.clone())));
    let again = notice(2, 1, Priority::Normal, 200);
    let refused = store.notify(&again, &make).await;
    assert_eq!(refused, Err(StoreError::AlreadyDone));
    let failing = |_: &Notification| Err(StoreError::Inconsistent("no answer"));
    let failed = store.notify(&again, &failing).await;
    assert_eq!(failed, Err(StoreError::Inconsistent("no answer")));
    assert_eq!(send(store, 2, 1, Priority::Normal).await.number, 2);
    let ann = operator(store, 1, "ann").await;
    let refused = store.mark_read(ann, id(1), &failing).await;
    assert_eq!(refused, Err(StoreError::Inconsistent("no answer")));
    let failing = |_: &AllRead| Err(StoreError::Inconsistent("no answer"));
    let refused = store.mark_all_read(ann, None, &failing).await;
    assert_eq!(refused, Err(StoreError::Inconsistent("no answer")));
    assert_eq!(store.count_unread(ann).await, Ok(2));
}

pub(super) async fn old_and_superfluous_notifications_are_forgotten(store: &dyn Store) {
    let ann = operator(store, 1, "ann").await;
    for number in 1..=6 {
        send(store, number, 1, Priority::Normal).await;
    }
    store.mark_read(ann, id(2), &no_receipt).await.unwrap();
    assert_eq!(store.forget_notifications(at(300), 9, 1).await, Ok(1));
    assert_eq!(store.forget_notifications(at(300), 9, 9).await, Ok(1));
    assert_eq!(store.forget_notifications(at(300), 3, 9).await, Ok(1));
    let all = NotificationFilter::default();
    assert_eq!(numbers(store, all.clone(), Reader::Nobody).await, [6, 5, 4]);
    assert_eq!(store.count_unread(ann).await, Ok(3));
    assert_eq!(store.forget_notifications(at(9_000), 9, 9).await, Ok(3));
    // Numbers are not given again, so that whoever follows misses nothing.
    assert_eq!(send(store, 7, 1, Priority::Normal).await.number, 7);
    let read = store.mark_all_read(ann, None, &no_receipt).await;
    assert_eq!(read, Ok(AllRead { now: 1, until: 7 }));
}
