//! Inboxes: what is written to everyone becomes an agent's own when it looks, and is taken.

use super::deliveries::{self, save};
use super::rows::{MESSAGE, delivery, message};
use crate::agents;
use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use portunus_core::agent::Agent;
use portunus_core::ids::AgentId;
use portunus_core::message::{Delivery, FailureReason, Message};
use portunus_core::name::Slug;
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use portunus_store::{InboxWish, StoreError};
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use std::sync::Arc;

/// New agents get what is written from now on.
pub(crate) async fn open(db: &mut SqliteConnection, agents: &[&Agent]) -> Attempt<()> {
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM messages")
        .fetch_one(&mut *db)
        .await?;
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO inboxes (agent, since, until) ");
    query.push_values(agents, |mut row, agent| {
        row.push_bind(agent.id.as_bytes().as_slice())
            .push_bind(newest)
            .push_bind(newest);
    });
    query.build().execute(db).await?;
    Ok(())
}

/// Fails what an agent did not read, before it is deleted.
pub(crate) async fn close(db: &mut SqliteConnection, agent: AgentId, at: Timestamp) -> Attempt<()> {
    let name = match agents::agent(db, agent).await {
        Err(Failure::Refused(StoreError::NotFound)) => return Ok(()),
        found => found?.name,
    };
    write_out(db, agent, &name, at, u64::MAX).await?;
    let reason = FailureReason::RecipientDeleted;
    deliveries::fail(db, "recipient = ?", agent.as_bytes(), at, reason).await
}

/// Messages `m` to everyone that are for the agent `?1` at `?2` and that it has no delivery of.
const NEW_TO_IT: &str = "messages m WHERE m.to_all = 1 AND m.seq > (SELECT until FROM inboxes WHERE agent = ?1)
    AND m.expires_at > ?2 AND m.withdrawn_at IS NULL AND NOT (m.sender_kind = 'agent' AND m.sender_id = ?1)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.seq AND d.recipient = ?1)";

/// Writes a delivery for everything that reaches the agent and has none yet, the oldest first, until `length` of them are
/// open. What has no room is as if the agent had not looked.
async fn write_out(
    db: &mut SqliteConnection,
    agent: AgentId,
    name: &Slug,
    now: Timestamp,
    length: u64,
) -> Attempt<()> {
    let room = length.saturating_sub(deliveries::open(db, agent).await?);
    let query = format!("SELECT m.seq FROM {NEW_TO_IT} ORDER BY m.seq LIMIT 1 OFFSET ?3");
    let without_room: Option<i64> = sqlx::query_scalar(AssertSqlSafe(query))
        .bind(agent.as_bytes().as_slice())
        .bind(moment(now))
        .bind(number(room))
        .fetch_optional(&mut *db)
        .await?;
    let query = format!(
        "INSERT INTO deliveries (message, recipient, recipient_name, named, state, attempts, fails_at)
         SELECT m.seq, ?1, ?3, 0, 'queued', 0, m.expires_at FROM {NEW_TO_IT} AND m.seq < ?4"
    );
    sqlx::query(AssertSqlSafe(query))
        .bind(agent.as_bytes().as_slice())
        .bind(moment(now))
        .bind(name.as_str())
        .bind(without_room.unwrap_or(i64::MAX))
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "UPDATE inboxes SET until = reached
         FROM (SELECT coalesce(?2 - 1, max(seq), 0) AS reached FROM messages) WHERE agent = ?1 AND until < reached",
    )
    .bind(agent.as_bytes().as_slice())
    .bind(without_room)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes for one agent, whatever it finds.
pub(super) async fn take(
    db: &mut SqliteConnection,
    wish: &InboxWish,
) -> Attempt<Vec<(Arc<Message>, Delivery)>> {
    let name = agents::agent(db, wish.agent).await?.name;
    write_out(db, wish.agent, &name, wish.now, wish.length).await?;
    let query = format!(
        "SELECT {MESSAGE}, d.state, d.attempts, d.moved_at, d.visible_at, d.counted_until, d.reason
         FROM deliveries d JOIN messages m ON m.seq = d.message
         WHERE d.recipient = ?1 AND d.fails_at > ?2 AND coalesce(d.visible_at, 0) <= ?2 ORDER BY d.message LIMIT ?3"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(wish.agent.as_bytes().as_slice())
        .bind(moment(wish.now))
        .bind(wish.limit)
        .fetch_all(&mut *db)
        .await?;
    let mut handed_out = Vec::new();
    for row in &rows {
        let found = message(row)?;
        let expires_at = found.message.expires_at;
        let taken = delivery(row)?.taken(wish.now, wish.visibility_ms, expires_at);
        let Some(taken) = taken else { continue };
        save(db, found.seq, wish.agent, &taken, expires_at).await?;
        handed_out.push((Arc::new(found.message), taken));
    }
    Ok(handed_out)
}

/// Whether anything is hidden that was handed out.
pub(super) async fn any_hidden(
    db: &mut SqliteConnection,
    agent: AgentId,
    now: Timestamp,
) -> Attempt<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE recipient = ? AND fails_at IS NOT NULL AND coalesce(visible_at, 0) > ?) AS any";
    let row = sqlx::query(query)
        .bind(agent.as_bytes().as_slice())
        .bind(moment(now))
        .fetch_one(db)
        .await?;
    Ok(Columns(&row).count::<u8>("any")? == 1)
}

pub(super) async fn give_back(
    db: &mut SqliteConnection,
    agent: AgentId,
    lost: &[HandedOut],
    now: Timestamp,
) -> Attempt<u64> {
    let query = format!(
        "SELECT {MESSAGE}, d.state, d.attempts, d.moved_at, d.visible_at, d.counted_until, d.reason
         FROM messages m JOIN deliveries d ON d.message = m.seq AND d.recipient = ?1
         WHERE m.id = ?2 AND d.state = 'delivered' AND d.moved_at = ?3"
    );
    let mut freed = 0;
    for one in lost {
        let row = sqlx::query(AssertSqlSafe(query.as_str()))
            .bind(agent.as_bytes().as_slice())
            .bind(one.message.as_bytes().as_slice())
            .bind(moment(one.at))
            .fetch_optional(&mut *db)
            .await?;
        let Some(row) = row else { continue };
        let found = message(&row)?;
        let expires_at = found.message.expires_at;
        if let Some(back) = delivery(&row)?.given_back(now, expires_at) {
            save(db, found.seq, agent, &back, expires_at).await?;
            freed += 1;
        }
    }
    Ok(freed)
}
