//! What the pools observed, in the database: rests, quarantines, bindings.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment};
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::answer::{Family, WindowId, WindowScope};
use portunus_core::pool::rest::RestReason;
use portunus_core::provider_key::Quarantine;
use portunus_core::time::Timestamp;
use portunus_store::{Binding, ObjectHash, PoolFacts, StoredRest};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// A window as its three columns.
fn columns(window: &WindowId) -> (&'static str, &str, &str) {
    match &window.scope {
        WindowScope::Key => ("key", "", &window.kind),
        WindowScope::Family(family) => ("family", family.as_str(), &window.kind),
    }
}

fn read_rest(row: &SqliteRow) -> Attempt<StoredRest> {
    let row = Columns(row);
    let scope = match row.text("scope")? {
        "key" => WindowScope::Key,
        "family" => WindowScope::Family(Family::new(row.text("family")?)),
        _ => return Err(Failure::Malformed("scope")),
    };
    Ok(StoredRest {
        key: KeyId::from_bytes(row.bytes("key")?),
        window: WindowId {
            scope,
            kind: row.text("kind")?.into(),
        },
        until: row.moment("until")?,
        since: row.moment("since")?,
        reason: row.one_of("reason", RestReason::from_name)?,
    })
}

pub(crate) async fn rests(db: &mut SqliteConnection) -> Attempt<Vec<StoredRest>> {
    let rows = sqlx::query("SELECT * FROM rests").fetch_all(db).await?;
    rows.iter().map(read_rest).collect()
}

/// All but the events. Facts about keys and agents that are gone meanwhile touch no row.
pub(crate) async fn save(db: &mut SqliteConnection, facts: &PoolFacts) -> Attempt<()> {
    for (key, window) in &facts.rests_healed {
        heal(db, *key, window).await?;
    }
    for rest in &facts.rests_set {
        set(db, rest).await?;
    }
    for key in &facts.released {
        quarantine(db, *key, None).await?;
    }
    for (key, reason) in &facts.quarantined {
        quarantine(db, *key, Some(*reason)).await?;
    }
    for binding in &facts.bindings {
        bind(db, binding).await?;
    }
    Ok(())
}

async fn heal(db: &mut SqliteConnection, key: KeyId, window: &WindowId) -> Attempt<()> {
    let (scope, family, kind) = columns(window);
    sqlx::query("DELETE FROM rests WHERE key = ? AND scope = ? AND family = ? AND kind = ?")
        .bind(key.as_bytes().as_slice())
        .bind(scope)
        .bind(family)
        .bind(kind)
        .execute(db)
        .await?;
    Ok(())
}

async fn set(db: &mut SqliteConnection, rest: &StoredRest) -> Attempt<()> {
    let (scope, family, kind) = columns(&rest.window);
    sqlx::query(
        "INSERT INTO rests (key, scope, family, kind, until, since, reason)
         SELECT id, ?, ?, ?, ?, ?, ? FROM provider_keys WHERE id = ?
         ON CONFLICT DO UPDATE SET until = excluded.until, since = excluded.since, reason = excluded.reason",
    )
    .bind(scope)
    .bind(family)
    .bind(kind)
    .bind(moment(rest.until))
    .bind(moment(rest.since))
    .bind(rest.reason.as_str())
    .bind(rest.key.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

async fn quarantine(
    db: &mut SqliteConnection,
    key: KeyId,
    reason: Option<Quarantine>,
) -> Attempt<()> {
    sqlx::query("UPDATE provider_keys SET quarantine = ? WHERE id = ?")
        .bind(reason.map(Quarantine::as_str))
        .bind(key.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

async fn bind(db: &mut SqliteConnection, binding: &Binding) -> Attempt<()> {
    sqlx::query(
        "INSERT INTO bindings (object, agent, key, at)
         SELECT ?, id, ?, ? FROM agents WHERE id = ?
         ON CONFLICT DO UPDATE SET key = excluded.key, at = excluded.at",
    )
    .bind(binding.object.as_slice())
    .bind(binding.key.as_bytes().as_slice())
    .bind(moment(binding.at))
    .bind(binding.agent.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn binding(
    db: &mut SqliteConnection,
    object: ObjectHash,
    agent: AgentId,
) -> Attempt<Option<KeyId>> {
    let row = sqlx::query("SELECT key FROM bindings WHERE object = ? AND agent = ?")
        .bind(object.as_slice())
        .bind(agent.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| Ok(KeyId::from_bytes(Columns(&row).bytes("key")?)))
        .transpose()
}

pub(crate) async fn forget_bindings(db: &mut SqliteConnection, before: Timestamp) -> Attempt<u64> {
    let forgotten = sqlx::query("DELETE FROM bindings WHERE at < ?")
        .bind(moment(before))
        .execute(db)
        .await?;
    Ok(forgotten.rows_affected())
}
