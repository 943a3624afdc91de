//! The first start: what it makes, for whom, and what it refuses to share.

use crate::plane::{BINARY, PATIENCE, Plane, finish, portunus};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn everything_is_private_even_under_an_open_umask() {
    let home = TempDir::new().unwrap();
    let script =
        format!("umask 000; exec {BINARY} serve --listen 127.0.0.1:0 --operator-token-file token");
    let mut command = portunus(home.path());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .current_dir(home.path())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut serving = shell.spawn().unwrap();
    let data = home.path().join("share/portunus");
    let token = home.path().join("token");
    let deadline = Instant::now() + PATIENCE;
    while !token.exists() {
        assert!(Instant::now() < deadline, "no token");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(mode(&data), 0o700);
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&token), 0o600);
    let second = finish(command.args(["serve", "--listen", "127.0.0.1:0"]), "");
    assert_eq!(second.code, 5, "{second:?}");
    assert!(second.err.contains("another plane runs on"), "{second:?}");
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[test]
fn a_signal_that_comes_during_the_start_is_heard() {
    let home = TempDir::new().unwrap();
    let token = home.path().join("token");
    let mut serving = portunus(home.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--operator-token-file", "token"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The address is open by then, and the plane is not.
    let deadline = Instant::now() + PATIENCE;
    while !token.exists() {
        assert!(Instant::now() < deadline, "no token");
        std::hint::spin_loop();
    }
    for name in ["HUP", "TERM"] {
        let id = serving.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }
    let ended = serving.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn the_token_is_printed_once_when_no_file_is_named() {
    let home = TempDir::new().unwrap();
    for start in ["first", "second"] {
        let out = home.path().join(start);
        let log = home.path().join(format!("{start}.log"));
        let mut serving = portunus(home.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&log).unwrap().contains("listening") {
            assert!(Instant::now() < deadline, "no start");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        serving.kill().unwrap();
        serving.wait().unwrap();
        let printed = fs::read_to_string(&out).unwrap();
        assert_eq!(
            printed.matches("ptno_").count(),
            usize::from(start == "first"),
            "{printed}"
        );
        assert!(!fs::read_to_string(&log).unwrap().contains("ptno_"));
    }
}

#[test]
fn a_token_file_that_exists_is_left_alone_and_nothing_is_lost() {
    let home = TempDir::new().unwrap();
    let serve = || {
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--operator-token-file",
            "token",
        ];
        let mut command = portunus(home.path());
        command.args(words);
        command
    };
    fs::write(home.path().join("token"), "somebody else's").unwrap();
    let refused = finish(&mut serve(), "");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("fix: "), "{refused:?}");
    assert_eq!(
        fs::read_to_string(home.path().join("token")).unwrap(),
        "somebody else's"
    );
    fs::remove_file(home.path().join("token")).unwrap();
    let mut serving = serve()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !home.path().join("token").exists() {
        assert!(Instant::now() < deadline, "the next start gives no token");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[test]
fn p11_no_secret_leaves_through_loose_permissions() {
    let mut plane = Plane::start();
    plane.crash();
    for (name, loose, fix) in [
        ("data/pepper", 0o644, "chmod 600"),
        ("data/master.key", 0o640, "chmod 600"),
        ("data/portunus.db", 0o604, "chmod 600"),
        ("data", 0o755, "chmod 700"),
    ] {
        let path = plane.path(name);
        let before = mode(&path);
        fs::set_permissions(&path, Permissions::from_mode(loose)).unwrap();
        let home = path.parent().unwrap();
        let mut command = portunus(home);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(plane.path("data"));
        let refused = finish(&mut command, "");
        assert_eq!(refused.code, 1, "{name}: {refused:?}");
        assert!(refused.err.contains(fix), "{name}: {refused:?}");
        fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
    }
    plane.restart();
}
