//! `portunus audit export`: the log with all that proves it, into a file or to standard output.

use super::progress;
use crate::args::when::When;
use crate::commands::Plane;
use crate::commands::backup::{Replace, cannot_write, unless_interrupted};
use crate::failure::Failure;
use crate::output::Audience;
use crate::secure_file::Draft;
use jiff::Timestamp;
use portunus_api::audit::ExportLine;
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;

/// What was done, for programs.
#[derive(Debug, Serialize)]
struct Exported {
    file: PathBuf,
    records: u64,
    bytes: u64,
}

/// Writes the export under its name only when it is whole.
pub(super) async fn run(
    plane: &Plane,
    to: Option<PathBuf>,
    replace: Replace,
    since: Option<When>,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let path = since.map_or_else(
        || "/audit/export".to_owned(),
        |since| format!("/audit/export?since={}", since.moment(now)),
    );
    let Some(file) = to else {
        return stream(plane, &path).await;
    };
    replace.judge(&file)?;
    let mut draft = Draft::beside(&file).map_err(cannot_write)?;
    let bar = progress("exporting", 0);
    let mut counted = Counted::default();
    let copied = plane.download(&path, |piece, _| {
        counted.count(piece);
        bar.set_length(counted.expected);
        bar.set_position(counted.entries);
        draft.file.write_all(piece)
    });
    let bytes = unless_interrupted(copied).await?;
    bar.finish_and_clear();
    draft.keep_as(&file).map_err(cannot_write)?;
    let done = Exported {
        file,
        records: counted.entries,
        bytes,
    };
    plane.show_value(&done, |done| {
        format!(
            "Wrote {} ({} records, {} bytes).\nVerify it: portunus audit verify {}\n",
            done.file.display(),
            done.records,
            done.bytes,
            done.file.display()
        )
    })
}

/// To standard output, for as long as anybody reads.
async fn stream(plane: &Plane, path: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut audience = Audience::There;
    let sent = plane.download(path, |piece, _| {
        out.write_all(piece).inspect_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                audience = Audience::Gone;
            }
        })
    });
    match (sent.await, audience) {
        (_, Audience::Gone) => Ok(()),
        (sent, Audience::There) => sent.map(drop),
    }
}

/// Counts records as they pass.
#[derive(Debug, Default)]
struct Counted {
    /// What came of a line that is not whole yet.
    line: Vec<u8>,
    entries: u64,
    expected: u64,
}

impl Counted {
    fn count(&mut self, piece: &[u8]) {
        for byte in piece {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            if self.line.starts_with(b"{\"entry\"") {
                self.entries += 1;
            } else if let Ok(ExportLine::Log(log)) = serde_json::from_slice(&self.line) {
                self.expected = log.size.saturating_sub(log.omitted);
            }
            self.line.clear();
        }
    }
}
