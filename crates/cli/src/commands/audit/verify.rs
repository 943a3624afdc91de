//! `portunus audit verify`: goes through a log without the plane and says what does not fit.

use super::evidence::{Claims, Evidence};
use super::progress;
use crate::args::audit::VerifyArgs;
use crate::args::serve::ServeArgs;
use crate::config::{self, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use crate::output;
use crate::serve::data_dir;
use portunus_app::audit::read_checkpoint;
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::scrutiny::{Fault, Scrutiny, Witness};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What was found of a log in which everything fits, for programs.
#[derive(Debug, Serialize)]
struct Verified {
    verified: bool,
    /// What was looked at.
    log: PathBuf,
    /// How many records were looked at, and how many an export leaves out.
    records: u64,
    omitted: u64,
    /// How many records a signed checkpoint covers. Those behind them have only their own hashes.
    covered: u64,
    checkpoints: usize,
    /// The checkpoints among them that were kept elsewhere.
    kept_elsewhere: usize,
    /// The key that signed it, and whether it is one that the caller knew.
    key: Option<String>,
    pinned: bool,
    /// The root over all records, in hexadecimal.
    root: String,
}

/// Verifies, tells, and fails when something does not fit.
pub(super) async fn run(wanted: VerifyArgs, json: bool) -> Result<(), Failure> {
    let (path, opened) = match &wanted.file {
        Some(file) => (file.clone(), Evidence::of_export(file)),
        None => {
            let database = database(&wanted)?;
            let opened = Evidence::of_database(&database).await;
            (database, opened)
        }
    };
    let (evidence, claims) = opened?;
    let pinned: Option<VerifierKey> = wanted.key.as_deref().map(pinned).transpose()?;
    let key = judge_key(&claims, pinned.as_ref())?;
    let mut witnesses = signed(&claims, key.as_ref())?;
    let checkpoints = witnesses.len();
    witnesses.extend(kept_elsewhere(&wanted.checkpoint, key.as_ref())?);
    let omitted = claims.begins.size();
    let (covered, witness) = go_through(evidence, claims, witnesses).await?;
    let found = Verified {
        verified: true,
        log: path,
        records: witness.size - omitted,
        omitted,
        covered,
        checkpoints,
        kept_elsewhere: wanted.checkpoint.len(),
        key: key.map(|key| key.to_string()),
        pinned: pinned.is_some(),
        root: witness.root.to_string(),
    };
    if json {
        let json = serde_json::to_vec(&found).map_err(anyhow::Error::new)?;
        return output::print_json(&json);
    }
    output::print(&in_words(&found))
}

fn database(wanted: &VerifyArgs) -> Result<PathBuf, Failure> {
    let words = ServeArgs {
        config: wanted.config.clone(),
        data_dir: wanted.data_dir.clone(),
        ..ServeArgs::default()
    };
    let root = config::load(&words, &ProcessEnvironment)?.data_dir;
    Ok(root.join(data_dir::DATABASE))
}

fn pinned(text: &str) -> Result<VerifierKey, Failure> {
    text.parse().map_err(|error| {
        Failure::new(Kind::Usage, format!("--key is {error}"))
            .fix("give it as `portunus audit key` shows it")
    })
}

/// The key that counts: the pinned one, which must be the log's own.
fn judge_key(
    claims: &Claims,
    pinned: Option<&VerifierKey>,
) -> Result<Option<VerifierKey>, Failure> {
    match (&claims.key, pinned) {
        (Some(own), Some(pinned)) if own != pinned => Err(does_not_fit(format!(
            "the log is signed with another key than the pinned one: {own}"
        ))),
        (None, Some(_)) => Err(does_not_fit("the log has no key".to_owned())),
        (own, _) => Ok(own.clone()),
    }
}

/// The roots that the log's own checkpoints are about.
fn signed(claims: &Claims, key: Option<&VerifierKey>) -> Result<Vec<Witness>, Failure> {
    let checkpoints = claims.checkpoints.iter().zip(1..);
    let witnesses = checkpoints.map(|(note, number)| {
        let key = key.ok_or_else(|| does_not_fit("the log has no key".to_owned()))?;
        let read = read_checkpoint(note, key);
        read.map(|checkpoint| Witness::from(&checkpoint))
            .map_err(|error| does_not_fit(format!("checkpoint {number} was altered: {error}")))
    });
    witnesses.collect()
}

fn kept_elsewhere(files: &[PathBuf], key: Option<&VerifierKey>) -> Result<Vec<Witness>, Failure> {
    let witnesses = files.iter().map(|path| {
        let key = key.ok_or_else(|| does_not_fit("the log has no key".to_owned()))?;
        let note = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let read = read_checkpoint(&note, key).map_err(|error| unreadable(path, &error))?;
        Ok(Witness::from(&read))
    });
    witnesses.collect()
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::General, format!("{}: {why}", path.display()))
        .fix("give a checkpoint of this log as `portunus audit key --checkpoint` printed it")
}

/// Goes through every record. Says how many the last checkpoint covers, and what the whole came to.
async fn go_through(
    mut evidence: Evidence,
    claims: Claims,
    witnesses: Vec<Witness>,
) -> Result<(u64, Witness), Failure> {
    let covered = witnesses.iter().map(|witness| witness.size).max();
    let covered = covered.unwrap_or(claims.begins.size());
    let own = claims.tree.as_ref().map(Witness::from);
    let bar = progress("verifying", claims.records);
    let mut scrutiny = Scrutiny::new(claims.begins, witnesses.into_iter().chain(own));
    loop {
        let page = evidence.page().await?;
        if page.is_empty() {
            break;
        }
        bar.inc(u64::try_from(page.len()).unwrap_or(0));
        for entry in &page {
            let fits = match entry {
                Ok(logged) => scrutiny.look(logged),
                Err(seq) => Err(scrutiny.unreadable(*seq)),
            };
            fits.map_err(at_fault)?;
        }
    }
    bar.finish_and_clear();
    let tree = scrutiny.finish().map_err(at_fault)?;
    let (seq, least) = (tree.size() + 1, evidence.least());
    if seq <= least {
        let covered = least;
        return Err(at_fault(Fault::CutOff { seq, covered }));
    }
    Ok((covered, Witness::from(&tree)))
}

fn at_fault(fault: Fault) -> Failure {
    does_not_fit(fault.to_string())
}

fn does_not_fit(what: String) -> Failure {
    Failure::new(Kind::General, format!("the audit log does not hold: {what}"))
        .fix("keep the file as it is, compare it with an export or a backup that was kept elsewhere, and restore that one")
}

fn in_words(found: &Verified) -> String {
    let mut text = format!(
        "The audit log holds: {} records, nothing altered, dropped, inserted or moved.\n",
        found.records
    );
    if found.omitted > 0 {
        text.push_str(&format!(
            "The {} records before the first are left out, and fit what follows.\n",
            found.omitted
        ));
    }
    let all = found.omitted + found.records;
    text.push_str(&match (found.checkpoints, all.saturating_sub(found.covered)) {
        (0, _) => "No checkpoint is signed yet: whoever rewrote all hashes would not be seen.\n".to_owned(),
        (count, 0) => format!("{count} signed checkpoints cover all of it.\n"),
        (count, behind) => format!(
            "{count} signed checkpoints cover all but the last {behind}, which have only their own hashes yet.\n"
        ),
    });
    if let Some(key) = &found.key {
        let whose = if found.pinned {
            "the pinned key"
        } else {
            "the key beside it"
        };
        text.push_str(&format!("Signed with {whose}: {key}\n"));
    }
    if found.kept_elsewhere == 0 {
        text.push_str(
            "Who holds database and master key can sign anew: verify against a checkpoint kept elsewhere with --checkpoint.\n",
        );
    }
    text
}
