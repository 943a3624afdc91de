//! Opening the database: a private file, of ours, readable, in this release's schema; or a reason and what to do.

use crate::SqliteStore;
use crate::audit_tree;
use crate::failure::Failure;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// `PTUN`, as the first migration writes it.
const APPLICATION_ID: i64 = 0x5054_554E;

/// Below it, a rare race while the WAL is reset can corrupt a database (<https://sqlite.org/wal.html#walresetbug>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

const READERS: u32 = 4;

/// Why the database was not opened. The text says what to do next; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused.
    #[error(
        "cannot open the database {path}: {source}. Check that its directory exists and that both belong to the user who runs the plane"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read or write the file.
    #[error("{path} may be used by others (mode {mode:o}). Run: chmod 600 '{path}'")]
    LoosePermissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no SQLite database.
    #[error(
        "{path} is not a SQLite database. Move it away to start with an empty one, or restore a backup in its place"
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A SQLite database of another program.
    #[error(
        "{path} is a SQLite database of another program. Name another data directory, or move the file away"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the database {path} is damaged: {detail}. Stop the plane, keep a copy of the file with its -wal and -shm, and restore a backup"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// A newer release wrote the file.
    #[error(
        "the database {path} was written by a newer release (schema {version}). Start that release, or restore a backup made before the upgrade"
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The first schema version that this release does not know.
        version: i64,
    },
    /// The file was migrated by another text of a migration than this release's.
    #[error(
        "the database {path} was migrated by a build whose schema {version} differs. Start that build, or restore a backup made by a release"
    )]
    AlteredSchema {
        /// The file.
        path: PathBuf,
        /// The schema version that differs.
        version: i64,
    },
    /// An older release wrote the file, and no newer one has opened it yet.
    #[error(
        "the database {path} was written by an older release. Start the plane on it once, which brings it up to date"
    )]
    OlderSchema {
        /// The file.
        path: PathBuf,
    },
    /// The SQLite library inside this binary is too old to be trusted with the file.
    #[error(
        "this binary contains SQLite {found}, and {} is needed. Use a release build",
        needed(OLDEST_SQLITE)
    )]
    OldLibrary {
        /// Its version.
        found: String,
    },
    /// Another process holds the database.
    #[error(
        "another process keeps the database {path} busy. Stop it (is a second plane running on this data directory?) and start again"
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports, such as a full disk.
    #[error(
        "the database {path} cannot be used: {detail}. Check the disk's free space and its health"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
}

fn needed((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

impl SqliteStore {
    /// Opens the database at `path`, or makes one, readable by its owner alone; and brings it to this release's schema.
    ///
    /// Must be called inside a tokio runtime, which then serves the connections.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose text says what to do next.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        claim(path)?;
        inspect(path).await.map_err(|problem| problem.at(path))?;
        let writer = writer(path).await.map_err(|problem| problem.at(path))?;
        if let Err(problem) = prepare(&writer).await {
            writer.close().await;
            return Err(problem.at(path));
        }
        Ok(Self::of(writer, readers(path)))
    }
}

impl SqliteStore {
    /// Looks at the database at `path` through a connection that changes nothing, also while a plane runs on it, from
    /// its first page to its last. Says how large it is, in bytes.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose text says what to do next.
    pub async fn examine(path: &Path) -> Result<u64, OpenError> {
        inspect(path).await.map_err(|problem| problem.at(path))?;
        let look = async {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .read_only(true)
                .busy_timeout(PATIENCE);
            let mut db = SqliteConnection::connect_with(&options).await?;
            let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
                .fetch_one(&mut db)
                .await?;
            db.close().await?;
            if found == "ok" {
                Ok(())
            } else {
                Err(Problem::Damaged(found))
            }
        };
        look.await.map_err(|problem: Problem| problem.at(path))?;
        let found = path.metadata().map_err(|source| OpenError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok(found.len())
    }
}

/// A problem before it is told with the file's name.
#[derive(Debug)]
enum Problem {
    Sql(sqlx::Error),
    Migration(MigrateError),
    Foreign,
    Damaged(String),
    OldLibrary(String),
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<MigrateError> for Problem {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::Sql(error)
            }
            other => Self::Migration(other),
        }
    }
}

impl Problem {
    fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Foreign => OpenError::Foreign { path },
            Self::Damaged(detail) => OpenError::Corrupt { path, detail },
            Self::OldLibrary(found) => OpenError::OldLibrary { found },
            Self::Migration(MigrateError::VersionMissing(version)) => {
                OpenError::NewerSchema { path, version }
            }
            Self::Migration(MigrateError::VersionMismatch(version)) => {
                OpenError::AlteredSchema { path, version }
            }
            Self::Migration(other) => OpenError::Unusable {
                path,
                detail: other.to_string(),
            },
            Self::Sql(error) => of_database(path, &error),
        }
    }
}

/// SQLite's primary result code (<https://sqlite.org/rescode.html>): the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const CORRUPT: u32 = 11;
const CANTOPEN: u32 = 14;
const NOTADB: u32 = 26;

pub(crate) fn of_database(path: PathBuf, error: &sqlx::Error) -> OpenError {
    let detail = error.to_string();
    match primary_code(error) {
        Some(BUSY | LOCKED) => OpenError::Busy { path },
        Some(CORRUPT) => OpenError::Corrupt { path, detail },
        Some(NOTADB) => OpenError::NotADatabase { path },
        Some(CANTOPEN) => OpenError::Unreadable {
            path,
            source: io::Error::other(detail),
        },
        _ => OpenError::Unusable { path, detail },
    }
}

/// Makes the file with mode 0600 before SQLite does, which gives `-wal` and `-shm` the mode of the file that it
/// finds, whatever the umask; and refuses files that others may use.
fn claim(path: &Path) -> Result<(), OpenError> {
    let unreadable = |source| OpenError::Unreadable {
        path: path.to_owned(),
        source,
    };
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(unreadable)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = PathBuf::from(file);
        let mode = match file.metadata() {
            Ok(found) => found.permissions().mode() & 0o777,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        if mode & 0o077 != 0 {
            return Err(OpenError::LoosePermissions { path: file, mode });
        }
    }
    Ok(())
}

/// Whether the file at `path` is a database of a plane.
pub(crate) async fn look_at(path: &Path) -> Result<(), OpenError> {
    if let Err(source) = path.metadata() {
        let path = path.to_owned();
        return Err(OpenError::Unreadable { path, source });
    }
    inspect(path).await.map_err(|problem| problem.at(path))
}

/// Looks at the library and at the file through a connection that changes nothing.
async fn inspect(path: &Path) -> Result<(), Problem> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE);
    let mut db = SqliteConnection::connect_with(&options).await?;
    let found: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut db)
        .await?;
    if read_version(&found).is_none_or(|version| version < OLDEST_SQLITE) {
        return Err(Problem::OldLibrary(found));
    }
    let id: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut db)
        .await?;
    let objects: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut db)
        .await?;
    let is_ours = id == APPLICATION_ID || (id == 0 && objects == 0);
    db.close().await?;
    if is_ours {
        Ok(())
    } else {
        Err(Problem::Foreign)
    }
}

fn read_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// The one connection that writes. Every commit is on the disk before it is acknowledged (`synchronous = FULL`).
async fn writer(path: &Path) -> Result<SqlitePool, Problem> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("journal_size_limit", "67108864");
    let pool = || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
    };
    let began = Instant::now();
    loop {
        match pool().connect_with(options.clone()).await {
            // SQLite does not wait for others when it turns a file to WAL, so we do.
            Err(error) if primary_code(&error) == Some(BUSY) && began.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return Ok(done?),
        }
    }
}

fn readers(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(PATIENCE);
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// Migrates under the write lock, so that two processes that start together do not both do it, and looks for damage
/// where the plane cannot begin with it. What may be large is left out: the audit log, by which nothing is decided,
/// and agents and tokens, which are read one by one while the plane serves already.
async fn prepare(writer: &SqlitePool) -> Result<(), Problem> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run(&mut *tx).await?;
    tx.commit().await?;
    hash_older_records(writer).await?;
    for check in [
        "PRAGMA quick_check('operators')",
        "PRAGMA quick_check('pools')",
        "PRAGMA quick_check('provider_keys')",
        "PRAGMA quick_check('rests')",
    ] {
        let findings: Vec<String> = sqlx::query_scalar(check).fetch_all(writer).await?;
        match findings.into_iter().next() {
            Some(finding) if finding != "ok" => return Err(Problem::Damaged(finding)),
            _ => {}
        }
    }
    Ok(())
}

/// Takes records into the tree that were written before there was one, a page in each transaction, so that a large log
/// neither fills memory nor is begun anew when the process ends in the middle.
async fn hash_older_records(writer: &SqlitePool) -> Result<(), Problem> {
    loop {
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let filled = match audit_tree::fill(&mut tx).await {
            Ok(filled) => filled,
            Err(Failure::Sql(error)) => return Err(error.into()),
            // Such a log is shown by its verification, and takes no record.
            Err(Failure::Refused(_) | Failure::Malformed(_)) => return Ok(()),
        };
        if filled == 0 {
            return Ok(());
        }
        tx.commit().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (text, trusted) in [
            ("3.51.3", true),
            ("3.51.2", false),
            ("3.9.9", false),
            ("4.0.0", true),
        ] {
            let version = read_version(text).unwrap();
            assert_eq!(version >= OLDEST_SQLITE, trusted, "{text}");
        }
        assert_eq!(read_version("3.51"), None);
    }
}
