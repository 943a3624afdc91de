//! A directory of its own for a test's database, and a side door into the file.

use portunus_store_sql::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::path::PathBuf;
use tempfile::TempDir;

pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("plane.db")
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).await.unwrap()
    }

    /// A connection that is not the store's, as another program would have it.
    pub(crate) async fn side_door(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.file())
            .foreign_keys(true);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Runs statements through the side door.
    pub(crate) async fn sql(&self, statements: &str) -> Result<(), String> {
        let mut db = self.side_door().await;
        let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut db)
            .await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// One number out of the file.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let mut db = self.side_door().await;
        sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&mut db)
            .await
            .unwrap()
    }
}
