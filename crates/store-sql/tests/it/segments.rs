//! What is spent and used lies in segments: the latest counts, nothing is counted twice, and they stay few.

use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_core::budget::{BudgetScope, Quantity, Saved, Subject, Window};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;
use portunus_store::conformance::sample::{agent, budget, bytes, event, token, used};
use portunus_store::{Day, LedgerBatch, Spending, Store, UsageRow};
use portunus_store_sql::SqliteStore;

const DAY: Quantity = Quantity::Tokens(Window::Day);

/// What migrations made of tables before there were segments.
pub(crate) const BEFORE: &str = "
    DROP TRIGGER budgets_end_with_their_agent;
    DROP TABLE spending;
    DROP TABLE unsummed;
    DROP TABLE families;
    DROP TABLE signing_keys;
    DROP TABLE imported_tokens;
    ALTER TABLE agents DROP COLUMN scopes;
    ALTER TABLE agents DROP COLUMN generation;
    DROP TABLE liveness;
    DROP TABLE notification_reads;
    DROP TABLE notification_readers;
    DROP TABLE notifications;
    DROP TABLE outboxes;
    DROP TABLE inboxes;
    DROP TABLE deliveries;
    DROP TABLE messages;
    DROP TABLE boards;
    DROP TRIGGER receipts_end_with_agent;
    DROP TRIGGER receipts_end_with_operator;
    DROP TABLE receipts;
    DROP TABLE sessions;
    DROP TABLE devices;
    ALTER TABLE operators DROP COLUMN password;
    ALTER TABLE operators DROP COLUMN role;
    ALTER TABLE operators DROP COLUMN scopes;
    ALTER TABLE agents DROP COLUMN display_name;
    ALTER TABLE agents DROP COLUMN archived_at;
    ALTER TABLE tokens DROP COLUMN expires_at;
    DROP TRIGGER audit_no_update;
    DROP TRIGGER audit_no_bare_record;
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT 1; END;
    ALTER TABLE audit DROP COLUMN leaf;
    DROP TABLE audit_tree;
    DROP TABLE audit_keys;
    DROP TABLE audit_checkpoints;
    DROP TABLE alarms;
    CREATE TABLE budget_spending (
        kind TEXT NOT NULL, subject BLOB NOT NULL, measure TEXT NOT NULL, window TEXT NOT NULL, starts INTEGER NOT NULL,
        spent INTEGER NOT NULL, PRIMARY KEY (kind, subject, measure, window)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER budgets_end_with_their_agent AFTER DELETE ON agents BEGIN SELECT 1; END;
    DELETE FROM _sqlx_migrations WHERE version > 3;";

fn spent(number: u32, amount: u64) -> Spending {
    Spending {
        subject: Subject::Agent(AgentId::from_bytes(bytes(number))),
        saved: Saved {
            quantity: DAY,
            starts: Timestamp::from_secs(86_400),
            spent: amount,
        },
    }
}

async fn with_default(place: &Place) -> SqliteStore {
    let store = place.open().await;
    let default = budget(1, BudgetScope::EveryAgent, DAY);
    let set = event("budget.set", "it");
    store.set_budget(&default, &set).await.unwrap();
    store
}

async fn stored(store: &SqliteStore) -> Vec<Spending> {
    let mut spending = store.snapshot().await.unwrap().spending;
    spending.sort_by_key(|row| row.subject);
    spending
}

#[tokio::test]
async fn of_a_large_fleet_the_latest_spending_counts_and_segments_stay_few() {
    let place = Place::new();
    let store = with_default(&place).await;
    let mut expected = Vec::new();
    for round in 1..=40 {
        let rows: Vec<_> = (0..500).map(|n| spent(n, round + u64::from(n))).collect();
        store.save_spending(&rows).await.unwrap();
        expected = rows;
    }
    expected.sort_by_key(|row| row.subject);
    assert_eq!(stored(&store).await, expected);
    let segments = place.number("SELECT count(*) FROM spending").await;
    assert!(segments < 20, "{segments}");
    assert_eq!(stored(&place.open().await).await, expected);
}

#[tokio::test]
async fn what_a_deleted_agent_spent_goes_with_it_out_of_every_segment() {
    let place = Place::new();
    let store = with_default(&place).await;
    for number in 1..=2 {
        let new = agent(number, &format!("agent-{number}"));
        let token = token(number, Principal::Agent(new.id));
        let created = event("agent.created", "it");
        store.create_agent(&new, &token, &created).await.unwrap();
    }
    let (one, two) = (agent(1, "agent-1").id, agent(2, "agent-2").id);
    let of = |agent, amount| Spending {
        subject: Subject::Agent(agent),
        ..spent(0, amount)
    };
    for amount in [5, 7] {
        let rows = [of(one, amount), of(two, amount)];
        store.save_spending(&rows).await.unwrap();
    }
    let deleted = event("agent.deleted", "it");
    let at = Timestamp::from_secs(50);
    store.delete_agent(one, at, &deleted).await.unwrap();
    assert_eq!(stored(&store).await, [of(two, 7)]);
}

#[tokio::test]
async fn spending_in_rows_of_an_older_release_is_taken_over() {
    let place = Place::new();
    with_default(&place).await.close().await;
    let rows = "INSERT INTO budget_spending VALUES
        ('agent', x'01010101010101010101010101010101', 'tokens', 'day', 86400000, 300),
        ('pool', x'02020202020202020202020202020202', 'money', 'total', 0, 9223372036854775807);";
    place.sql(&format!("{BEFORE}{rows}")).await.unwrap();
    let spending = stored(&place.open().await).await;
    let of_agent = Spending {
        subject: Subject::Agent(AgentId::from_bytes([1; 16])),
        ..spent(0, 300)
    };
    assert_eq!(spending[0], of_agent);
    assert_eq!(spending[1].saved.quantity, Quantity::Money(Window::Total));
    assert_eq!(
        (spending[1].saved.spent, spending.len()),
        (i64::MAX.cast_unsigned(), 2)
    );
}

#[tokio::test]
async fn an_older_release_that_had_spent_nothing_is_taken_over() {
    let place = Place::new();
    with_default(&place).await.close().await;
    place.sql(BEFORE).await.unwrap();
    assert_eq!(stored(&place.open().await).await, []);
}

#[tokio::test]
async fn usage_is_added_up_once_whoever_asks_and_whenever_it_was_saved() {
    let place = Place::new();
    let days = (Day::from_number(0), Day::from_number(9));
    let save = async |store: &SqliteStore| {
        let batch = LedgerBatch {
            segment: None,
            usage: vec![
                used(1, 7, Some(1), "opus"),
                used(1, 8, None, "-"),
                used(1, 7, Some(1), "opus"),
            ],
        };
        store.save_ledger(&batch).await.unwrap();
    };
    let store = place.open().await;
    save(&store).await;
    save(&store).await;
    // Nobody asked: the next run finds it, as after a crash.
    store.close().await;
    let store = place.open().await;
    save(&store).await;
    for _ in 0..2 {
        let rows = store.usage_rows(days.0, days.1).await.unwrap();
        let requests: Vec<u64> = rows.iter().map(|row| row.requests).collect();
        assert_eq!(requests, [18, 9]);
    }
    save(&store).await;
    let rows = store.usage_rows(days.0, days.1).await.unwrap();
    assert_eq!(rows[0].requests, 24);
    assert_eq!((&*rows[0].agent_name, &*rows[0].model), ("mayor", "opus"));
    assert_eq!(place.number("SELECT count(*) FROM unsummed").await, 0);
}

#[tokio::test]
async fn usage_that_nobody_asks_for_is_added_up_before_it_is_much() {
    let place = Place::new();
    let store = place.open().await;
    // A segment of two mebibytes each.
    let long = "a".repeat(1 << 20);
    let usage = [7, 8].map(|number| UsageRow {
        agent_name: long.as_str().into(),
        ..used(1, number, None, "opus")
    });
    let batch = LedgerBatch {
        segment: None,
        usage: usage.into(),
    };
    for _ in 0..22 {
        store.save_ledger(&batch).await.unwrap();
    }
    let rows = place.number("SELECT count(*) FROM usage").await;
    let segments = place.number("SELECT count(*) FROM unsummed").await;
    assert_eq!(rows, 2);
    assert!(segments < 22, "{segments}");
}
