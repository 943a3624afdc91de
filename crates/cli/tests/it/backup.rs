//! A living plane is backed up, and a new one goes on from there; what does not belong together is refused unchanged.

use crate::plane::{BINARY, Plane, finish, portunus, program};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

#[test]
fn a_backup_of_a_living_plane_can_be_restored() {
    let mut plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-canary-1234567", "http://127.0.0.1:9");
    let early = plane.create_agent("early");
    let copy = plane.path("copy.db");
    let words = format!("backup {} --json", copy.display());
    let said = plane.run(&words).well().json();
    assert_eq!(said["bytes"], fs::metadata(&copy).unwrap().len());
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let late = plane.create_agent("late");

    let again = plane.run(&words);
    assert_eq!(again.code, 5, "{}", again.err);
    let data = plane.path("data");
    let restore = format!("restore {} --data-dir {}", copy.display(), data.display());
    let running = plane.run(&format!("{restore} --force"));
    assert_eq!(running.code, 5, "a plane runs there: {}", running.err);

    plane.crash();
    let unforced = plane.run(&restore);
    assert_eq!(unforced.code, 5, "{}", unforced.err);
    let restored = plane
        .run(&format!("{restore} --force --json"))
        .well()
        .json();
    assert_eq!(restored["keys"], 1);
    assert!(Path::new(restored["moved_aside"].as_str().unwrap()).exists());
    plane.restart();
    assert!(plane.accepts(&early));
    assert!(!plane.accepts(&late), "made after the backup");
}

#[test]
fn no_log_of_another_database_is_replayed_into_a_backup() {
    let mut plane = Plane::start();
    let early = plane.create_agent("early");
    let copy = plane.path("copy.db");
    plane.run(&format!("backup {}", copy.display())).well();
    let late = plane.create_agent("late");
    plane.crash();
    let data = plane.path("data");
    let log = fs::read(data.join("portunus.db-wal")).unwrap();
    assert!(!log.is_empty());
    // Somebody removed the damaged file alone, and an earlier restore was killed.
    fs::remove_file(data.join("portunus.db")).unwrap();
    fs::write(data.join("portunus.db.incoming-wal"), &log).unwrap();
    let words = format!("restore {} --data-dir {}", copy.display(), data.display());
    let restored = plane.run(&format!("{words} --json")).well().json();
    let aside = data.join("portunus.db.before-restore-1-wal");
    assert_eq!(restored["moved_aside"], aside.display().to_string());
    assert_eq!(fs::read(aside).unwrap(), log, "nothing is lost");
    plane.restart();
    assert!(plane.accepts(&early));
    assert!(!plane.accepts(&late), "made after the backup");

    // What is moved aside takes its log with it, and never that of another one.
    plane.crash();
    plane.run(&format!("{words} --force")).well();
    let second = data.join("portunus.db.before-restore-2");
    assert!(second.exists() && second.with_extension("before-restore-2-wal").exists());
    let left = |name: &str| name.contains("incoming") || name.ends_with("db-wal");
    let names = fs::read_dir(&data).unwrap();
    let names = names.map(|found| found.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| left(name)).count(), 0);
}

#[test]
fn a_backup_with_a_damaged_page_is_refused_and_nothing_is_changed() {
    let mut plane = Plane::start();
    let token = plane.create_agent("unmistakable");
    let copy = plane.path("copy.db");
    plane.run(&format!("backup {}", copy.display())).well();
    plane.crash();
    let whole = fs::read(&copy).unwrap();
    // The agent stands in a table, in indexes and in the record: each page of them in turn.
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let holds = |page: &[u8]| page.windows(12).any(|text| text == b"unmistakable");
    let pages: Vec<usize> = whole
        .chunks(size)
        .enumerate()
        .filter_map(|(number, page)| (number > 0 && holds(page)).then_some(number))
        .collect();
    assert!(pages.len() > 2, "{pages:?}");
    let data = plane.path("data");
    for page in pages {
        let mut damaged = whole.clone();
        damaged[page * size..(page + 1) * size].fill(0xaa);
        fs::write(&copy, damaged).unwrap();
        let words = format!(
            "restore {} --data-dir {} --force",
            copy.display(),
            data.display()
        );
        let refused = plane.run(&words);
        assert_eq!(refused.code, 1, "page {page}: {refused:?}");
        assert!(refused.err.contains("the backup is damaged"), "{refused:?}");
        assert!(refused.err.contains("another backup"), "{refused:?}");
    }
    plane.restart();
    assert!(plane.accepts(&token), "nothing was changed");
}

#[test]
fn a_backup_to_a_full_disk_asks_for_another() {
    let plane = Plane::start();
    let copy = plane.path("copy.db");
    // No file may grow, which is told as a failure instead of by a signal.
    let mut command = program("sh", &plane.path("."));
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", BINARY])
        .args(["backup", "copy.db"])
        .env("PORTUNUS_URL", &plane.url)
        .env("PORTUNUS_TOKEN", &plane.operator);
    let refused = finish(&mut command, "");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("File too large"), "{refused:?}");
    assert!(refused.err.contains("a disk with room"), "{refused:?}");
    assert!(!refused.err.contains("portunus serve"), "{refused:?}");
    assert!(!copy.exists());
}

#[test]
fn a_backup_is_refused_by_a_directory_with_other_secrets() {
    let first = Plane::start();
    let copy = first.path("copy.db");
    first.run(&format!("backup {}", copy.display())).well();
    let mut second = Plane::start();
    let token = second.create_agent("mayor");
    second.crash();
    let data = second.path("data");
    let words = format!(
        "restore {} --data-dir {} --force",
        copy.display(),
        data.display()
    );
    let refused = second.run(&words);
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("pepper"), "{}", refused.err);

    fs::write(second.path("notes.txt"), "not a database").unwrap();
    let notes = second.path("notes.txt");
    let words = format!(
        "restore {} --data-dir {} --force",
        notes.display(),
        data.display()
    );
    let refused = second.run(&words);
    assert_eq!(refused.code, 1, "{}", refused.err);
    let elsewhere = second.path("empty");
    let words = format!(
        "restore {} --data-dir {}",
        copy.display(),
        elsewhere.display()
    );
    assert_eq!(second.run(&words).code, 4);

    second.restart();
    assert!(second.accepts(&token), "nothing was changed");
}

#[test]
fn after_an_orderly_stop_the_database_is_one_file() {
    let mut plane = Plane::start();
    let token = plane.create_agent("mayor");
    plane.signal("TERM");
    assert!(plane.ended().success());
    let data = plane.path("data");
    let log = fs::metadata(data.join("portunus.db-wal"));
    assert!(log.is_ok_and(|log| log.len() == 0) || !data.join("portunus.db-wal").exists());
    // Nothing but the file goes with it.
    let copy = plane.path("copy.db");
    fs::copy(data.join("portunus.db"), &copy).unwrap();
    for name in ["portunus.db", "portunus.db-wal", "portunus.db-shm"] {
        let _ = fs::remove_file(data.join(name));
    }
    fs::rename(&copy, data.join("portunus.db")).unwrap();
    plane.restart();
    assert!(plane.accepts(&token));
}

#[test]
fn an_interrupt_leaves_no_half_of_a_copy_behind() {
    // A plane that never answers: the interrupt comes when it was asked, and so when the command waits.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = TempDir::new().unwrap();
    let backing_up = portunus(home.path())
        .args(["backup", "copy.db"])
        .env(
            "PORTUNUS_URL",
            format!("http://{}", listener.local_addr().unwrap()),
        )
        .env("PORTUNUS_TOKEN", "ptno_nobody")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut asked, _) = listener.accept().unwrap();
    asked.read_exact(&mut [0; 16]).unwrap();
    let drafts = fs::read_dir(home.path()).unwrap();
    assert_eq!(drafts.count(), 1);
    let pid = backing_up.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let output = backing_up.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted; nothing was written"), "{told}");
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
