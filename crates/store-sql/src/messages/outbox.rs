//! What the messages of one sender take, so that nobody alone fills the disk.

use crate::failure::Attempt;
use crate::row::{Columns, number, principal};
use portunus_core::agent::Principal;
use portunus_core::message::Draft;
use portunus_core::time::Timestamp;
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// How many of a sender's oldest messages are looked at for when there is room again.
const LOOK_BACK: u32 = 1_000;

/// Counts a message of so many bytes, or refuses it.
pub(super) async fn charge(db: &mut SqliteConnection, draft: &Draft, bytes: u64) -> Attempt<()> {
    let (kind, id) = principal(&draft.sender.principal);
    let kept: Option<i64> =
        sqlx::query_scalar("SELECT bytes FROM outboxes WHERE sender_kind = ? AND sender_id = ?")
            .bind(kind)
            .bind(id)
            .fetch_optional(&mut *db)
            .await?;
    let kept = u64::try_from(kept.unwrap_or(0)).unwrap_or(0);
    if let Some(excess) = draft.excess(kept, bytes) {
        let written_at = room_behind(db, &draft.sender.principal, excess).await?;
        return Err(StoreError::OutboxFull { written_at }.into());
    }
    sqlx::query(
        "INSERT INTO outboxes (sender_kind, sender_id, bytes) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
    )
    .bind(kind)
    .bind(id)
    .bind(number(bytes))
    .execute(db)
    .await?;
    Ok(())
}

/// When the last of those of its oldest messages was written that take so many bytes together.
async fn room_behind(
    db: &mut SqliteConnection,
    sender: &Principal,
    excess: u64,
) -> Attempt<Timestamp> {
    let (kind, id) = principal(sender);
    let oldest = sqlx::query(
        "SELECT at, bytes FROM messages WHERE sender_kind = ? AND sender_id = ? AND bytes > 0 ORDER BY seq LIMIT ?",
    )
    .bind(kind)
    .bind(id)
    .bind(LOOK_BACK)
    .fetch_all(db)
    .await?;
    let (mut freed, mut written_at) = (0_u64, Timestamp::EPOCH);
    for row in &oldest {
        let row = Columns(row);
        freed = freed.saturating_add(row.count("bytes")?);
        written_at = written_at.max(row.moment("at")?);
        if freed >= excess {
            break;
        }
    }
    Ok(written_at)
}

/// Gives back what messages took that are forgotten.
pub(super) async fn free(
    db: &mut SqliteConnection,
    forgotten: &BTreeMap<Principal, u64>,
) -> Attempt<()> {
    for (sender, bytes) in forgotten {
        let (kind, id) = principal(sender);
        sqlx::query(
            "UPDATE outboxes SET bytes = bytes - ? WHERE sender_kind = ? AND sender_id = ?",
        )
        .bind(number(*bytes))
        .bind(kind)
        .bind(id)
        .execute(&mut *db)
        .await?;
        sqlx::query("DELETE FROM outboxes WHERE sender_kind = ? AND sender_id = ? AND bytes <= 0")
            .bind(kind)
            .bind(id)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
