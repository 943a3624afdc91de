//! Random commands about notifications, for the comparison with the model.

use portunus_core::ids::{AgentId, NotificationId, OperatorId};
use portunus_core::notification::{Priority, ReadState};
use portunus_store::conformance::sample::{at, bytes, notice};
use portunus_store::{NotificationFilter, NotificationOrder, Page, Reader, Store, no_receipt};
use proptest::prelude::*;

/// A command; small numbers stand for ids, so that commands meet.
#[derive(Clone, Debug)]
pub(crate) enum NotificationCommand {
    Notify {
        id: u32,
        source: u32,
        priority: Priority,
    },
    Mark {
        reader: u32,
        id: u32,
    },
    MarkAll {
        reader: u32,
        last: Option<u32>,
    },
    Forget {
        age: u64,
        most: u64,
        limit: u32,
    },
    Look {
        reader: u32,
        source: u32,
        after: u64,
    },
}

pub(crate) fn notification_command() -> impl Strategy<Value = NotificationCommand> {
    use NotificationCommand as N;
    let (id, reader) = (|| 1..20_u32, || 1..4_u32);
    let priority = prop::sample::select(Priority::ALL.to_vec());
    prop_oneof![
        6 => (id(), 1..4_u32, priority)
            .prop_map(|(id, source, priority)| N::Notify { id, source, priority }),
        4 => (reader(), id()).prop_map(|(reader, id)| N::Mark { reader, id }),
        2 => (reader(), prop::option::of(id())).prop_map(|(reader, last)| N::MarkAll { reader, last }),
        1 => (5..40_u64, 1..9_u64, 1..4_u32)
            .prop_map(|(age, most, limit)| N::Forget { age, most, limit }),
        4 => (reader(), 1..4_u32, 0..9_u64)
            .prop_map(|(reader, source, after)| N::Look { reader, source, after }),
    ]
}

/// Carries it out and tells how it ended.
pub(crate) async fn perform(store: &dyn Store, command: &NotificationCommand, now: u64) -> String {
    let reader_id = |id: u32| OperatorId::from_bytes(bytes(id));
    let id = |id: u32| NotificationId::from_bytes(bytes(id));
    match *command {
        NotificationCommand::Notify {
            id,
            source,
            priority,
        } => {
            let draft = notice(id, source, priority, now);
            format!("{:?}", store.notify(&draft, &no_receipt).await)
        }
        NotificationCommand::Mark {
            reader,
            id: notification,
        } => {
            let marked = store.mark_read(reader_id(reader), id(notification), &no_receipt);
            format!("{:?}", marked.await)
        }
        NotificationCommand::MarkAll { reader, last } => {
            let marked = store.mark_all_read(reader_id(reader), last.map(id), &no_receipt);
            format!("{:?}", marked.await)
        }
        NotificationCommand::Forget { age, most, limit } => {
            let forgotten = store.forget_notifications(at(now - age), most, limit);
            format!("{:?}", forgotten.await)
        }
        NotificationCommand::Look {
            reader,
            source,
            after,
        } => look(store, reader_id(reader), source, after, now).await,
    }
}

/// Everything that can be read, page by page.
async fn look(store: &dyn Store, reader: OperatorId, source: u32, after: u64, now: u64) -> String {
    let all = NotificationFilter::default;
    let filters = [
        all(),
        NotificationFilter {
            order: NotificationOrder::After(after),
            state: Some(ReadState::Unread),
            ..all()
        },
        NotificationFilter {
            least: Priority::High,
            state: Some(ReadState::Read),
            ..all()
        },
        NotificationFilter {
            source: Some(AgentId::from_bytes(bytes(source))),
            since: Some(at(now - 20)),
            ..all()
        },
    ];
    let mut told = format!("{:?}\n", store.count_unread(reader).await);
    for reader in [Reader::Operator(reader), Reader::Nobody] {
        for filter in &filters {
            let mut page = Page::first(2);
            loop {
                let list = store.notifications(filter, reader, page.clone()).await;
                let list = list.unwrap();
                told.push_str(&format!("{:?}\n", list.items));
                if list.next.is_none() {
                    break;
                }
                page.after = list.next;
            }
        }
        for id in 1..20 {
            let id = NotificationId::from_bytes(bytes(id));
            told.push_str(&format!("{:?}\n", store.notification(id, reader).await));
        }
    }
    told
}
