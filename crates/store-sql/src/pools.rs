//! Pools in the database.

use crate::failure::Attempt;
use crate::row::{Columns, moment, number};
use portunus_core::ids::{KeyId, PoolId};
use portunus_core::provider_key::{Pool, Protocol, Quarantine};
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

fn read(row: &SqliteRow) -> Attempt<Pool> {
    let row = Columns(row);
    Ok(Pool {
        id: PoolId::from_bytes(row.bytes("id")?),
        name: row.name("name")?,
        protocol: row.one_of("protocol", Protocol::from_name)?,
        base_url: row.text("base_url")?.to_owned(),
        max_wait_ms: row.count("max_wait_ms")?,
        fallback: row.optional_bytes("fallback")?.map(PoolId::from_bytes),
        wrapped_data_key: row.blob("wrapped_data_key")?,
        created_at: row.moment("created_at")?,
    })
}

pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<Pool>> {
    let rows = sqlx::query("SELECT * FROM pools ORDER BY name")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

async fn check_name(db: &mut SqliteConnection, pool: &Pool) -> Attempt<()> {
    let taken = sqlx::query("SELECT 1 FROM pools WHERE name = ? AND id <> ?")
        .bind(pool.name.as_str())
        .bind(pool.id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    match taken {
        Some(_) => Err(StoreError::NameTaken.into()),
        None => Ok(()),
    }
}

fn fallback(pool: &Pool) -> Option<&[u8]> {
    pool.fallback.as_ref().map(|id| id.as_bytes().as_slice())
}

pub(crate) async fn create(db: &mut SqliteConnection, pool: &Pool) -> Attempt<()> {
    check_name(db, pool).await?;
    sqlx::query(
        "INSERT INTO pools (id, name, protocol, base_url, max_wait_ms, fallback, wrapped_data_key, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(pool.id.as_bytes().as_slice())
    .bind(pool.name.as_str())
    .bind(pool.protocol.as_str())
    .bind(pool.base_url.as_str())
    .bind(number(pool.max_wait_ms))
    .bind(fallback(pool))
    .bind(pool.wrapped_data_key.as_slice())
    .bind(moment(pool.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn update(
    db: &mut SqliteConnection,
    pool: &Pool,
    requarantine: &[KeyId],
) -> Attempt<()> {
    let known = sqlx::query("SELECT 1 FROM pools WHERE id = ?")
        .bind(pool.id.as_bytes().as_slice())
        .fetch_optional(&mut *db)
        .await?;
    if known.is_none() {
        return Err(StoreError::NotFound.into());
    }
    check_name(db, pool).await?;
    sqlx::query(
        "UPDATE pools SET name = ?, base_url = ?, max_wait_ms = ?, fallback = ?, wrapped_data_key = ?
         WHERE id = ?",
    )
    .bind(pool.name.as_str())
    .bind(pool.base_url.as_str())
    .bind(number(pool.max_wait_ms))
    .bind(fallback(pool))
    .bind(pool.wrapped_data_key.as_slice())
    .bind(pool.id.as_bytes().as_slice())
    .execute(&mut *db)
    .await?;
    for key in requarantine {
        sqlx::query("UPDATE provider_keys SET quarantine = ? WHERE id = ? AND pool = ?")
            .bind(Quarantine::OriginChanged.as_str())
            .bind(key.as_bytes().as_slice())
            .bind(pool.id.as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
