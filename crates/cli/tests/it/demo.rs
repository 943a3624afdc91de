//! The demonstration shows the main job, and its count of failures can be trusted.

use crate::plane::portunus;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn play(words: &[&str]) -> (String, bool, Duration) {
    let home = TempDir::new().unwrap();
    let mut command: Command = portunus(home.path());
    let began = Instant::now();
    let output = command
        .args(words)
        .env("TMPDIR", home.path())
        .output()
        .unwrap();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "the demonstration left {left:?} behind");
    let told = String::from_utf8(output.stdout).unwrap();
    (told, output.status.success(), began.elapsed())
}

fn failures(told: &str) -> u64 {
    let count = told
        .lines()
        .find_map(|line| line.strip_prefix("client-visible failures: "));
    count.unwrap().parse().unwrap()
}

#[test]
fn p7_any_key_can_serve_a_dozen_agents_through_limits_and_trouble() {
    let (told, success, _) = play(&["demo", "--seconds", "8"]);
    assert_eq!(failures(&told), 0, "{told}");
    assert!(success, "{told}");
    for happened in [
        "met its limit",
        "every key rests",
        "was replaced",
        "those who waited are served",
    ] {
        assert!(told.contains(happened), "nothing {happened}:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "colours without a terminal");
    assert!(
        !told.contains("ptna_") && !told.contains("ptno_"),
        "a token was told"
    );
}

#[test]
fn a_provider_that_refuses_everything_is_counted_and_nobody_hangs() {
    let (told, success, took) = play(&["demo", "--seconds", "3", "--break"]);
    assert!(failures(&told) > 0, "{told}");
    assert!(success, "{told}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}
