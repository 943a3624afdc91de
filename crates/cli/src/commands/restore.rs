//! `portunus restore`: puts a backup in the place of a stopped plane's database, after it was shown to be a good one.
//!
//! SQLite replays any log that lies beside a database, whatever database it came from, so a file never takes a name beside which a
//! log is left.

use crate::args::backup::RestoreArgs;
use crate::args::serve::ServeArgs;
use crate::commands::backup::unless_interrupted;
use crate::config::{self, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use crate::output;
use crate::serve::data_dir::DataDir;
use portunus_app::pools::Vault;
use portunus_core::token::{Pepper, TokenKind};
use portunus_store::Store;
use portunus_store_sql::{OpenError, SqliteStore};
use serde::Serialize;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What was done, for programs.
#[derive(Debug, Serialize)]
struct Restored {
    database: PathBuf,
    pools: usize,
    keys: usize,
    /// Where the database went that was there, or a log without one.
    moved_aside: Option<PathBuf>,
}

/// Checks the backup, then moves it into its place.
pub(super) async fn run(args: RestoreArgs) -> Result<(), Failure> {
    let words = ServeArgs {
        config: args.config,
        data_dir: args.data_dir,
        ..ServeArgs::default()
    };
    let root = config::load(&words, &ProcessEnvironment)?.data_dir;
    let data = DataDir::of_a_backup(&root)?;
    let database = data.database();
    if database.exists() && !args.force {
        return Err(Failure::new(
            Kind::Conflict,
            format!("{} exists already", database.display()),
        )
        .fix("add --force to move it aside, or name another --data-dir"));
    }
    let incoming = Incoming::copy(&args.file, &database)?;
    let (pools, keys) = unless_interrupted(examine(&incoming.0, &data)).await?;
    let moved_aside = move_aside(&database)?;
    incoming.take_the_place_of(&database)?;
    let done = Restored {
        database,
        pools,
        keys,
        moved_aside,
    };
    if args.json {
        let json = serde_json::to_vec(&done).map_err(anyhow::Error::new)?;
        return output::print_json(&json);
    }
    let aside = done.moved_aside.as_ref().map_or_else(String::new, |path| {
        format!("What was there is {}.\n", path.display())
    });
    output::print(&format!(
        "Restored {} ({} pools, {} provider keys).\n{aside}Start the plane: portunus serve --data-dir {}\n",
        done.database.display(),
        done.pools,
        done.keys,
        root.display()
    ))
}

/// Looks at every page of the copy, which no plane does at its start, then opens it as one would, with the secrets that lie beside
/// it.
async fn examine(copy: &Path, data: &DataDir) -> Result<(usize, usize), Failure> {
    let bad = |detail: String| {
        Failure::new(Kind::General, detail).fix("nothing was changed; look for another backup")
    };
    let unusable = |error: OpenError| match error {
        OpenError::Corrupt { detail, .. } => bad(format!("the backup is damaged: {detail}")),
        other => bad(format!("the backup is not usable: {other}")),
    };
    SqliteStore::examine(copy).await.map_err(unusable)?;
    let store = SqliteStore::open(copy).await.map_err(unusable)?;
    let snapshot = store
        .snapshot()
        .await
        .map_err(|error| bad(format!("the backup cannot be read: {error}")))?;
    // Only the file is moved, so nothing may be left in its log.
    let folded = store.fold().await;
    store.close().await;
    folded.map_err(|error| bad(format!("the backup cannot be written: {error}")))?;
    let others = |what: &str, file: &str| {
        Failure::new(
            Kind::Conflict,
            format!("the {what} here is not the one of the plane that was backed up"),
        )
        .fix(format!(
            "nothing was changed; put the {file} of that plane into the data directory"
        ))
    };
    let pepper = Pepper::new(data.pepper.version, &data.pepper.bytes);
    let issued = |kid| pepper.has_issued(TokenKind::Operator, kid);
    if !snapshot.tokens.iter().all(|token| issued(&token.kid)) {
        return Err(others("pepper", "`pepper`"));
    }
    let vault = Vault::new(&data.master_key.bytes);
    if snapshot
        .pools
        .iter()
        .any(|pool| vault.open_pool(pool).is_err())
    {
        return Err(others("master key", "`master.key`"));
    }
    Ok((snapshot.pools.len(), snapshot.keys.len()))
}

/// The copy beside the database's place; removed unless it takes that.
struct Incoming(PathBuf);

impl Incoming {
    fn copy(from: &Path, database: &Path) -> Result<Self, Failure> {
        let mut source = File::open(from).map_err(|error| {
            Failure::new(
                Kind::NotFound,
                format!("cannot open {}: {error}", from.display()),
            )
            .fix("name a file that `portunus backup` wrote")
        })?;
        let incoming = Self(beside(database, "incoming"));
        for left in with_its_log(&incoming.0) {
            remove(&left)?;
        }
        let copied = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&incoming.0)
            .and_then(|mut copy| {
                io::copy(&mut source, &mut copy)?;
                copy.sync_all()
            });
        copied.map_err(|error| cannot("write", &incoming.0, &error))?;
        Ok(incoming)
    }

    fn take_the_place_of(self, database: &Path) -> Result<(), Failure> {
        fs::rename(&self.0, database).map_err(|error| cannot("put in place", database, &error))?;
        save_names(database)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        for path in with_its_log(&self.0) {
            // Once it is in place nothing has this name any more.
            let _ = fs::remove_file(path);
        }
    }
}

/// Gives all that is there other names before the first of the old ones ends: a database without its log lacks what came last,
/// and whoever is interrupted in between has lost neither.
fn move_aside(database: &Path) -> Result<Option<PathBuf>, Failure> {
    let place = (1..)
        .map(|number| beside(database, &format!("before-restore-{number}")))
        .find(|place| !with_its_log(place).iter().any(|path| is_there(path)))
        .unwrap_or_else(|| beside(database, "before-restore"));
    let names = with_its_log(database).into_iter().zip(with_its_log(&place));
    let (old, new): (Vec<_>, Vec<_>) = names.filter(|(old, _)| is_there(old)).unzip();
    for (old, new) in old.iter().zip(&new) {
        fs::hard_link(old, new).map_err(|error| cannot("move aside", old, &error))?;
    }
    save_names(database)?;
    // The database first: its log alone is replayed into nothing.
    for old in &old {
        remove(old)?;
    }
    Ok(new.into_iter().next())
}

fn is_there(path: &Path) -> bool {
    let found = fs::symlink_metadata(path);
    !found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Sees to it that the names beside a database are on the disk as they are now.
fn save_names(database: &Path) -> Result<(), Failure> {
    let parent = database.parent().unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|directory| directory.sync_all());
    synced.map_err(|error| cannot("save", database, &error))
}

/// A database's file and those that SQLite keeps beside it.
fn with_its_log(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let mut name = OsString::from(database);
        name.push(ending);
        PathBuf::from(name)
    })
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Kind::General,
        format!("cannot {what} {}: {error}", path.display()),
    )
    .fix("check the disk's free space and who owns the data directory")
}
