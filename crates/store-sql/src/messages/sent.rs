//! What senders see of their messages, and what failed without anybody looking at each delivery.

use super::deliveries;
use super::rows::place;
use crate::failure::Attempt;
use crate::row::{Columns, moment, principal};
use portunus_core::agent::Principal;
use portunus_core::ids::MessageId;
use portunus_core::time::Timestamp;
use portunus_store::{Authored, Sent, Undoing};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Every column that [`seen`] reads.
const SENT: &str = "m.seq, m.id, m.place, m.place_id, m.place_name, m.number, m.at";

/// The caller holds a transaction, so that all are of one moment.
pub(super) async fn newest(
    db: &mut SqliteConnection,
    sender: &Principal,
    now: Timestamp,
    limit: u32,
) -> Attempt<Vec<Sent>> {
    let (kind, id) = principal(sender);
    let query = format!(
        "SELECT {SENT} FROM messages m WHERE m.sender_kind = ? AND m.sender_id = ? ORDER BY m.seq DESC LIMIT ?"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(kind)
        .bind(id)
        .bind(limit)
        .fetch_all(&mut *db)
        .await?;
    let mut sent = Vec::with_capacity(rows.len());
    for row in &rows {
        sent.push(seen(db, row, now).await?);
    }
    Ok(sent)
}

/// The caller holds a transaction, so that all are of one moment.
pub(super) async fn of(
    db: &mut SqliteConnection,
    messages: &[MessageId],
    now: Timestamp,
) -> Attempt<Vec<Sent>> {
    let mut sent = Vec::with_capacity(messages.len());
    for id in messages {
        let query = format!("SELECT {SENT} FROM messages m WHERE m.id = ?");
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&mut *db)
            .await?;
        if let Some(row) = row {
            sent.push(seen(db, &row, now).await?);
        }
    }
    Ok(sent)
}

async fn seen(db: &mut SqliteConnection, row: &SqliteRow, now: Timestamp) -> Attempt<Sent> {
    let columns = Columns(row);
    Ok(Sent {
        message: MessageId::from_bytes(columns.bytes("id")?),
        place: place(&columns)?,
        at: columns.moment("at")?,
        counts: deliveries::counts(db, columns.count("seq")?, now).await?,
    })
}

/// See [`Undoing`].
pub(super) async fn undone(db: &mut SqliteConnection, by: Undoing) -> Attempt<Vec<Authored>> {
    const COLUMNS: &str = "SELECT m.id, m.sender_kind, m.sender_id FROM messages m";
    let rows = match by {
        Undoing::Recipient(agent) => {
            let query = format!(
                "{COLUMNS} JOIN deliveries d ON d.message = m.seq
                 WHERE d.recipient = ? AND d.reason = 'recipient_deleted' ORDER BY m.seq"
            );
            let query = sqlx::query(AssertSqlSafe(query)).bind(agent.as_bytes().to_vec());
            query.fetch_all(db).await?
        }
        Undoing::Board(board) => {
            let query = format!(
                "{COLUMNS} WHERE m.place = 'board' AND m.place_id = ? AND m.withdrawn_at IS NOT NULL
                 AND (m.to_all = 1 OR EXISTS (SELECT 1 FROM deliveries d
                     WHERE d.message = m.seq AND d.reason = 'board_deleted')) ORDER BY m.seq"
            );
            let query = sqlx::query(AssertSqlSafe(query)).bind(board.as_bytes().to_vec());
            query.fetch_all(db).await?
        }
        Undoing::Time { after, until } => {
            let query = format!(
                "{COLUMNS} WHERE m.to_all = 1 AND m.withdrawn_at IS NULL AND m.expires_at > ? AND m.expires_at <= ?
                 ORDER BY m.seq"
            );
            let query = sqlx::query(AssertSqlSafe(query))
                .bind(moment(after))
                .bind(moment(until));
            query.fetch_all(db).await?
        }
    };
    rows.iter().map(authored).collect()
}

fn authored(row: &SqliteRow) -> Attempt<Authored> {
    let row = Columns(row);
    Ok(Authored {
        message: MessageId::from_bytes(row.bytes("id")?),
        sender: row.principal("sender_kind", "sender_id")?,
    })
}
