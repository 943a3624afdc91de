//! The data directory: made on the first start, locked by the plane that runs on it, its secrets read.
//!
//! It holds `portunus.db` (the store's), `pepper` and `master.key` (32 random bytes each, with a version), `lock`.

use crate::failure::{Failure, Kind};
use crate::secure_file::{self, SecureFileError};
use portunus_core::base62;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The database's file.
pub(crate) const DATABASE: &str = "portunus.db";
/// The file that keys the hashes of tokens.
pub(crate) const PEPPER: &str = "pepper";
/// The file that wraps the data keys of pools.
pub(crate) const MASTER_KEY: &str = "master.key";
const LOCK: &str = "lock";
const BYTES_WIDTH: usize = 43;

/// 32 secret bytes and the version of their use.
#[derive(Debug)]
pub(crate) struct VersionedSecret {
    /// Counts up when the secret is replaced.
    pub(crate) version: u32,
    /// The secret itself.
    pub(crate) bytes: Zeroizing<[u8; 32]>,
}

/// An open data directory. The lock ends with the process, or when this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    /// Keys the hashes of tokens.
    pub(crate) pepper: VersionedSecret,
    /// Wraps the data keys of the pools.
    pub(crate) master_key: VersionedSecret,
    _lock: File,
}

impl DataDir {
    /// Makes what is missing, takes the lock, reads the secrets.
    ///
    /// A database without its pepper or master key is refused: new ones would make its tokens and keys useless.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        secure_file::make_dir(root).map_err(refused)?;
        let lock = lock(root)?;
        let database = root.join(DATABASE);
        secure_file::check_file(&database).map_err(refused)?;
        let origin = if database.exists() {
            Origin::Existing
        } else {
            Origin::New
        };
        Ok(Self {
            pepper: secret(&root.join(PEPPER), "pepper", origin)?,
            master_key: secret(&root.join(MASTER_KEY), "master key", origin)?,
            root: root.to_path_buf(),
            _lock: lock,
        })
    }

    /// The directory that a backup is restored into: it must have the secrets already, because new ones open nothing.
    pub(crate) fn of_a_backup(root: &Path) -> Result<Self, Failure> {
        for name in [PEPPER, MASTER_KEY] {
            if !root.join(name).exists() {
                return Err(Failure::new(
                    Kind::NotFound,
                    format!("{} has no {name}", root.display()),
                )
                .fix("put `pepper` and `master.key` of the plane that was backed up there (mode 0600), then restore"));
            }
        }
        Self::open(root)
    }

    /// Refuses secrets that are not there, or are no secrets. Nothing is made and nothing is locked.
    pub(crate) fn check_secrets(root: &Path) -> Result<(), Failure> {
        secret(&root.join(PEPPER), "pepper", Origin::Existing)?;
        secret(&root.join(MASTER_KEY), "master key", Origin::Existing)?;
        Ok(())
    }

    /// Where the database is, or will be.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }
}

#[derive(Clone, Copy)]
enum Origin {
    New,
    Existing,
}

fn refused(error: SecureFileError) -> Failure {
    Failure::new(Kind::General, error.to_string()).fix(error.fix())
}

fn lock(root: &Path) -> Result<File, Failure> {
    let path = root.join(LOCK);
    let unusable = |error: std::io::Error| {
        Failure::new(
            Kind::General,
            format!("cannot lock {}: {error}", path.display()),
        )
        .fix("put the data directory on a local disk that this user may write to")
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            Kind::Conflict,
            format!("another plane runs on {}", root.display()),
        )
        .fix("stop it first, or give this one another --data-dir")),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn secret(path: &Path, name: &str, origin: Origin) -> Result<VersionedSecret, Failure> {
    if let Some(text) = secure_file::read(path).map_err(refused)? {
        return parse(&text).ok_or_else(|| {
            Failure::new(
                Kind::General,
                format!("{} does not hold a {name}", path.display()),
            )
            .fix("restore it from a backup of this data directory")
        });
    }
    match origin {
        Origin::Existing => Err(Failure::new(
            Kind::General,
            format!(
                "the database has no {name} beside it: {} is missing",
                path.display()
            ),
        )
        .fix(
            "restore it from a backup; without it every token and provider key must be issued anew",
        )),
        Origin::New => create(path),
    }
}

fn create(path: &Path) -> Result<VersionedSecret, Failure> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
        Failure::new(
            Kind::General,
            format!("the system gives no randomness: {error}"),
        )
    })?;
    let digits = Zeroizing::new(base62::encode(bytes.as_slice(), BYTES_WIDTH));
    let line = Zeroizing::new(format!("v1 {}\n", digits.as_str()));
    secure_file::create(path, &line).map_err(refused)?;
    Ok(VersionedSecret { version: 1, bytes })
}

/// Reads `v<version> <43 base62 characters>`.
fn parse(text: &str) -> Option<VersionedSecret> {
    let (version, digits) = text.trim_end().strip_prefix('v')?.split_once(' ')?;
    if digits.len() != BYTES_WIDTH {
        return None;
    }
    Some(VersionedSecret {
        version: version.parse().ok()?,
        bytes: Zeroizing::new(base62::decode(digits)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn root() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data");
        (dir, root)
    }

    #[test]
    fn the_first_start_makes_everything_private() {
        let (_dir, root) = root();
        let data = DataDir::open(&root).unwrap();
        assert_ne!(data.pepper.bytes, data.master_key.bytes);
        assert_eq!(fs::metadata(&root).unwrap().mode() & 0o777, 0o700);
        for name in [PEPPER, MASTER_KEY, LOCK] {
            let mode = fs::metadata(root.join(name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn the_second_start_reads_the_same_secrets() {
        let (_dir, root) = root();
        let first = DataDir::open(&root).unwrap();
        let bytes = first.pepper.bytes.clone();
        drop(first);
        assert_eq!(DataDir::open(&root).unwrap().pepper.bytes, bytes);
    }

    #[test]
    fn two_planes_never_share_a_directory() {
        let (_dir, root) = root();
        let _first = DataDir::open(&root).unwrap();
        let second = DataDir::open(&root).unwrap_err();
        assert_eq!(second.kind(), Kind::Conflict);
    }

    #[test]
    fn p11_loose_permissions_are_refused_with_the_chmod() {
        let (_dir, root) = root();
        drop(DataDir::open(&root).unwrap());
        for (path, mode, fix) in [
            (root.join(PEPPER), 0o644, "chmod 600"),
            (root.join(MASTER_KEY), 0o660, "chmod 600"),
            (root.clone(), 0o750, "chmod 700"),
        ] {
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = DataDir::open(&root).unwrap_err();
            assert!(refused.next_step().unwrap().starts_with(fix), "{refused:?}");
            fs::set_permissions(&path, before).unwrap();
        }
        DataDir::open(&root).unwrap();
    }

    #[test]
    fn a_database_without_its_pepper_is_not_given_a_new_one() {
        let (_dir, root) = root();
        drop(DataDir::open(&root).unwrap());
        secure_file::create(&root.join(DATABASE), "").unwrap();
        fs::remove_file(root.join(PEPPER)).unwrap();
        let refused = DataDir::open(&root).unwrap_err();
        assert!(refused.detail().contains("pepper"), "{refused}");
        assert!(!root.join(PEPPER).exists());
    }

    #[test]
    fn a_damaged_pepper_is_refused() {
        for text in [
            "",
            "v1",
            "v1 short",
            "x1 0000000000000000000000000000000000000000000",
        ] {
            assert!(parse(text).is_none(), "{text:?}");
        }
    }
}
