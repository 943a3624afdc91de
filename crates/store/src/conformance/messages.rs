//! Cases about boards, messages and deliveries.

use super::agents::{create, mayor_and_clerk};
use super::receipts::ANN;
use super::sample::{agent, at, board, claim, draft, event, receipt};
use crate::{
    Appended, Cursor, InboxWish, MessageFilter, MessageOrder, Page, Store, StoreError, no_receipt,
};
use portunus_core::agent::Agent;
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::terms::INBOX_LENGTH;
use portunus_core::message::terms::MAX_ATTEMPTS;
use portunus_core::message::{Board, Message, Place, Tags, Target};
use portunus_core::name::Slug;

pub(super) async fn post(store: &dyn Store, number: u32, text: &str, tags: &str) -> Board {
    let board = board(number, text, tags);
    let happened = event("board.created", text);
    store.create_board(&board, &happened).await.unwrap();
    board
}

pub(super) async fn write(
    store: &dyn Store,
    number: u32,
    target: Target,
    sender: &Agent,
    text: &str,
) -> Message {
    let draft = draft(number, target, sender, text, u64::from(number) * 100);
    store.append(&draft, &no_receipt).await.unwrap().message
}

pub(super) fn wish(agent: AgentId, now: u64) -> InboxWish {
    InboxWish {
        agent,
        limit: 10,
        now: at(now),
        visibility_ms: 1_000,
        length: INBOX_LENGTH,
    }
}

pub(super) async fn take(store: &dyn Store, agent: AgentId, now: u64) -> Vec<MessageId> {
    let inbox = store.take_inbox(&wish(agent, now)).await.unwrap();
    inbox.taken.iter().map(|(message, _)| message.id).collect()
}

/// Takes a message once a second, from then on, until no attempt is left.
pub(super) async fn take_to_the_last(
    store: &dyn Store,
    agent: AgentId,
    message: MessageId,
    from: u64,
) {
    for attempt in 0..u64::from(MAX_ATTEMPTS) {
        let now = from + attempt * 1_000;
        assert_eq!(take(store, agent, now).await, [message]);
    }
}

fn number(message: &Message) -> u64 {
    match &message.place {
        Place::Board { number, .. } => *number,
        Place::Agent { .. } => 0,
    }
}

pub(super) async fn a_board_is_created_once_per_name_and_found_by_tags(store: &dyn Store) {
    let ops = post(store, 1, "ops", "chat team").await;
    let log = post(store, 2, "log", "team").await;
    let again = board(3, "ops", "");
    let happened = event("board.created", "ops");
    let refused = store.create_board(&again, &happened).await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    assert_eq!(store.board(ops.id).await.unwrap(), ops);
    assert_eq!(store.board_by_name(&log.name).await.unwrap(), log);
    let found = |tags: &'static str, page| async move {
        let tags: Tags = tags.parse().unwrap();
        store.boards(&tags, page).await.unwrap()
    };
    let mut page = Page::first(1);
    let first = found("team", page.clone()).await;
    assert_eq!(first.items, std::slice::from_ref(&log));
    page.after = first.next;
    assert_eq!(found("team", page).await.items, std::slice::from_ref(&ops));
    assert_eq!(found("chat team", Page::first(5)).await.items, [ops]);
    assert_eq!(found("tea", Page::first(5)).await.items, []);
    let changed = Board {
        description: "what happened".to_owned(),
        tags: "diary".parse().unwrap(),
        ..log
    };
    store
        .update_board(&changed, &event("board.changed", "log"))
        .await
        .unwrap();
    assert_eq!(store.board(changed.id).await.unwrap(), changed);
    let nobody = store.update_board(&again, &happened).await;
    assert_eq!(nobody, Err(StoreError::NotFound));
    let after = Some(Cursor::new("agents.ops".into()));
    let strange = store
        .boards(&Tags::default(), Page { after, limit: 5 })
        .await;
    assert_eq!(strange, Err(StoreError::BadCursor));
}

pub(super) async fn messages_are_numbered_without_gaps_on_each_board(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let (ops, log) = (
        post(store, 1, "ops", "").await,
        post(store, 2, "log", "").await,
    );
    let mut numbers = Vec::new();
    for (id, board) in [(1, &ops), (2, &log), (3, &ops)] {
        let written = write(store, id, Target::Board(board.id), &mayor, "hi").await;
        numbers.push(number(&written));
    }
    let twice = draft(3, Target::Board(ops.id), &mayor, "hi", 900);
    assert!(matches!(
        store.append(&twice, &no_receipt).await,
        Err(StoreError::Inconsistent(_))
    ));
    numbers.push(number(
        &write(store, 5, Target::Board(ops.id), &mayor, "hi").await,
    ));
    assert_eq!(numbers, [1, 1, 2, 3]);
    assert_eq!(store.board(ops.id).await.unwrap().last_number, 3);
    let nowhere = draft(6, Target::Board(board(9, "no", "").id), &mayor, "hi", 900);
    assert_eq!(
        store.append(&nowhere, &no_receipt).await,
        Err(StoreError::NotFound)
    );
    let nobody = draft(6, Target::Agent(agent(9, "no").id), &mayor, "hi", 900);
    assert_eq!(
        store.append(&nobody, &no_receipt).await,
        Err(StoreError::NotFound)
    );
}

pub(super) async fn p10_a_message_and_its_receipt_are_one(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let ops = post(store, 1, "ops", "").await;
    let kept = receipt(claim(ANN, "k"), at(100));
    let make = || {
        let kept = kept.clone();
        move |_: &Appended| Ok(Some(kept.clone()))
    };
    let here = Target::Board(ops.id);
    let first = draft(1, here, &mayor, "hi", 100);
    store.append(&first, &make()).await.unwrap();
    assert_eq!(store.receipt(&kept.claim).await, Ok(Some(kept.clone())));
    let again = draft(2, here, &mayor, "hi", 200);
    let refused = store.append(&again, &make()).await;
    assert_eq!(refused, Err(StoreError::AlreadyDone));
    let failing = |_: &Appended| Err(StoreError::Inconsistent("no answer"));
    let failed = store.append(&again, &failing).await;
    assert_eq!(failed, Err(StoreError::Inconsistent("no answer")));
    assert_eq!(store.board(ops.id).await.unwrap().last_number, 1);
    let next = write(store, 2, here, &mayor, "hi").await;
    assert_eq!(number(&next), 2);
}

pub(super) async fn messages_of_a_board_are_narrowed_and_paged(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let ops = post(store, 1, "ops", "").await;
    let here = Target::Board(ops.id);
    for (id, sender, text) in [
        (1, &mayor, "one @clerk"),
        (2, &clerk, "two"),
        (3, &mayor, "three @all"),
        (4, &clerk, "four @mayor"),
    ] {
        write(store, id, here, sender, text).await;
    }
    let read = |filter: MessageFilter, page: Page| async move {
        let list = store.board_messages(ops.id, &filter, page).await.unwrap();
        (list.items.iter().map(number).collect::<Vec<_>>(), list.next)
    };
    let (newest, next) = read(MessageFilter::default(), Page::first(3)).await;
    assert_eq!(newest, [4, 3, 2]);
    let page = Page {
        after: next,
        limit: 3,
    };
    assert_eq!(
        read(MessageFilter::default(), page.clone()).await,
        (vec![1], None)
    );
    let after = |number| MessageFilter {
        order: MessageOrder::After(number),
        ..MessageFilter::default()
    };
    let (oldest, next) = read(after(1), Page::first(2)).await;
    assert_eq!(oldest, [2, 3]);
    let onward = Page {
        after: next,
        limit: 2,
    };
    assert_eq!(read(after(1), onward).await.0, [4]);
    assert_eq!(read(after(4), Page::first(2)).await, (vec![], None));
    let other_order = store.board_messages(ops.id, &after(1), page).await;
    assert_eq!(other_order, Err(StoreError::BadCursor));
    let all = || Page::first(9);
    let mentioning = MessageFilter {
        mentioning: Some(clerk.id),
        ..MessageFilter::default()
    };
    assert_eq!(read(mentioning, all()).await.0, [3, 1]);
    let sender = MessageFilter {
        sender: Some(portunus_core::agent::Principal::Agent(clerk.id)),
        since: Some(at(300)),
        ..MessageFilter::default()
    };
    assert_eq!(read(sender, all()).await.0, [4]);
    let tagged = MessageFilter {
        tags: "note".parse().unwrap(),
        ..MessageFilter::default()
    };
    assert_eq!(read(tagged, all()).await.0, [4, 3, 2, 1]);
    let nowhere = board(9, "no", "").id;
    let unknown = store
        .board_messages(nowhere, &MessageFilter::default(), all())
        .await;
    assert_eq!(unknown, Err(StoreError::NotFound));
}

pub(super) async fn names_are_resolved_and_nobody_is_told(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let ops = post(store, 1, "ops", "").await;
    let text = "@clerk @ghost @clerk";
    let draft = draft(1, Target::Board(ops.id), &mayor, text, 100);
    let appended = store.append(&draft, &no_receipt).await.unwrap();
    assert_eq!((appended.named, appended.recipients), (vec![clerk.id], 1));
    let message = appended.message;
    assert_eq!(message.mentions.names, std::slice::from_ref(&clerk.name));
    assert_eq!(message.unresolved, ["ghost".parse::<Slug>().unwrap()]);
    assert_eq!(store.message(message.id, at(100)).await.unwrap().0, message);
    assert_eq!(take(store, clerk.id, 200).await, [message.id]);
    assert_eq!(take(store, mayor.id, 200).await, []);
    assert_eq!(
        store.delivery(message.id, mayor.id, at(200)).await,
        Ok(None)
    );
    let unknown = store.take_inbox(&wish(agent(9, "no").id, 200)).await;
    assert_eq!(unknown, Err(StoreError::NotFound));
}

pub(super) async fn old_messages_are_forgotten_and_numbers_are_not_reused(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let town = post(store, 1, "town", "chat").await;
    let here = Target::Board(town.id);
    let mut written = Vec::new();
    for number in 1..=3 {
        written.push(write(store, number, here, &mayor, "hi").await.id);
    }
    assert_eq!(take(store, clerk.id, 300).await, written);
    assert_eq!(store.forget_messages(at(300), 1).await, Ok(1));
    assert_eq!(store.forget_messages(at(300), 9).await, Ok(1));
    assert_eq!(
        store.message(written[1], at(300)).await,
        Err(StoreError::NotFound)
    );
    let forgotten = store.acknowledge(clerk.id, &written[1..2], at(400)).await;
    assert!(matches!(forgotten, Err(StoreError::NotAcknowledgeable(_))));
    store
        .acknowledge(clerk.id, &written[2..], at(400))
        .await
        .unwrap();
    assert_eq!(store.forget_messages(at(301), 9).await, Ok(1));
    let next = write(store, 4, here, &mayor, "hi").await;
    assert_eq!(number(&next), 4);
    assert_eq!(take(store, clerk.id, 500).await, [next.id]);
}

pub(super) async fn p1_a_full_outbox_refuses_its_sender_and_nobody_else(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let town = post(store, 1, "town", "").await;
    let write = |number: u32, target, sender: &Agent, text: &str| {
        let mut draft = draft(number, target, sender, text, u64::from(number) * 100);
        // Two notes of 100 letters on the board and no third.
        draft.outbox_bytes = 2 * draft.bytes(0);
        async move { store.append(&draft, &no_receipt).await }
    };
    let (here, to_clerk) = (Target::Board(town.id), Target::Agent(clerk.id));
    let note = "n".repeat(100);
    write(1, here, &mayor, &note).await.unwrap();
    // Whom it reaches counts, so this is too much.
    let full = |written_at| {
        let written_at = at(written_at);
        Err(StoreError::OutboxFull { written_at })
    };
    assert_eq!(write(2, to_clerk, &mayor, &note).await, full(100));
    write(3, here, &mayor, &note).await.unwrap();
    assert_eq!(write(4, here, &mayor, &note).await, full(100));
    assert_eq!(store.board(town.id).await.unwrap().last_number, 2);
    assert_eq!(take(store, clerk.id, 400).await, []);
    // With a long one there, as much as it has to go first.
    let long = "n".repeat(1_000);
    assert_eq!(write(5, here, &mayor, &long).await.err(), None);
    assert_eq!(write(6, here, &mayor, &note).await, full(500));
    write(7, here, &clerk, &note).await.unwrap();
    // Who has nothing there may write whatever it takes.
    assert_eq!(store.forget_messages(at(600), 9).await, Ok(3));
    let everyone = write(8, here, &mayor, "@all hands").await.unwrap();
    assert_eq!(everyone.recipients, 1);
}
