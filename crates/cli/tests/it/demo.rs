//! The demonstration shows the main job, and its count of failures can be trusted.

use crate::plane::{PATIENCE, portunus};
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
    let mut missed = Vec::new();
    // Eight seconds are enough for everything on a machine that has nothing else to do.
    let all_happened = ["8", "24", "72"].into_iter().any(|seconds| {
        let (told, success, _) = play(&["demo", "--seconds", seconds]);
        assert_eq!(failures(&told), 0, "{told}");
        assert!(success, "{told}");
        for line in told.lines() {
            assert!(line.chars().count() <= 80, "too long: {line}");
        }
        assert!(!told.contains('\u{1b}'), "colours without a terminal");
        let has_token = told.contains("ptna_") || told.contains("ptno_");
        assert!(!has_token, "a token was told");
        missed = missing(&told);
        missed.is_empty()
    });
    assert!(all_happened, "it never came to {missed:?}");
}

/// What should happen in a demonstration, README's quotation among it, and did not.
fn missing(told: &str) -> Vec<String> {
    let happens = [
        "is limited",
        "every key rests",
        ": replaced",
        "those who waited are served",
    ];
    let happens = happens.into_iter().filter(|words| !told.contains(words));
    let is_like = |line: &String| told.lines().any(|said| shape(said) == shape(line));
    let quoted = quoted().into_iter().filter(|line| !is_like(line));
    happens.map(str::to_owned).chain(quoted).collect()
}

/// What README quotes of the demonstration.
fn quoted() -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let block = readme
        .split("```")
        .find(|block| block.contains("client-visible failures: 0"))
        .expect("README quotes the demonstration");
    let said = block
        .lines()
        .filter(|line| !line.is_empty() && *line != "...");
    said.map(str::to_owned).collect()
}

/// A line without what differs from run to run: numbers, whose it is and which window it was.
fn shape(line: &str) -> String {
    let line = line.split_once('(').map_or_else(
        || line.to_owned(),
        |(before, rest)| {
            format!(
                "{before}{}",
                rest.split_once(')').map_or("", |(_, rest)| rest)
            )
        },
    );
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let about_one = words.len() > 2 && matches!(words[1], "key" | "attempt" | "agent" | "pool");
    if about_one {
        words.remove(2);
    }
    let differs = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) || word.contains(':');
    let (shape, _): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| !differs(word));
    shape.join(" ")
}

#[test]
fn a_provider_that_refuses_everything_is_counted_and_nobody_hangs() {
    let (told, success, took) = play(&["demo", "--seconds", "3", "--break"]);
    assert!(failures(&told) > 0, "{told}");
    assert!(success, "{told}");
    assert!(took < PATIENCE, "{took:?}");
}
