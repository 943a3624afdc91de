//! P12 the-record-holds: whoever edits the log, with whatever skill, is found out by the right means.

use crate::plane::{Plane, Said};
use portunus_core::audit::{AuditRecord, Hash, Tree};
use portunus_store_sql::LogFile;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What keeps honest programs from mistakes, and keeps nobody out who has the file.
const NO_GUARDS: &str = "DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; DROP TRIGGER IF EXISTS audit_no_gap;
    DROP TRIGGER IF EXISTS audit_tree_grows; DROP TRIGGER IF EXISTS audit_checkpoints_no_update; DROP TRIGGER IF EXISTS audit_checkpoints_no_delete;";

/// Edits a database behind the back of whoever runs on it.
pub(crate) fn edit(database: &Path, statements: &str) {
    let statements = format!("{NO_GUARDS} {statements}");
    Runtime::new().unwrap().block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        let edit = sqlx::raw_sql(AssertSqlSafe(statements));
        edit.execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    });
}

/// A plane that has stopped in order, and what its operator kept elsewhere.
struct Scene {
    plane: Plane,
    key: String,
    /// After four agents, and after the last one.
    kept_early: PathBuf,
    kept_late: PathBuf,
    /// A copy of the database as it was with the early checkpoint.
    backup: PathBuf,
    records: u64,
}

fn scene() -> Scene {
    let mut plane = Plane::start();
    let keep = |plane: &Plane, name: &str| {
        let path = plane.path(name);
        fs::write(&path, plane.run("audit key --checkpoint").well().out).unwrap();
        path
    };
    (1..=4).for_each(|number| drop(plane.create_agent(&format!("early-{number}"))));
    let kept_early = keep(&plane, "early.checkpoint");
    plane.run("backup early.db").well();
    (1..=4).for_each(|number| drop(plane.create_agent(&format!("late-{number}"))));
    let kept_late = keep(&plane, "late.checkpoint");
    let shown = plane.run("audit key --json").well().json();
    plane.run("audit export --to whole.jsonl").well();
    plane.signal("TERM");
    assert!(plane.ended().success());
    Scene {
        key: shown["key"].as_str().unwrap().to_owned(),
        kept_early,
        kept_late,
        backup: plane.path("early.db"),
        records: shown["size"].as_u64().unwrap(),
        plane,
    }
}

/// A data directory with a copy of a database that a hostile editor may do with as he likes.
struct Desk(TempDir);

impl Desk {
    fn with(database: &Path) -> Self {
        let desk = Self(TempDir::new().unwrap());
        // What was written last may still be in the write-ahead log.
        for end in ["db", "db-wal"] {
            let (from, to) = (
                database.with_extension(end),
                desk.file().with_extension(end),
            );
            if from.exists() {
                fs::copy(from, &to).unwrap();
                fs::set_permissions(to, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
        desk
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("portunus.db")
    }

    fn edit(&self, statements: &str) {
        edit(&self.file(), statements);
    }

    /// Writes the log as the plane would have, had this happened: with right hashes and a right tree.
    fn rewrite(&self, change: impl Fn(&mut Vec<AuditRecord>)) {
        let mut records = Runtime::new().unwrap().block_on(async {
            let mut log = LogFile::open(&self.file()).await.unwrap();
            let page = log.records_after(None, 1_000).await.unwrap().into_iter();
            page.map(|(_, logged)| logged.unwrap().record)
                .collect::<Vec<_>>()
        });
        change(&mut records);
        let mut tree = Tree::default();
        let mut statements = format!("DELETE FROM audit WHERE seq > {};", records.len());
        for (seq, mut record) in (1..).zip(records) {
            record.seq = seq;
            let logged = record.logged();
            let details = serde_json::to_string(&logged.record.details).unwrap();
            statements.push_str(&format!(
                "UPDATE audit SET at = {}, action = '{}', subject = '{}', details = '{details}', leaf = x'{}' WHERE seq = {seq};",
                logged.record.at.as_millis(), logged.record.action, logged.record.subject, logged.leaf,
            ));
            tree.append(logged.leaf);
        }
        let peaks: String = tree.peaks().iter().map(Hash::to_string).collect();
        let size = tree.size();
        statements.push_str(&format!(
            "UPDATE audit_tree SET size = {size}, peaks = x'{peaks}';"
        ));
        self.edit(&statements);
    }

    fn verify(&self, scene: &Scene, more: &str) -> Said {
        let place = self.0.path().display();
        scene
            .plane
            .run(&format!("audit verify --data-dir {place} {more}"))
    }
}

fn is_found_out(said: &Said, expected: &str) {
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(expected), "{expected}: {said:?}");
}

#[test]
fn an_edited_log_is_found_out_by_the_means_that_can() {
    let scene = scene();
    let own = scene.plane.path("data/portunus.db");
    let fresh = || Desk::with(&own);
    let (last, early) = (scene.records, scene.kept_early.display());
    let late = scene.kept_late.display();
    let elsewhere = format!(
        "--checkpoint {early} --checkpoint {late} --key {}",
        scene.key
    );
    let whole = fresh().verify(&scene, &elsewhere).well();
    assert!(whole.out.contains("The audit log holds"), "{whole:?}");

    // The file alone shows what a clumsy hand did.
    let half = "WHERE seq = 7";
    for (edit, expected) in [
        (format!("UPDATE audit SET details = replace(details, 'early', 'older') {half}"), "record 7 was altered".to_owned()),
        (format!("UPDATE audit SET details = 'x' {half}"), "record 7 was altered".to_owned()),
        (format!("UPDATE audit SET leaf = NULL {half}"), "record 7 was altered".to_owned()),
        (format!("UPDATE audit SET actor_kind = 'agent' {half}"), "record 7 was altered".to_owned()),
        (format!("DELETE FROM audit WHERE seq = {last}"), format!("record {last} was dropped")),
        (format!("DELETE FROM audit {half}"), "record 7 was dropped".to_owned()),
        ("UPDATE audit SET seq = 99 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 99".to_owned(), "record 6 was altered".to_owned()),
        (format!("DELETE FROM audit {half}; UPDATE audit SET seq = seq - 1 WHERE seq > 7"), "record 7 was altered".to_owned()),
        (format!("INSERT INTO audit SELECT {last} + 1, at, actor_kind, actor_id, action, subject, details, leaf FROM audit {half}"), format!("record {} was altered", last + 1)),
        ("UPDATE audit_checkpoints SET note = replace(note, 'time_ms 1', 'time_ms 2')".to_owned(), "checkpoint 1 was altered".to_owned()),
        ("DELETE FROM audit_keys".to_owned(), "the log has no key".to_owned()),
    ] {
        let desk = fresh();
        desk.edit(&edit);
        is_found_out(&desk.verify(&scene, ""), &expected);
    }

    // Who writes the hashes anew meets the signed checkpoints.
    type Change = fn(&mut Vec<AuditRecord>);
    let changes: [Change; 3] = [
        |records| records[6].subject = "agt_somebody".to_owned(),
        |records| drop(records.remove(6)),
        |records| records.swap(5, 6),
    ];
    for change in changes {
        let desk = fresh();
        desk.rewrite(change);
        is_found_out(&desk.verify(&scene, ""), "and the hashes were written anew");
        // Who drops these as well is found out by what was kept elsewhere, and by nothing else.
        desk.edit("DELETE FROM audit_checkpoints");
        let said = desk.verify(&scene, "").well();
        assert!(said.out.contains("No checkpoint is signed yet"), "{said:?}");
        is_found_out(
            &desk.verify(&scene, &elsewhere),
            "and the hashes were written anew",
        );
    }

    // An older state holds by itself, and not against a later checkpoint.
    let older = Desk::with(&scene.backup);
    let early_too = format!("--checkpoint {early} --key {}", scene.key);
    older.verify(&scene, &early_too).well();
    is_found_out(
        &older.verify(&scene, &elsewhere),
        "was dropped, and all up to",
    );
}

#[test]
fn an_edited_export_is_found_out() {
    let scene = scene();
    let whole = fs::read_to_string(scene.plane.path("whole.jsonl")).unwrap();
    let verify = |text: &str, more: &str| {
        fs::write(scene.plane.path("edited.jsonl"), text).unwrap();
        scene
            .plane
            .run(&format!("audit verify edited.jsonl {more}"))
    };
    let pin = format!("--key {}", scene.key);
    let json = verify(&whole, &format!("{pin} --json")).well().json();
    assert_eq!(json["records"].as_u64(), Some(scene.records));
    assert_eq!(json["covered"].as_u64(), Some(scene.records));
    assert_eq!(json["pinned"].as_bool(), Some(true));

    let lines: Vec<&str> = whole.lines().collect();
    let place = |seq: u64| {
        let seq = format!("\"seq\":{seq},");
        lines.iter().position(|line| line.contains(&seq)).unwrap()
    };
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let (six, seven) = (place(6), place(7));
    let mut dropped = lines.clone();
    dropped.remove(six);
    let mut swapped = lines.clone();
    swapped.swap(six, seven);
    let mut twice = lines.clone();
    twice.insert(seven, lines[six]);
    let cut = &lines[..lines.len() - 2];
    let with_end = joined(cut) + lines[lines.len() - 1] + "\n";
    // What the remaining checkpoints do not cover can be cut off with the last one; the file contradicts itself then.
    let signed = |line: &&str| line.starts_with("{\"checkpoint\"");
    let last_signed = lines.iter().rposition(signed).unwrap();
    let mut unsigned = lines.clone();
    unsigned.remove(lines.len() - 2);
    unsigned.remove(last_signed);
    let unsigned = joined(&unsigned);
    let no_checkpoints: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.starts_with("{\"checkpoint\""))
        .collect();
    for (text, expected) in [
        (
            whole.replace("early-2", "older-2"),
            "was altered".to_owned(),
        ),
        (joined(&dropped), "record 6 was dropped".to_owned()),
        (joined(&swapped), "record 6 was dropped".to_owned()),
        (joined(&twice), "record 6 was inserted or moved".to_owned()),
        (joined(cut), "its end is missing".to_owned()),
        (with_end, format!("record {} was dropped", scene.records)),
        (unsigned, format!("record {} was dropped", scene.records)),
        (
            whole.replace("\"v\":1", "\"v\":1,\"note\":\"x\""),
            "cannot be read".to_owned(),
        ),
        (
            format!("{whole}{}\n", lines[six]),
            "something follows its end".to_owned(),
        ),
        (
            whole.replace("\"omitted\":0", "\"omitted\":1"),
            "its first line is damaged".to_owned(),
        ),
        (
            "{}\n".to_owned(),
            "line 1: the line is none of an export".to_owned(),
        ),
    ] {
        is_found_out(&verify(&text, &pin), &expected);
    }
    // Without its checkpoints an export proves no more than its hashes do; a checkpoint kept elsewhere fits it.
    let late = scene.kept_late.display();
    let bare = joined(&no_checkpoints);
    verify(&bare, &format!("--checkpoint {late}")).well();
    let other = Plane::start();
    let key = other.run("audit key --json").well().json();
    let key = key["key"].as_str().unwrap();
    is_found_out(
        &verify(&whole, &format!("--key {key}")),
        "with another key than the pinned one",
    );
}
