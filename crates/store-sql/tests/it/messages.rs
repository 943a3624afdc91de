//! Random commands about boards, messages and inboxes, for the comparison with the model, and what writing to very many
//! costs.

use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::terms::INBOX_LENGTH;
use portunus_core::message::{Board, Target};
use portunus_core::push::HandedOut;
use portunus_store::conformance::sample::{agent, at, board, bytes, draft, event, token};
use portunus_store::{
    AckWish, InboxWish, MessageFilter, MessageOrder, MessageStore, Page, Store, Undoing, no_receipt,
};
use proptest::prelude::*;
use std::time::Instant;

/// How many messages an inbox holds here, so that random commands fill it.
const SHORT: u64 = 3;
/// And what the messages of one sender may take: about a dozen.
const NARROW: u64 = 12 * 700;

/// A command; small numbers stand for ids and names, so that commands meet.
#[derive(Clone, Debug)]
pub(crate) enum MessageCommand {
    Post {
        id: u32,
        name: u32,
        chat: u32,
    },
    Change {
        id: u32,
        chat: u32,
    },
    Delete {
        id: u32,
    },
    Write {
        id: u32,
        to: u32,
        sender: u32,
        text: &'static str,
    },
    Take {
        agent: u32,
        limit: u32,
        visibility_ms: u64,
    },
    TakeMany {
        looks: Vec<(u32, u32, u64)>,
    },
    AcknowledgeMany {
        wishes: Vec<(u32, Vec<u32>)>,
    },
    GiveBack {
        agent: u32,
        last: u32,
        age: u64,
    },
    Acknowledge {
        agent: u32,
        messages: Vec<u32>,
    },
    Settle {
        limit: u32,
    },
    Forget {
        age: u64,
    },
    Look {
        board: u32,
        agent: u32,
    },
}

pub(crate) fn message_command() -> impl Strategy<Value = MessageCommand> {
    use MessageCommand as M;
    let id = || 1..5_u32;
    let text = prop::sample::select(vec![
        "hello",
        "@agent-1 hello",
        "@agent-2 and @nobody",
        "@all hands",
        "@all and @agent-3",
    ]);
    prop_oneof![
        2 => (id(), id(), 0..2_u32).prop_map(|(id, name, chat)| M::Post { id, name, chat }),
        1 => (id(), 0..2_u32).prop_map(|(id, chat)| M::Change { id, chat }),
        1 => id().prop_map(|id| M::Delete { id }),
        8 => (1..40_u32, 1..8_u32, id(), text)
            .prop_map(|(id, to, sender, text)| M::Write { id, to, sender, text }),
        6 => (id(), 1..4_u32, 1..20_u64)
            .prop_map(|(agent, limit, visibility_ms)| M::Take { agent, limit, visibility_ms }),
        4 => prop::collection::vec((id(), 1..4_u32, 1..20_u64), 0..6).prop_map(|looks| M::TakeMany { looks }),
        2 => prop::collection::vec((id(), prop::collection::vec(1..40_u32, 1..3)), 0..4)
            .prop_map(|wishes| M::AcknowledgeMany { wishes }),
        2 => (id(), 1..40_u32, 1..10_u64).prop_map(|(agent, last, age)| M::GiveBack { agent, last, age }),
        4 => (id(), prop::collection::vec(1..40_u32, 1..3))
            .prop_map(|(agent, messages)| M::Acknowledge { agent, messages }),
        2 => (1..4_u32).prop_map(|limit| M::Settle { limit }),
        1 => (5..40_u64).prop_map(|age| M::Forget { age }),
        3 => (id(), id()).prop_map(|(board, agent)| M::Look { board, agent }),
    ]
}

fn a_board(id: u32, name: u32, chat: u32) -> Board {
    board(
        id,
        &format!("board-{name}"),
        if chat == 1 { "chat" } else { "" },
    )
}

/// Carries it out and tells how it ended.
pub(crate) async fn perform(store: &dyn Store, command: &MessageCommand, now: u64) -> String {
    let happened = event("test.command", "it");
    let (agent_id, board_id) = (
        |id| AgentId::from_bytes(bytes(id)),
        |id| BoardId::from_bytes(bytes(id)),
    );
    let message_id = |id: &u32| MessageId::from_bytes(bytes(*id));
    match command {
        MessageCommand::Post { id, name, chat } => {
            let board = a_board(*id, *name, *chat);
            format!("{:?}", store.create_board(&board, &happened).await)
        }
        MessageCommand::Change { id, chat } => {
            let board = a_board(*id, *id, *chat);
            format!("{:?}", store.update_board(&board, &happened).await)
        }
        MessageCommand::Delete { id } => {
            let deleted = store.delete_board(board_id(*id), at(now), &happened);
            format!("{:?}", deleted.await)
        }
        MessageCommand::Write {
            id,
            to,
            sender,
            text,
        } => {
            let target = match *to {
                board @ 1..5 => Target::Board(board_id(board)),
                agent => Target::Agent(agent_id(agent - 4)),
            };
            let sender = agent(*sender, &format!("agent-{sender}"));
            let mut draft = draft(*id, target, &sender, text, now);
            draft.expires_at = at(now + u64::from(*id));
            draft.inbox_length = SHORT;
            draft.outbox_bytes = NARROW;
            format!("{:?}", store.append(&draft, &no_receipt).await)
        }
        MessageCommand::Take {
            agent,
            limit,
            visibility_ms,
        } => {
            let wish = wish((*agent, *limit, *visibility_ms), now);
            format!("{:?}", store.take_inbox(&wish).await)
        }
        MessageCommand::TakeMany { looks } => {
            let wishes: Vec<_> = looks.iter().map(|look| wish(*look, now)).collect();
            format!("{:?}", store.take_inboxes(&wishes).await)
        }
        MessageCommand::AcknowledgeMany { wishes } => {
            let wish = |(agent, messages): &(u32, Vec<u32>)| AckWish {
                agent: agent_id(*agent),
                messages: messages.iter().map(message_id).collect(),
            };
            let wishes: Vec<_> = wishes.iter().map(wish).collect();
            format!("{:?}", store.acknowledge_all(&wishes, at(now)).await)
        }
        MessageCommand::GiveBack { agent, last, age } => {
            let lost = [HandedOut {
                at: at(now - age),
                message: message_id(last),
            }];
            let freed = store.give_back(agent_id(*agent), &lost, at(now)).await;
            format!("{freed:?}")
        }
        MessageCommand::Acknowledge { agent, messages } => {
            let messages: Vec<MessageId> = messages.iter().map(message_id).collect();
            let done = store.acknowledge(agent_id(*agent), &messages, at(now));
            format!("{:?}", done.await)
        }
        MessageCommand::Settle { limit } => {
            format!("{:?}", store.settle_deliveries(at(now), *limit).await)
        }
        MessageCommand::Forget { age } => {
            format!("{:?}", store.forget_messages(at(now - age), 3).await)
        }
        MessageCommand::Look { board, agent } => {
            look(store, board_id(*board), agent_id(*agent), now).await
        }
    }
}

fn wish((agent, limit, visibility_ms): (u32, u32, u64), now: u64) -> InboxWish {
    // A long inbox has room for whatever is new, a short one has not.
    let length = if limit == 3 { INBOX_LENGTH } else { SHORT };
    InboxWish {
        agent: AgentId::from_bytes(bytes(agent)),
        limit,
        now: at(now),
        visibility_ms,
        length,
    }
}

/// Everything that can be read.
async fn look(store: &dyn Store, board: BoardId, agent: AgentId, now: u64) -> String {
    let mut told = String::new();
    let filters = [
        MessageFilter::default(),
        MessageFilter {
            order: MessageOrder::After(1),
            mentioning: Some(agent),
            ..MessageFilter::default()
        },
        MessageFilter {
            sender: Some(Principal::Agent(agent)),
            since: Some(at(now - 20)),
            ..MessageFilter::default()
        },
    ];
    for filter in &filters {
        let list = store.board_messages(board, filter, Page::first(3)).await;
        told.push_str(&format!("{list:?}\n"));
    }
    for id in 1..40 {
        let id = MessageId::from_bytes(bytes(id));
        let found = store.message(id, at(now)).await;
        let own = store.delivery(id, agent, at(now)).await;
        let all = store.deliveries(id, at(now), Page::first(2)).await;
        told.push_str(&format!("{found:?} {own:?} {all:?}\n"));
    }
    told.push_str(&sent(store, board, agent, now).await);
    told
}

/// What senders see.
async fn sent(store: &dyn Store, board: BoardId, agent: AgentId, now: u64) -> String {
    let newest = store.sent(Principal::Agent(agent), at(now), 3).await;
    let some: Vec<MessageId> = (1..40).map(|id| MessageId::from_bytes(bytes(id))).collect();
    let standings = store.standings(&some, at(now)).await;
    let (after, until) = (at(now - 9), at(now));
    let mut told = format!("{newest:?} {standings:?}\n");
    for by in [
        Undoing::Recipient(agent),
        Undoing::Board(board),
        Undoing::Time { after, until },
    ] {
        told.push_str(&format!("{:?}\n", store.undone(by).await));
    }
    told
}

/// What 10,000 recipients cost whoever writes: the bar of the design is 50 ms.
#[tokio::test]
async fn writing_to_ten_thousand_agents_costs_no_more_than_writing_to_one() {
    const AGENTS: u32 = 10_000;
    let place = Place::new();
    let store = place.open().await;
    let happened = event("test.command", "it");
    let chat = board(1, "town", "chat");
    store.create_board(&chat, &happened).await.unwrap();
    let mayor = agent(1, "agent-1");
    let first = token(1, Principal::Agent(mayor.id));
    store.create_agent(&mayor, &first, &happened).await.unwrap();
    let rows = format!(
        "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {AGENTS})
         INSERT INTO agents (id, name, scopes, generation, created_at)
         SELECT unhex(printf('%032x', n)), printf('agent-%d', n), 'self.*', 0, 0 FROM n;
         INSERT INTO inboxes SELECT id, 0, 0 FROM agents WHERE name <> 'agent-1';"
    );
    place.sql(&rows).await.unwrap();
    let mut quickest = u128::MAX;
    for number in 1..=20 {
        let draft = draft(number, Target::Board(chat.id), &mayor, "@all hands", 100);
        let begun = Instant::now();
        let appended = store.append(&draft, &no_receipt).await.unwrap();
        quickest = quickest.min(begun.elapsed().as_micros());
        assert_eq!(appended.recipients, u64::from(AGENTS - 1));
    }
    let wish = InboxWish {
        agent: AgentId::from_bytes(bytes(777)),
        limit: 100,
        now: at(200),
        visibility_ms: 1_000,
        length: INBOX_LENGTH,
    };
    let begun = Instant::now();
    assert_eq!(store.take_inbox(&wish).await.unwrap().taken.len(), 20);
    let taken = begun.elapsed().as_micros();
    let begun = Instant::now();
    let (_, counts) = store
        .message(MessageId::from_bytes(bytes(1)), at(200))
        .await
        .unwrap();
    assert_eq!(
        (counts.queued, counts.delivered),
        (u64::from(AGENTS - 2), 1)
    );
    println!(
        "quickest append {quickest} µs, taking 20 {taken} µs, counting {} µs",
        begun.elapsed().as_micros()
    );
    // The rows of one recipient, and none of the others.
    assert_eq!(place.number("SELECT count(*) FROM deliveries").await, 20);
    // The quickest: the others may have waited for whatever else the machine does.
    assert!(quickest < 50_000, "{quickest} µs");
}

#[tokio::test]
async fn what_was_handed_out_under_the_old_rule_fails_at_its_end_as_well() {
    let place = Place::new();
    let store = place.open().await;
    let happened = event("test.command", "it");
    let mayor = agent(1, "agent-1");
    let first = token(1, Principal::Agent(mayor.id));
    store.create_agent(&mayor, &first, &happened).await.unwrap();
    let draft = draft(1, Target::Agent(mayor.id), &mayor, "hello", 100);
    store.append(&draft, &no_receipt).await.unwrap();
    let wish = InboxWish {
        agent: mayor.id,
        limit: 1,
        now: at(200),
        visibility_ms: 90_000,
        length: INBOX_LENGTH,
    };
    assert_eq!(store.take_inbox(&wish).await.unwrap().taken.len(), 1);
    drop(store);
    let before = "UPDATE deliveries SET fails_at = visible_at;
        DELETE FROM _sqlx_migrations WHERE version = 18;";
    place.sql(before).await.unwrap();
    let store = place.open().await;
    let end = draft.expires_at.as_millis();
    assert_eq!(store.settle_deliveries(at(end - 1), 9).await, Ok(vec![]));
    let settled = store.settle_deliveries(at(end), 9).await.unwrap();
    assert_eq!(settled.len(), 1);
}
