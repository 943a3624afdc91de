//! What operators are told of notifications over a connection that stays open.

use crate::plane::Stage;
use portunus_app::notifications::notify::Wish;
use portunus_app::notifications::{mark_all_read, mark_read, notify};
use portunus_app::push::{Marked, Subscription, Told, Topic, Unread, Wanted};
use portunus_core::notification::{Priority, ReadState};
use portunus_core::push::Line;
use std::time::Duration;

/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const WOKEN: Duration = Duration::from_secs(10);

fn wish(title: &str) -> Wish {
    Wish {
        title: title.to_owned(),
        body: None,
        priority: Priority::Normal,
        link: None,
    }
}

/// What is told until so many events are, the account and the end of the state left out.
async fn hear(open: &mut Subscription, count: usize) -> Vec<Told> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let wait = tokio::time::timeout(WOKEN, open.wait());
        wait.await.expect("something to tell");
        let work = open.work().await.unwrap();
        let told = work.events.into_iter().map(|event| event.told);
        heard.extend(told.filter(|told| !matches!(told, Told::Account(_) | Told::Synced { .. })));
    }
    heard
}

#[tokio::test]
async fn operators_hear_what_is_unread_what_is_sent_and_what_they_read() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let mayor = stage.prove(&token).await.unwrap();
    let boss = stage.prove(&stage.operator_token).await.unwrap();
    let before = notify(plane, mayor.clone(), wish("before")).await.unwrap();
    let line = Line::one_way(plane.push().terms(), plane.tick());
    let wanted = Wanted {
        topics: Some(vec![Topic::Notifications]),
        visibility_ms: 60_000,
        ..Wanted::default()
    };
    let mut open = Subscription::open(plane, boss, line, wanted).await.unwrap();
    let state = hear(&mut open, 1).await;
    let [Told::Notifications(Unread { count, items })] = state.as_slice() else {
        panic!("{state:?}")
    };
    assert_eq!((*count, items.len()), (Some(1), 1));
    assert_eq!(items[0].notification, *before);
    let after = notify(plane, mayor, wish("after")).await.unwrap();
    mark_read(plane, stage.operator, before.id).await.unwrap();
    mark_all_read(plane, stage.operator, None).await.unwrap();
    let news = hear(&mut open, 3).await;
    let [
        Told::Notification(sent),
        Told::NotificationsRead(one),
        Told::NotificationsRead(all),
    ] = news.as_slice()
    else {
        panic!("{news:?}")
    };
    assert_eq!(sent.notification, *after);
    assert_eq!(sent.state, Some(ReadState::Unread));
    assert_eq!(*one, Marked::One(before.id));
    assert_eq!(*all, Marked::Until(2));
}
