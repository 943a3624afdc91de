//! `portunus backup`: a copy of a living plane's database, read over the control API.

use super::plane::Plane;
use crate::args::backup::BackupArgs;
use crate::failure::{Failure, Kind};
use crate::secure_file::{Draft, SecureFileError};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::Write;
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
    let mut draft = Draft::beside(&args.file).map_err(cannot_write)?;
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
    draft.keep_as(&args.file).map_err(cannot_write)?;
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

/// What a file that cannot be written is told with.
pub(super) fn cannot_write(error: SecureFileError) -> Failure {
    Failure::new(Kind::General, error.to_string())
        .fix("name a file on a disk with room, in a directory that you may write to")
}
