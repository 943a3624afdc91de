//! `portunus backup`: a copy of a living plane's database, read over the control API.

use super::plane::Plane;
use crate::args::backup::BackupArgs;
use crate::failure::{Failure, Kind};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What was done, for programs.
#[derive(Debug, Serialize)]
struct BackedUp {
    file: PathBuf,
    bytes: u64,
}

/// Writes the copy under its name only when it is whole.
pub(super) async fn run(args: BackupArgs) -> Result<(), Failure> {
    Replace::from(args.force).judge(&args.file)?;
    let plane = Plane::reach(&args.reach)?;
    let mut draft = Draft::beside(&args.file)?;
    let progress = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}");
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let copied = plane.download("/backup", |piece, length| {
        if let Some(length) = length {
            progress.set_length(length);
        }
        progress.inc(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        draft.file.write_all(piece)
    });
    let bytes = unless_interrupted(copied).await?;
    progress.finish_and_clear();
    draft.keep_as(&args.file)?;
    let done = BackedUp {
        file: args.file,
        bytes,
    };
    plane.show_value(&done, |done| {
        format!(
            "Wrote {} ({} bytes).\nKeep the plane's `pepper` and `master.key` apart from it: without them it opens nothing.\n",
            done.file.display(),
            done.bytes
        )
    })
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replace {
    /// No.
    No,
    /// Somebody insists.
    Yes,
}

impl From<bool> for Replace {
    fn from(force: bool) -> Self {
        if force { Self::Yes } else { Self::No }
    }
}

impl Replace {
    /// Refuses a file that is there, unless somebody insists.
    pub(super) fn judge(self, file: &Path) -> Result<(), Failure> {
        if self == Self::Yes || !file.exists() {
            return Ok(());
        }
        let detail = format!("{} exists already", file.display());
        Err(Failure::new(Kind::Conflict, detail)
            .fix("name another file, or replace it with --force"))
    }
}

/// The exit code of what an interrupt ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Does what leaves a draft behind if nobody can clean up after it: an interrupt is a failure like any other then.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        Ok(()) = tokio::signal::ctrl_c() => {
            let failure = Failure::new(Kind::General, "interrupted; nothing was written");
            Err(failure.ending_with(INTERRUPTED))
        }
    }
}

/// A file on its way; it is removed unless it is kept.
pub(super) struct Draft {
    path: PathBuf,
    pub(super) file: File,
}

impl Draft {
    pub(super) fn beside(target: &Path) -> Result<Self, Failure> {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| cannot_write(&path, &error))?;
        Ok(Self { path, file })
    }

    pub(super) fn keep_as(self, target: &Path) -> Result<(), Failure> {
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, target))
            .map_err(|error| cannot_write(target, &error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once it is kept nothing has this name any more.
        let _ = fs::remove_file(&self.path);
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Kind::General,
        format!("cannot write {}: {error}", path.display()),
    )
    .fix("name a file on a disk with room, in a directory that you may write to")
}
