//! Files that hold secrets: mode 0600 under any umask, whole or not there at all, refused when others may read them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// Why a file or directory for secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecureFileError {
    /// Others than the owner may read or change it.
    #[error("{path} has mode {mode:04o}: others could read it", path = path.display())]
    Loose {
        /// Which file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The permission bits that it must have.
        wanted: u32,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to user {owner}, not to user {me} who runs this", path = path.display())]
    ForeignOwner {
        /// Which file or directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        me: u32,
    },
    /// It is not a plain file, or not a directory.
    #[error("{path} is not {wanted}", path = path.display())]
    WrongKind {
        /// Which path.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
    /// It is there already.
    #[error("{path} exists already", path = path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The system said no.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SecureFileError {
    /// The next step for a person.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::Loose { path, wanted, .. } => format!("chmod {wanted:o} {}", path.display()),
            Self::ForeignOwner { path, me, .. } => {
                format!("run as its owner, or: chown -R {me} {}", path.display())
            }
            Self::WrongKind { path, .. } => format!("move {} away", path.display()),
            Self::Exists { path } => {
                format!("name another file, or move {} away", path.display())
            }
            Self::Io { source, path, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    format!("give this user access to {}", path.display())
                }
                io::ErrorKind::NotFound => "create the directory that it is in".to_owned(),
                // What belongs there is text.
                io::ErrorKind::InvalidData => "restore it from a backup".to_owned(),
                _ => String::new(),
            },
        }
    }
}

type Result<T> = std::result::Result<T, SecureFileError>;

fn io_error<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> SecureFileError + 'a {
    move |source| SecureFileError::Io {
        what,
        path: path.to_path_buf(),
        source,
    }
}

/// Makes `path` and what is missing above it, for the owner alone (0700).
///
/// A directory that exists is only checked: it must be ours and closed to others.
pub(crate) fn make_dir(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(SecureFileError::WrongKind {
            path: path.to_path_buf(),
            wanted: "a directory",
        }),
        Ok(found) => check(path, &found, DIR_MODE),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new()
                .recursive(true)
                .mode(DIR_MODE)
                .create(path)
                .map_err(io_error("create", path))?;
            // A umask such as 0777 may have taken our own bits away.
            fs::set_permissions(path, Permissions::from_mode(DIR_MODE))
                .map_err(io_error("protect", path))
        }
        Err(error) => Err(io_error("open", path)(error)),
    }
}

fn check(path: &Path, found: &fs::Metadata, wanted: u32) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me {
        return Err(SecureFileError::ForeignOwner {
            path: path.to_path_buf(),
            owner: found.uid(),
            me,
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecureFileError::Loose {
            path: path.to_path_buf(),
            mode,
            wanted,
        });
    }
    Ok(())
}

/// Refuses a directory that others may enter.
pub(crate) fn check_dir(path: &Path) -> Result<()> {
    let found = fs::metadata(path).map_err(io_error("open", path))?;
    check(path, &found, DIR_MODE)
}

/// Refuses a file that others may read; a missing one is fine.
pub(crate) fn check_file(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) => check(path, &found, FILE_MODE),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("open", path)(error)),
    }
}

/// Reads a small secret file; `None` when it is missing.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", path)(error)),
    };
    let found = file.metadata().map_err(io_error("inspect", path))?;
    if !found.is_file() {
        return Err(SecureFileError::WrongKind {
            path: path.to_path_buf(),
            wanted: "a plain file",
        });
    }
    check(path, &found, FILE_MODE)?;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)
        .map_err(io_error("read", path))?;
    Ok(Some(text))
}

/// Reads a small secret file that somebody else may have put there for this user: root, as containers and systemd do, who
/// may let a group of it read too. `None` when it is missing.
pub(crate) fn read_given(path: &Path) -> Result<Option<Zeroizing<String>>> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("inspect", path)(error)),
    };
    if found.uid() != 0 || found.mode() & 0o007 != 0 || !found.is_file() {
        return read(path);
    }
    let text = fs::read_to_string(path).map_err(io_error("read", path))?;
    Ok(Some(Zeroizing::new(text)))
}

/// Makes a new file; fails with [`SecureFileError::Exists`] when anything has that name, a dangling link too.
///
/// Nobody ever sees it empty or half written: its content is linked to the name when it is on the disk.
pub(crate) fn create(path: &Path, content: &str) -> Result<()> {
    let draft = Draft::write(path, content)?;
    match fs::hard_link(&draft.path, path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(SecureFileError::Exists {
                path: path.to_path_buf(),
            })
        }
        Err(error) => Err(io_error("create", path)(error)),
    }
}

/// Writes a file anew; readers see the old content or the new one, also after a crash.
pub(crate) fn replace(path: &Path, content: &str) -> Result<()> {
    Draft::write(path, content)?.keep_as(path)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn sync_parent(path: &Path) -> Result<()> {
    let parent = parent(path);
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(io_error("flush", parent))
}

/// A file under a name by chance, which nobody else can have made, until it gets the right one; removed when dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    /// Where its content goes.
    pub(crate) file: File,
}

impl Draft {
    /// An empty one, where `target` will be.
    pub(crate) fn beside(target: &Path) -> Result<Self> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random)
            .map_err(|error| io_error("draw randomness for", target)(io::Error::other(error)))?;
        let suffix = portunus_core::base62::encode(&random, 22);
        let path = parent(target).join(format!(".portunus-{suffix}.tmp"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(io_error("create", target))?;
        let draft = Self { path, file };
        let closed = Permissions::from_mode(FILE_MODE);
        let set = draft.file.set_permissions(closed);
        set.map_err(io_error("protect", target))?;
        Ok(draft)
    }

    fn write(beside: &Path, content: &str) -> Result<Self> {
        let mut draft = Self::beside(beside)?;
        let written = draft.file.write_all(content.as_bytes());
        written
            .and_then(|()| draft.file.sync_all())
            .map_err(io_error("write", beside))?;
        Ok(draft)
    }

    /// Gives it the right name, in the place of whatever has it, once all of it is on the disk.
    pub(crate) fn keep_as(self, target: &Path) -> Result<()> {
        self.file.sync_all().map_err(io_error("write", target))?;
        fs::rename(&self.path, target).map_err(io_error("replace", target))?;
        sync_parent(target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename the name is gone already; a failure leaves a file that only the owner can read.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_file_is_private_and_never_replaces_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        create(&path, "one\n").unwrap();
        assert_eq!(mode(&path), 0o600);
        let again = create(&path, "two\n").unwrap_err();
        assert!(matches!(again, SecureFileError::Exists { .. }));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft stays"
        );
    }

    #[test]
    fn a_dangling_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
        let refused = create(&path, "one").unwrap_err();
        assert!(matches!(refused, SecureFileError::Exists { .. }));
        assert!(!dir.path().join("elsewhere").exists());
    }

    #[test]
    fn p11_a_draft_is_nobody_elses_file() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("copy.db");
        let one = Draft::beside(&target).unwrap();
        let other = Draft::beside(&target).unwrap();
        assert_ne!(one.path, other.path, "two at once do not meet");
        assert_eq!(mode(&one.path), 0o600);
        drop(other);
        one.keep_as(&target).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn replacing_tightens_what_was_loose() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials.toml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn p11_a_file_that_others_can_read_is_refused_with_the_chmod() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = read(&path).unwrap_err();
        assert_eq!(refused.fix(), format!("chmod 600 {}", path.display()));
        assert!(refused.to_string().contains("0640"));
    }

    #[test]
    fn a_loose_directory_is_refused_and_a_missing_one_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("a/b");
        make_dir(&made).unwrap();
        assert_eq!(mode(&made), 0o700);
        make_dir(&made).unwrap();
        fs::set_permissions(&made, Permissions::from_mode(0o755)).unwrap();
        let refused = make_dir(&made).unwrap_err();
        assert_eq!(refused.fix(), format!("chmod 700 {}", made.display()));
    }
}
