//! How deliveries stand. Whoever a message to everyone reaches without having looked yet has no row; it is made up here.

use super::read;
use super::rows::{DeliveryColumns, Numbered, delivery};
use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::{Delivery, DeliveryState, FailureReason};
use portunus_core::time::Timestamp;
use portunus_store::{DeliveryCounts, Listing, Page, Recipient, Settled, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Agents that the message `m` reaches and that have no delivery of it: `a`.
const UNWRITTEN: &str =
    "messages m JOIN inboxes i ON i.since < m.seq JOIN agents a ON a.id = i.agent
    WHERE m.to_all = 1 AND NOT (m.sender_kind = 'agent' AND m.sender_id = a.id)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.seq AND d.recipient = a.id)";

/// The columns of a delivery that has no row: `?1` is the present.
const MADE_UP: &str = "CASE WHEN m.withdrawn_at IS NULL THEN 'queued' ELSE 'failed' END AS state, 0 AS attempts,
    m.withdrawn_at AS moved_at, NULL AS visible_at, NULL AS counted_until,
    CASE WHEN m.withdrawn_at IS NULL THEN NULL ELSE 'board_deleted' END AS reason, m.expires_at AS expires_at";

fn read_recipient(row: &SqliteRow, now: Timestamp) -> Attempt<Recipient> {
    let columns = Columns(row);
    Ok(Recipient {
        agent: AgentId::from_bytes(columns.bytes("recipient")?),
        name: columns.name("recipient_name")?,
        delivery: delivery(row)?.settled(now, columns.moment("expires_at")?),
    })
}

/// All of a message, by recipient.
pub(super) async fn list(
    db: &mut SqliteConnection,
    of: &Numbered,
    now: Timestamp,
    page: &Page,
) -> Attempt<Listing<Recipient>> {
    let after = page.after.as_ref().map(position::recipient).transpose()?;
    // Before all of them stands nothing.
    let after = after.map_or_else(Vec::new, |agent| agent.as_bytes().to_vec());
    let query = format!(
        "SELECT d.recipient, d.recipient_name, d.state, d.attempts, d.moved_at, d.visible_at, d.counted_until, d.reason, m.expires_at
         FROM deliveries d JOIN messages m ON m.seq = d.message WHERE d.message = ?1 AND d.recipient > ?2
         UNION ALL
         SELECT a.id AS recipient, a.name AS recipient_name, {MADE_UP} FROM {UNWRITTEN} AND m.seq = ?1 AND a.id > ?2
         ORDER BY recipient LIMIT ?3"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(of.seq)
        .bind(after)
        .bind(page.reach())
        .fetch_all(db)
        .await?;
    let recipients = rows.iter().map(|row| read_recipient(row, now));
    let recipients = recipients.collect::<Attempt<_>>()?;
    Ok(Listing::cut(
        recipients,
        page.size(),
        position::after_recipient,
    ))
}

/// The same without their names: an inbox is gone with its agent.
const UNLOOKED: &str = "messages m JOIN inboxes i ON i.since < m.seq
    WHERE m.to_all = 1 AND NOT (m.sender_kind = 'agent' AND m.sender_id = i.agent)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.seq AND d.recipient = i.agent)";

/// How many stand where.
pub(super) async fn counts(
    db: &mut SqliteConnection,
    seq: i64,
    now: Timestamp,
) -> Attempt<DeliveryCounts> {
    let query = format!(
        "SELECT stands, count(*) AS deliveries FROM (
             SELECT CASE WHEN fails_at <= ?2 THEN 'failed' ELSE state END AS stands FROM deliveries WHERE message = ?1
             UNION ALL
             SELECT CASE WHEN m.withdrawn_at IS NOT NULL OR m.expires_at <= ?2 THEN 'failed' ELSE 'queued' END
             FROM {UNLOOKED} AND m.seq = ?1
         ) GROUP BY stands"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(seq)
        .bind(moment(now))
        .fetch_all(db)
        .await?;
    let mut counts = DeliveryCounts::default();
    for row in &rows {
        let row = Columns(row);
        *match row.text("stands")? {
            "queued" => &mut counts.queued,
            "delivered" => &mut counts.delivered,
            "read" => &mut counts.read,
            _ => &mut counts.failed,
        } = row.count("deliveries")?;
    }
    Ok(counts)
}

/// The delivery of a message to one agent, written or made up, as it stands at `now`.
pub(super) async fn of(
    db: &mut SqliteConnection,
    id: MessageId,
    agent: AgentId,
    now: Timestamp,
) -> Attempt<Option<Delivery>> {
    let message = match read::by_id(db, id).await {
        Err(Failure::Refused(StoreError::NotFound)) => return Ok(None),
        found => found?,
    };
    let expires_at = message.message.expires_at;
    if let Some(row) = own(db, message.seq, agent).await? {
        return Ok(Some(row.settled(now, expires_at)));
    }
    let query = format!("SELECT {MADE_UP} FROM {UNWRITTEN} AND m.seq = ? AND a.id = ?");
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(message.seq)
        .bind(agent.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    let made_up = row.as_ref().map(delivery).transpose()?;
    Ok(made_up.map(|delivery| delivery.settled(now, expires_at)))
}

async fn own(db: &mut SqliteConnection, seq: i64, agent: AgentId) -> Attempt<Option<Delivery>> {
    let row = sqlx::query("SELECT * FROM deliveries WHERE message = ? AND recipient = ?")
        .bind(seq)
        .bind(agent.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(delivery).transpose()
}

/// Writes how the delivery of a message to one agent stands.
pub(super) async fn save(
    db: &mut SqliteConnection,
    seq: i64,
    agent: AgentId,
    delivery: &Delivery,
    expires_at: Timestamp,
) -> Attempt<()> {
    let columns = DeliveryColumns::of(delivery, expires_at);
    sqlx::query(
        "UPDATE deliveries SET state = ?, attempts = ?, moved_at = ?, visible_at = ?, counted_until = ?, reason = ?, fails_at = ?
         WHERE message = ? AND recipient = ?",
    )
    .bind(columns.state)
    .bind(columns.attempts)
    .bind(columns.moved_at)
    .bind(columns.visible_at)
    .bind(columns.counted_until)
    .bind(columns.reason)
    .bind(columns.fails_at)
    .bind(seq)
    .bind(agent.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// How many of an agent are not final.
pub(super) async fn open(db: &mut SqliteConnection, agent: AgentId) -> Attempt<u64> {
    let row = sqlx::query(
        "SELECT count(*) AS open FROM deliveries WHERE recipient = ? AND fails_at IS NOT NULL",
    )
    .bind(agent.as_bytes().as_slice())
    .fetch_one(db)
    .await?;
    Columns(&row).count("open")
}

/// Whether time has failed anything that is not written down.
pub(super) async fn any_due(db: &mut SqliteConnection, now: Timestamp) -> Attempt<bool> {
    let row = sqlx::query("SELECT 1 FROM deliveries WHERE fails_at <= ? LIMIT 1")
        .bind(moment(now))
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    now: Timestamp,
    limit: u32,
) -> Attempt<Vec<Settled>> {
    let rows = sqlx::query(
        "SELECT d.*, m.id AS id, m.expires_at AS expires_at, m.sender_kind AS sender_kind, m.sender_id AS sender_id
         FROM deliveries d JOIN messages m ON m.seq = d.message
         WHERE d.fails_at <= ? ORDER BY d.fails_at, d.message, d.recipient LIMIT ?",
    )
    .bind(moment(now))
    .bind(limit)
    .fetch_all(&mut *db)
    .await?;
    let mut settled = Vec::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns(row);
        let (seq, expires_at) = (columns.count("message")?, columns.moment("expires_at")?);
        let recipient = AgentId::from_bytes(columns.bytes("recipient")?);
        let stands = delivery(row)?.settled(now, expires_at);
        save(db, seq, recipient, &stands, expires_at).await?;
        if let DeliveryState::Failed { reason, .. } = stands.state {
            settled.push(Settled {
                message: MessageId::from_bytes(columns.bytes("id")?),
                sender: columns.principal("sender_kind", "sender_id")?,
                recipient,
                reason,
            });
        }
    }
    Ok(settled)
}

/// Fails the open deliveries that `which`, with one id in it, chooses; those that time failed before keep its reason.
pub(super) async fn fail(
    db: &mut SqliteConnection,
    which: &'static str,
    id: &[u8; 16],
    at: Timestamp,
    reason: FailureReason,
) -> Attempt<()> {
    let query = format!(
        "UPDATE deliveries SET
             state = 'failed', visible_at = NULL, counted_until = NULL, fails_at = NULL, moved_at = min(fails_at, ?2),
             reason = CASE WHEN fails_at > ?2 THEN ?3
                 WHEN attempts >= ?4 AND fails_at = max(visible_at, coalesce(counted_until, 0)) THEN 'not_acknowledged'
                 ELSE 'expired' END
         WHERE fails_at IS NOT NULL AND {}",
        which.replace('?', "?1")
    );
    sqlx::query(AssertSqlSafe(query))
        .bind(id.as_slice())
        .bind(moment(at))
        .bind(reason.as_str())
        .bind(number(u64::from(
            portunus_core::message::terms::MAX_ATTEMPTS,
        )))
        .execute(db)
        .await?;
    Ok(())
}
