//! The audit log of a database that nothing is written to: as one moment shows it, also while a plane runs on it.

use crate::failure::{Attempt, Failure};
use crate::open::OpenError;
use crate::row::Columns;
use crate::{audit_tree, checkpoints, journal};
use portunus_core::audit::{AuditKey, Hash, LoggedRecord, SignedCheckpoint, Tree};
use portunus_store::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use std::time::Duration;

/// How long to wait for a process that holds the file alone.
const PATIENCE: Duration = Duration::from_secs(10);

/// The log as one moment shows it.
#[derive(Debug)]
pub struct LogFile {
    db: SqliteConnection,
}

/// A row that holds no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its number in the log; what is not even a positive number is 0.
    pub seq: u64,
}

impl LogFile {
    /// Opens the log of the database at `path`.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose text says what to do next.
    pub async fn open(path: &Path) -> std::result::Result<Self, OpenError> {
        crate::open::look_at(path).await?;
        let open = async {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .read_only(true)
                .busy_timeout(PATIENCE);
            let mut db = SqliteConnection::connect_with(&options).await?;
            // Everything is read inside of one transaction, which SQLite begins with the first look.
            sqlx::query("BEGIN").execute(&mut db).await?;
            sqlx::query("SELECT size FROM audit_tree")
                .fetch_optional(&mut db)
                .await?;
            Ok(Self { db })
        };
        open.await.map_err(|error: sqlx::Error| {
            if error.to_string().contains("no such table") {
                OpenError::OlderSchema {
                    path: path.to_owned(),
                }
            } else {
                crate::open::of_database(path.to_owned(), &error)
            }
        })
    }

    /// How many records it has.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::Unavailable`].
    pub async fn count(&mut self) -> Result<u64> {
        let count: sqlx::Result<i64> = sqlx::query_scalar("SELECT count(*) FROM audit")
            .fetch_one(&mut self.db)
            .await;
        Ok(u64::try_from(count.map_err(Failure::from)?).unwrap_or(0))
    }

    /// The records behind `after`, at most `limit`, in the order of their numbers.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::Unavailable`].
    pub async fn records_after(
        &mut self,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, std::result::Result<LoggedRecord, Unreadable>)>> {
        let rows = sqlx::query("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(after.unwrap_or(i64::MIN))
            .bind(i64::from(limit))
            .fetch_all(&mut self.db)
            .await
            .map_err(Failure::from)?;
        let rows = rows.iter().map(|row| {
            let place = Columns(row).place()?;
            Ok((place, read(row, place)?))
        });
        Ok(rows.collect::<Attempt<_>>()?)
    }

    /// The tree that is kept with it.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::BrokenLog`], [`portunus_store::StoreError::Unavailable`].
    pub async fn tree(&mut self) -> Result<Tree> {
        Ok(audit_tree::find(&mut self.db).await?)
    }

    /// The tree over its first `size` records, made of the hashes that are stored with them.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::NotFound`] (there are fewer), [`portunus_store::StoreError::Unavailable`].
    pub async fn tree_of(&mut self, size: u64) -> Result<Tree> {
        Ok(audit_tree::of_first(&mut self.db, size).await?)
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::Unavailable`].
    pub async fn newest_checkpoint(&mut self) -> Result<Option<SignedCheckpoint>> {
        Ok(checkpoints::newest(&mut self.db).await?)
    }

    /// The key that signs it, once there is one.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::Unavailable`].
    pub async fn key(&mut self) -> Result<Option<AuditKey>> {
        Ok(checkpoints::key(&mut self.db).await?)
    }

    /// Checkpoints of `size` records or more, the smallest first, at most `limit`.
    ///
    /// # Errors
    /// [`portunus_store::StoreError::Unavailable`].
    pub async fn checkpoints_from(
        &mut self,
        size: u64,
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>> {
        Ok(checkpoints::from(&mut self.db, size, limit).await?)
    }
}

/// What the plane never writes is unreadable; only what the database itself says is a failure.
fn read(row: &SqliteRow, place: i64) -> Attempt<std::result::Result<LoggedRecord, Unreadable>> {
    let unreadable = Unreadable {
        seq: u64::try_from(place).unwrap_or(0),
    };
    let leaf = Columns(row).optional_bytes::<32>("leaf");
    let read = journal::read(row).and_then(|record| Ok((record, leaf?)));
    match read {
        Ok((record, Some(leaf))) => Ok(Ok(LoggedRecord {
            record,
            leaf: Hash::from_bytes(leaf),
        })),
        Ok((_, None))
        | Err(Failure::Malformed(_) | Failure::Sql(sqlx::Error::ColumnDecode { .. })) => {
            Ok(Err(unreadable))
        }
        Err(other) => Err(other),
    }
}
