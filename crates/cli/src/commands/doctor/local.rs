//! What stands on this machine: configuration, data directory, disk, database, file limit.

use super::{Finding, Verdict};
use crate::args::doctor::DoctorArgs;
use crate::args::serve::ServeArgs;
use crate::config::{self, ProcessEnvironment};
use crate::secure_file;
use crate::serve::data_dir::{self, DataDir};
use portunus_app::audit::read_checkpoint;
use portunus_store_sql::{LogFile, SqliteStore};
use rustix::process::{Resource, getrlimit};
use std::path::Path;

const GIB: u64 = 1 << 30;
/// With less free space than this, in bytes, changes will soon be refused.
const SCARCE: u64 = GIB;
/// With less than this they are.
const NONE: u64 = 64 << 20;
/// Every agent that waits holds a connection, and another one upstream.
const FEW_FILES: u64 = 4_096;

/// Every look at this machine.
pub(super) async fn look(args: &DoctorArgs) -> Vec<Finding> {
    let words = ServeArgs {
        config: args.config.clone(),
        data_dir: args.data_dir.clone(),
        ..ServeArgs::default()
    };
    let settings = match config::load(&words, &ProcessEnvironment) {
        Ok(settings) => settings,
        Err(failure) => return vec![Finding::of("configuration", Verdict::Fail, &failure)],
    };
    let mut findings = vec![Finding::ok("configuration", "it can be read")];
    let root = &settings.data_dir;
    if root.exists() {
        findings.push(permissions(root));
        findings.push(secrets(root));
        findings.push(disk(root));
        findings.push(database(root).await);
        findings.extend(audit_log(root).await);
    } else {
        let detail = format!("{} does not exist on this machine", root.display());
        findings.push(
            Finding::new("data directory", Verdict::Skipped, detail)
                .fix("name the plane's with --data-dir, or run the doctor where the plane runs"),
        );
    }
    findings.push(files());
    findings
}

fn permissions(root: &Path) -> Finding {
    const CHECK: &str = "permissions";
    let secrets = [data_dir::PEPPER, data_dir::MASTER_KEY].map(|name| root.join(name));
    if let Some(path) = secrets.iter().find(|path| !path.exists()) {
        let detail = format!("{} is missing", path.display());
        return Finding::new(CHECK, Verdict::Fail, detail).fix(
            "restore it from a backup; without it tokens and provider keys must be issued anew",
        );
    }
    let files = secrets
        .iter()
        .map(|path| secure_file::check_file(path))
        .chain([secure_file::check_file(&root.join(data_dir::DATABASE))]);
    let checked = std::iter::once(secure_file::check_dir(root))
        .chain(files)
        .collect::<Result<(), _>>();
    match checked {
        Ok(()) => Finding::ok(CHECK, format!("{} is its owner's alone", root.display())),
        Err(error) => Finding::new(CHECK, Verdict::Fail, error.to_string()).fix(error.fix()),
    }
}

/// Whether the next start can read what makes the database worth anything. A plane that runs has read it, and does not notice.
fn secrets(root: &Path) -> Finding {
    const CHECK: &str = "secrets";
    match DataDir::check_secrets(root) {
        Ok(()) => Finding::ok(CHECK, "the pepper and the master key can be read"),
        Err(failure) => Finding::of(CHECK, Verdict::Fail, &failure),
    }
}

fn disk(root: &Path) -> Finding {
    const CHECK: &str = "disk";
    let free = match rustix::fs::statvfs(root) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => return Finding::new(CHECK, Verdict::Skipped, error.to_string()),
    };
    let detail = format!("{}.{} GiB free", free / GIB, free % GIB * 10 / GIB);
    let fix = "free some space: agents keep working on a full disk, but no change is accepted and nothing is recorded";
    match free {
        0..NONE => Finding::new(CHECK, Verdict::Fail, detail).fix(fix),
        NONE..SCARCE => Finding::new(CHECK, Verdict::Warn, detail).fix(fix),
        SCARCE.. => Finding::ok(CHECK, detail),
    }
}

async fn database(root: &Path) -> Finding {
    const CHECK: &str = "database";
    let path = root.join(data_dir::DATABASE);
    if !path.exists() {
        return Finding::new(CHECK, Verdict::Warn, "there is none yet")
            .fix("`portunus serve` makes it on its first start");
    }
    match SqliteStore::examine(&path).await {
        Ok(bytes) => Finding::ok(CHECK, format!("sound, {} MiB", bytes.div_ceil(1 << 20))),
        Err(error) => Finding::new(CHECK, Verdict::Fail, error.to_string()),
    }
}

/// Whether the log still is what the newest checkpoint says; `None` where there is none to be looked at.
async fn audit_log(root: &Path) -> Option<Finding> {
    const CHECK: &str = "audit log";
    let path = root.join(data_dir::DATABASE);
    if !path.exists() {
        return None;
    }
    let failed = |detail: String| {
        Finding::new(CHECK, Verdict::Fail, detail)
            .fix("`portunus audit verify` names the record; keep the file and restore a backup")
    };
    Some(match newest_checkpoint(&path).await {
        Ok(Some((covered, behind))) => Finding::ok(
            CHECK,
            format!("{covered} records are signed, {behind} are not yet"),
        ),
        Ok(None) => Finding::new(CHECK, Verdict::Skipped, "nothing of it is signed yet"),
        Err(what) => failed(what),
    })
}

/// How many records the newest checkpoint covers, and how many came later.
async fn newest_checkpoint(path: &Path) -> Result<Option<(u64, u64)>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let mut log = LogFile::open(path).await.map_err(|error| said(&error))?;
    let newest = log
        .newest_checkpoint()
        .await
        .map_err(|error| said(&error))?;
    let key = log.key().await.map_err(|error| said(&error))?;
    let Some(newest) = newest else {
        return Ok(None);
    };
    let key = key.ok_or("the key that signed it is gone")?.verifier;
    let read = read_checkpoint(&newest.note, &key);
    let read = read.map_err(|error| format!("its newest checkpoint was altered: {error}"))?;
    let whole = log.tree().await.map_err(|error| said(&error))?;
    let covered = log.tree_of(read.size).await;
    if covered.map(|tree| tree.root()) != Ok(read.root) {
        return Err(format!(
            "it is not what it was when {} records were signed",
            read.size
        ));
    }
    Ok(Some((read.size, whole.size().saturating_sub(read.size))))
}

fn files() -> Finding {
    const CHECK: &str = "file limit";
    let limit = getrlimit(Resource::Nofile).maximum;
    match limit {
        None => Finding::ok(CHECK, "none"),
        Some(limit) if limit >= FEW_FILES => Finding::ok(CHECK, limit.to_string()),
        Some(limit) => Finding::new(
            CHECK,
            Verdict::Warn,
            format!("{limit} open files, two for each request under way"),
        )
        .fix("raise LimitNOFILE in the unit, or `ulimit -Hn`"),
    }
}
