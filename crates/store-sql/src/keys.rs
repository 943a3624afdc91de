//! Provider keys in the database, and the guard of the last enabled one.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment};
use portunus_core::ids::{KeyId, PoolId};
use portunus_core::name::Label;
use portunus_core::provider_key::{KeySwitch, ProviderKey, Quarantine};
use portunus_store::{Force, Listing, Page, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

const fn name_of(switch: KeySwitch) -> &'static str {
    match switch {
        KeySwitch::Enabled => "enabled",
        KeySwitch::Disabled => "disabled",
    }
}

fn switch_of(name: &str) -> Option<KeySwitch> {
    [KeySwitch::Enabled, KeySwitch::Disabled]
        .into_iter()
        .find(|switch| name_of(*switch) == name)
}

fn read(row: &SqliteRow) -> Attempt<ProviderKey> {
    let row = Columns(row);
    let quarantine = row.optional_text("quarantine")?;
    Ok(ProviderKey {
        id: KeyId::from_bytes(row.bytes("id")?),
        pool: PoolId::from_bytes(row.bytes("pool")?),
        label: row.name("label")?,
        priority: row.count("priority")?,
        base_url: row.optional_text("base_url")?.map(str::to_owned),
        sealed_secret: row.blob("sealed_secret")?,
        fingerprint: row.bytes("fingerprint")?,
        switch: row.one_of("switch", switch_of)?,
        quarantine: quarantine
            .map(|name| Quarantine::from_name(name).ok_or(Failure::Malformed("quarantine")))
            .transpose()?,
        created_at: row.moment("created_at")?,
    })
}

pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<ProviderKey>> {
    let rows = sqlx::query("SELECT * FROM provider_keys")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn find(db: &mut SqliteConnection, id: KeyId) -> Attempt<ProviderKey> {
    let row = sqlx::query("SELECT * FROM provider_keys WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

pub(crate) async fn list(
    db: &mut SqliteConnection,
    pool: Option<PoolId>,
    page: &Page,
) -> Attempt<Listing<ProviderKey>> {
    let mut query = QueryBuilder::new(
        "SELECT provider_keys.* FROM provider_keys JOIN pools ON pools.id = pool WHERE true",
    );
    if let Some(pool) = pool {
        query
            .push(" AND pool = ")
            .push_bind(pool.as_bytes().to_vec());
    }
    if let Some(cursor) = &page.after {
        let (pool, label) = position::key_place(cursor)?;
        query.push(" AND (pools.name, label) > ((SELECT name FROM pools WHERE id = ");
        query.push_bind(pool.as_bytes().to_vec()).push("), ");
        query.push_bind(label.to_string()).push(")");
    }
    query.push(" ORDER BY pools.name, label LIMIT ");
    query.push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let keys = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(keys, page.size(), position::after_key))
}

/// Refuses a label or a secret that another key of the same pool has.
async fn check_unique(db: &mut SqliteConnection, key: &ProviderKey, pool: PoolId) -> Attempt<()> {
    let same_label =
        sqlx::query("SELECT 1 FROM provider_keys WHERE pool = ? AND label = ? AND id <> ?")
            .bind(pool.as_bytes().as_slice())
            .bind(key.label.as_str())
            .bind(key.id.as_bytes().as_slice())
            .fetch_optional(&mut *db)
            .await?;
    if same_label.is_some() {
        let label = key.label.clone();
        return Err(StoreError::LabelTaken { label }.into());
    }
    let same_secret = sqlx::query(
        "SELECT label FROM provider_keys WHERE pool = ? AND fingerprint = ? AND id <> ?",
    )
    .bind(pool.as_bytes().as_slice())
    .bind(key.fingerprint.as_slice())
    .bind(key.id.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    match same_secret {
        Some(row) => {
            let label: Label = Columns(&row).name("label")?;
            Err(StoreError::DuplicateSecret { label }.into())
        }
        None => Ok(()),
    }
}

pub(crate) async fn add(db: &mut SqliteConnection, key: &ProviderKey) -> Attempt<()> {
    check_unique(db, key, key.pool).await?;
    sqlx::query(
        "INSERT INTO provider_keys (id, pool, label, priority, base_url, sealed_secret, fingerprint, switch,
                                    quarantine, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key.id.as_bytes().as_slice())
    .bind(key.pool.as_bytes().as_slice())
    .bind(key.label.as_str())
    .bind(i64::from(key.priority))
    .bind(key.base_url.as_deref())
    .bind(key.sealed_secret.as_slice())
    .bind(key.fingerprint.as_slice())
    .bind(name_of(key.switch))
    .bind(key.quarantine.map(Quarantine::as_str))
    .bind(moment(key.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn update(db: &mut SqliteConnection, key: &ProviderKey) -> Attempt<()> {
    let stored = find(db, key.id).await?;
    check_unique(db, key, stored.pool).await?;
    sqlx::query(
        "UPDATE provider_keys SET label = ?, priority = ?, base_url = ?, sealed_secret = ?, fingerprint = ?,
                                  quarantine = ?
         WHERE id = ?",
    )
    .bind(key.label.as_str())
    .bind(i64::from(key.priority))
    .bind(key.base_url.as_deref())
    .bind(key.sealed_secret.as_slice())
    .bind(key.fingerprint.as_slice())
    .bind(key.quarantine.map(Quarantine::as_str))
    .bind(key.id.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Refuses when `key` is the last enabled one of its pool. The write lock is held, so no second removal
/// can judge by the same state.
async fn guard_last_enabled(db: &mut SqliteConnection, id: KeyId, force: Force) -> Attempt<()> {
    let key = find(db, id).await?;
    if force == Force::Yes || key.switch == KeySwitch::Disabled {
        return Ok(());
    }
    let another = sqlx::query(
        "SELECT 1 FROM provider_keys WHERE pool = ? AND switch = 'enabled' AND id <> ? LIMIT 1",
    )
    .bind(key.pool.as_bytes().as_slice())
    .bind(key.id.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    match another {
        Some(_) => Ok(()),
        None => Err(StoreError::LastEnabledKey.into()),
    }
}

pub(crate) async fn switch(
    db: &mut SqliteConnection,
    id: KeyId,
    switch: KeySwitch,
    force: Force,
) -> Attempt<()> {
    if switch == KeySwitch::Disabled {
        guard_last_enabled(db, id, force).await?;
    }
    let switched = sqlx::query("UPDATE provider_keys SET switch = ? WHERE id = ?")
        .bind(name_of(switch))
        .bind(id.as_bytes().as_slice())
        .execute(db)
        .await?;
    match switched.rows_affected() {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

/// Removes the row, and with it the key's rests.
pub(crate) async fn remove(db: &mut SqliteConnection, id: KeyId, force: Force) -> Attempt<()> {
    guard_last_enabled(db, id, force).await?;
    sqlx::query("DELETE FROM provider_keys WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}
