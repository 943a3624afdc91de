//! The key that signs the audit log, and the checkpoints that it signed.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::{AuditKey, SignedCheckpoint};
use portunus_core::ids::AuditKeyId;
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// The key, if there is one yet.
pub(crate) async fn key(db: &mut SqliteConnection) -> Attempt<Option<AuditKey>> {
    let row = sqlx::query("SELECT * FROM audit_keys")
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read_key).transpose()
}

fn read_key(row: &SqliteRow) -> Attempt<AuditKey> {
    let row = Columns(row);
    let verifier = VerifierKey::new(row.text("name")?.to_owned(), row.bytes("public")?);
    Ok(AuditKey {
        id: AuditKeyId::from_bytes(row.bytes("id")?),
        verifier: verifier.ok_or(Failure::Malformed("name"))?,
        sealed: row.blob("sealed")?,
        created_at: row.moment("created_at")?,
    })
}

pub(crate) async fn add_key(db: &mut SqliteConnection, added: &AuditKey) -> Attempt<()> {
    if key(&mut *db).await?.is_some() {
        return Err(StoreError::Inconsistent("another key signs the audit log").into());
    }
    sqlx::query(
        "INSERT INTO audit_keys (id, name, public, sealed, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(added.id.as_bytes().as_slice())
    .bind(added.verifier.name())
    .bind(added.verifier.public().as_slice())
    .bind(added.sealed.as_slice())
    .bind(moment(added.created_at))
    .execute(db)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Attempt<SignedCheckpoint> {
    let row = Columns(row);
    Ok(SignedCheckpoint {
        size: row.count("size")?,
        at: row.moment("at")?,
        note: row.text("note")?.to_owned(),
    })
}

/// Keeps a checkpoint, unless one of as many records is kept.
pub(crate) async fn add(db: &mut SqliteConnection, signed: &SignedCheckpoint) -> Attempt<()> {
    let newest = newest(&mut *db).await?;
    if newest.is_some_and(|newest| newest.size >= signed.size) {
        return Ok(());
    }
    sqlx::query("INSERT INTO audit_checkpoints (size, at, note) VALUES (?, ?, ?)")
        .bind(number(signed.size))
        .bind(moment(signed.at))
        .bind(signed.note.as_str())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn newest(db: &mut SqliteConnection) -> Attempt<Option<SignedCheckpoint>> {
    let row = sqlx::query("SELECT * FROM audit_checkpoints ORDER BY size DESC LIMIT 1")
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Those of `size` records or more, the smallest first.
pub(crate) async fn from(
    db: &mut SqliteConnection,
    size: u64,
    limit: u32,
) -> Attempt<Vec<SignedCheckpoint>> {
    let rows = sqlx::query("SELECT * FROM audit_checkpoints WHERE size >= ? ORDER BY size LIMIT ?")
        .bind(number(size))
        .bind(i64::from(limit))
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}
