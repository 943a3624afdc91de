//! When agents were heard of. Many rows are saved at once: they travel as one JSON text, because a statement for each
//! would cost a large fleet more than its heartbeats do.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment};
use crate::store::commit;
use crate::{SqliteStore, journal};
use portunus_core::audit::AuditEvent;
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Cadence, Note, Watch};
use portunus_store::{Liveness, LivenessStore, Result, StoreError};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

#[async_trait::async_trait]
impl LivenessStore for SqliteStore {
    async fn liveness_from(&self, from: AgentId, limit: u32) -> Result<Vec<Liveness>> {
        Ok(page(&mut *self.reader().await?, from, limit).await?)
    }

    async fn save_liveness(&self, rows: &[Liveness]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.change().await?;
        save(&mut tx, rows).await?;
        commit(tx).await
    }

    async fn watch_agent(&self, agent: AgentId, watch: Watch, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        set_watch(&mut tx, agent, watch).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }
}

async fn page(db: &mut SqliteConnection, from: AgentId, limit: u32) -> Attempt<Vec<Liveness>> {
    let rows = sqlx::query("SELECT * FROM liveness WHERE agent >= ? ORDER BY agent LIMIT ?")
        .bind(from.as_bytes().as_slice())
        .bind(limit)
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

async fn save(db: &mut SqliteConnection, rows: &[Liveness]) -> Attempt<()> {
    let rows: Vec<_> = rows.iter().map(written).collect();
    sqlx::query(
        "INSERT INTO liveness (agent, cadence_s, note, heartbeat_at, seen_at, is_told_offline)
         SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
         FROM json_each(?) WHERE EXISTS (SELECT 1 FROM agents WHERE id = unhex(value ->> 0))
         ON CONFLICT (agent) DO UPDATE SET cadence_s = excluded.cadence_s, note = excluded.note,
             heartbeat_at = excluded.heartbeat_at, seen_at = excluded.seen_at,
             is_told_offline = excluded.is_told_offline",
    )
    .bind(serde_json::Value::Array(rows).to_string())
    .execute(db)
    .await?;
    Ok(())
}

fn written(row: &Liveness) -> serde_json::Value {
    let agent: String = row
        .agent
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    serde_json::json!([
        agent,
        row.cadence.map(Cadence::as_secs),
        row.note.as_ref().map(|note| note.as_str()),
        row.heartbeat_at.map(moment),
        row.seen_at.map(moment),
        u8::from(row.is_told_offline),
    ])
}

async fn set_watch(db: &mut SqliteConnection, agent: AgentId, watch: Watch) -> Attempt<()> {
    let written = sqlx::query(
        "INSERT INTO liveness (agent, watch) SELECT id, ?2 FROM agents WHERE id = ?1
         ON CONFLICT (agent) DO UPDATE SET watch = excluded.watch",
    )
    .bind(agent.as_bytes().as_slice())
    .bind(match watch {
        Watch::On => "on",
        Watch::Paused => "paused",
    })
    .execute(db)
    .await?;
    if written.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Attempt<Liveness> {
    let row = Columns(row);
    Ok(Liveness {
        agent: AgentId::from_bytes(row.bytes("agent")?),
        cadence: match row.optional_count::<u32>("cadence_s")? {
            None => None,
            Some(seconds) => {
                Some(Cadence::from_secs(seconds).ok_or(Failure::Malformed("cadence_s"))?)
            }
        },
        watch: row.one_of("watch", |text| match text {
            "on" => Some(Watch::On),
            "paused" => Some(Watch::Paused),
            _ => None,
        })?,
        note: row.optional_text("note")?.map(Note::from_stored),
        heartbeat_at: row.optional_moment("heartbeat_at")?,
        seen_at: row.optional_moment("seen_at")?,
        is_told_offline: row.count::<u8>("is_told_offline")? == 1,
    })
}
