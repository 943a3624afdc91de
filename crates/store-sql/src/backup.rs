//! A copy of a living database: one moment of it, in a file that has no name.

use crate::failure::Attempt;
use sqlx::sqlite::SqliteConnection;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Copies the database that `db` is connected to. Writers are not held up: SQLite reads one snapshot of the WAL.
///
/// The copy is made beside the database, where there is the right disk and the right owner, and disappears when the file
/// is closed, or with the process.
pub(crate) async fn copy(db: &mut SqliteConnection) -> Attempt<io::Result<File>> {
    let path: String =
        sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .fetch_one(&mut *db)
            .await?;
    let copy = match beside(Path::new(&path)) {
        Ok(copy) => copy,
        Err(error) => return Ok(Err(error)),
    };
    let text = copy.to_string_lossy().into_owned();
    let copied = sqlx::query("VACUUM INTO ?").bind(text).execute(db).await;
    let file = File::open(&copy);
    let removed = fs::remove_file(&copy);
    copied?;
    Ok(file.and_then(|file| removed.map(|()| file)))
}

/// An empty file that only its owner may read; `VACUUM INTO` would make one for everybody.
fn beside(database: &Path) -> io::Result<PathBuf> {
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".copy-{}", std::process::id()));
    let path = PathBuf::from(name);
    // What an earlier process left behind when it died in the middle.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    Ok(path)
}
