//! What is verified: an export, or the database of a plane, read a page at a time from its first record to its last.

use crate::failure::{Failure, Kind};
use portunus_api::audit::{ExportLine, ExportedEntry, ExportedLog};
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::{Hash, LoggedRecord, Tree, canonical};
use portunus_store_sql::LogFile;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Records that are judged at once.
const PAGE: u32 = 1_000;

/// What a log says of itself.
#[derive(Debug)]
pub(super) struct Claims {
    /// The key that signed it; a database that no plane of this release ran on has none yet.
    pub(super) key: Option<VerifierKey>,
    /// The tree over records that are left out.
    pub(super) begins: Tree,
    /// The signed checkpoints, as they are.
    pub(super) checkpoints: Vec<String>,
    /// The tree that a database keeps beside its records.
    pub(super) tree: Option<Tree>,
    /// How many records there are to look at, about.
    pub(super) records: u64,
}

/// One record, or the number of what stands where one should.
pub(super) type Entry = Result<LoggedRecord, u64>;

/// Where the records come from.
pub(super) enum Evidence {
    /// What `audit export` wrote.
    Export(Export),
    /// A database.
    Database(Database),
}

/// An export that is being read.
pub(super) struct Export {
    path: PathBuf,
    lines: std::io::Lines<BufReader<File>>,
    at: u64,
    /// The first entry, which was read with the lines before it.
    first: Option<ExportLine>,
    /// How many records there are at least, as its first line says, or its last.
    least: u64,
    state: State,
}

/// How far an export was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    Ended,
}

/// A database that is being read.
pub(super) struct Database {
    log: LogFile,
    after: Option<i64>,
}

impl Evidence {
    /// Opens an export and reads what it says before its records.
    pub(super) fn of_export(path: &Path) -> Result<(Self, Claims), Failure> {
        let file = File::open(path).map_err(|error| {
            Failure::new(
                Kind::NotFound,
                format!("cannot open {}: {error}", path.display()),
            )
            .fix("name a file that was written by `portunus audit export`")
        })?;
        let mut export = Export {
            path: path.to_owned(),
            lines: BufReader::new(file).lines(),
            at: 0,
            first: None,
            least: 0,
            state: State::Going,
        };
        let claims = export.begin()?;
        Ok((Self::Export(export), claims))
    }

    /// Opens the log of a database.
    pub(super) async fn of_database(path: &Path) -> Result<(Self, Claims), Failure> {
        let refused =
            |error: &dyn std::fmt::Display| Failure::new(Kind::General, error.to_string());
        let opened = LogFile::open(path).await;
        let mut log = opened.map_err(|error| {
            refused(&error).fix("name the folder of the plane's data: --data-dir FOLDER")
        })?;
        let key = log.key().await.map_err(|error| refused(&error))?;
        let mut checkpoints = Vec::new();
        let mut from = 0;
        loop {
            let page = log.checkpoints_from(from, PAGE).await;
            let page = page.map_err(|error| refused(&error))?;
            let Some(last) = page.last() else { break };
            from = last.size + 1;
            checkpoints.extend(page.into_iter().map(|signed| signed.note));
        }
        let claims = Claims {
            key: key.map(|key| key.verifier),
            begins: Tree::default(),
            checkpoints,
            tree: Some(log.tree().await.map_err(|error| refused(&error))?),
            records: log.count().await.map_err(|error| refused(&error))?,
        };
        Ok((Self::Database(Database { log, after: None }), claims))
    }

    /// How many records there are at least, by what it says itself beside them. Known at the end.
    pub(super) const fn least(&self) -> u64 {
        match self {
            Self::Export(export) => export.least,
            Self::Database(_) => 0,
        }
    }

    /// The next records; none at the end.
    pub(super) async fn page(&mut self) -> Result<Vec<Entry>, Failure> {
        match self {
            Self::Export(export) => export.page(),
            Self::Database(database) => database.page().await,
        }
    }
}

impl Database {
    async fn page(&mut self) -> Result<Vec<Entry>, Failure> {
        let page = self.log.records_after(self.after, PAGE).await;
        let page = page.map_err(|error| Failure::new(Kind::General, error.to_string()))?;
        self.after = page.last().map(|(place, _)| *place).or(self.after);
        let entries = page.into_iter();
        Ok(entries
            .map(|(_, record)| record.map_err(|unreadable| unreadable.seq))
            .collect())
    }
}

impl Export {
    fn begin(&mut self) -> Result<Claims, Failure> {
        let Some(ExportLine::Log(log)) = self.line()? else {
            return Err(self.strange("it does not begin as an export does"));
        };
        let mut claims = self.claims(&log)?;
        self.least = log.size;
        loop {
            match self.line()? {
                Some(ExportLine::Checkpoint(note)) => claims.checkpoints.push(note),
                other => {
                    self.first = other;
                    return Ok(claims);
                }
            }
        }
    }

    fn claims(&self, log: &ExportedLog) -> Result<Claims, Failure> {
        if log.format != 1 {
            return Err(self.strange("it was written by a newer release: verify it with that one"));
        }
        let peaks: Option<Vec<Hash>> = log.peaks.iter().map(|text| hash(text)).collect();
        let begins = peaks.and_then(|peaks| Tree::from_parts(log.omitted, peaks));
        let key: Option<VerifierKey> = log.key.parse().ok();
        match (begins, key) {
            (Some(begins), Some(key)) => Ok(Claims {
                key: Some(key),
                records: log.size.saturating_sub(begins.size()),
                begins,
                checkpoints: Vec::new(),
                tree: None,
            }),
            _ => Err(self.strange("its first line is damaged")),
        }
    }

    fn page(&mut self) -> Result<Vec<Entry>, Failure> {
        let mut page = Vec::new();
        while page.len() < usize::try_from(PAGE).unwrap_or(1) && self.state == State::Going {
            let line = match self.first.take() {
                Some(first) => Some(first),
                None => self.line()?,
            };
            match line {
                Some(ExportLine::Entry(entry)) => page.push(logged(&entry)),
                Some(ExportLine::End(size)) => {
                    self.least = self.least.max(size);
                    self.state = State::Ended;
                }
                Some(ExportLine::Log(_) | ExportLine::Checkpoint(_)) => {
                    return Err(self.strange("a line stands where none of its kind belongs"));
                }
                None => return Err(self.strange("its end is missing: it was cut off")),
            }
        }
        if self.state == State::Ended && self.line()?.is_some() {
            return Err(self.strange("something follows its end"));
        }
        Ok(page)
    }

    fn line(&mut self) -> Result<Option<ExportLine>, Failure> {
        let Some(line) = self.lines.next() else {
            return Ok(None);
        };
        self.at += 1;
        let line = line.map_err(|error| self.strange(&error.to_string()))?;
        let read = serde_json::from_str(&line);
        read.map(Some)
            .map_err(|_| self.strange("the line is none of an export"))
    }

    fn strange(&self, what: &str) -> Failure {
        let place = format!("{}, line {}", self.path.display(), self.at);
        Failure::new(Kind::General, format!("{place}: {what}"))
            .fix("export the log again, or look for an export that is whole")
    }
}

fn logged(entry: &ExportedEntry) -> Entry {
    let text = entry.record.get();
    match (canonical::read(text), hash(&entry.leaf)) {
        (Some(record), Some(leaf)) => Ok(LoggedRecord { record, leaf }),
        _ => {
            let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
            Err(value
                .and_then(|value| value.get("seq")?.as_u64())
                .unwrap_or(0))
        }
    }
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> Option<Hash> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    bytes?.try_into().ok().map(Hash::from_bytes)
}
