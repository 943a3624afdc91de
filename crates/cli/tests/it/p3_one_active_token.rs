//! P3: per agent at most one active token and at most one retiring predecessor, whatever happens at once.

use crate::plane::{Plane, comes_true};
use std::time::{Duration, Instant};

/// How many of an agent's tokens are active and retiring.
fn standing(plane: &Plane, agent: &str) -> (usize, usize) {
    let listed = plane
        .run(&format!("tokens list --agent {agent} --json"))
        .well()
        .json();
    let tokens = listed["items"].as_array().unwrap();
    let count = |state| {
        tokens
            .iter()
            .filter(|token| token["state"] == state)
            .count()
    };
    (count("active"), count("retiring"))
}

fn rotate(plane: &Plane, words: &str) -> String {
    let rotated = plane
        .run(&format!("tokens rotate mayor --json {words}"))
        .well()
        .json();
    rotated["token"].as_str().unwrap().to_owned()
}

#[test]
fn p3_a_lost_reply_strands_nobody() {
    let plane = Plane::start();
    let first = plane.create_agent("mayor");
    let lost = rotate(&plane, "");
    let second = rotate(&plane, "");
    assert!(!plane.accepts(&lost), "the unused successor was replaced");
    assert!(
        plane.accepts(&first),
        "the predecessor stays until a successor is used"
    );
    assert_eq!(standing(&plane, "mayor"), (1, 1));
    assert!(plane.accepts(&second));
}

#[test]
fn p3_overlap_zero_ends_the_predecessor_at_once() {
    let plane = Plane::start();
    let first = plane.create_agent("mayor");
    let second = rotate(&plane, "--overlap 0");
    assert!(!plane.accepts(&first));
    assert!(plane.accepts(&second));
    assert_eq!(standing(&plane, "mayor"), (1, 0));
}

#[test]
fn p3_the_overlap_begins_with_the_successors_first_use() {
    let plane = Plane::start();
    let first = plane.create_agent("mayor");
    let second = rotate(&plane, "--overlap 1200ms");
    let overlap = Duration::from_millis(1_200);
    std::thread::sleep(overlap + Duration::from_millis(200));
    assert!(plane.accepts(&first), "the successor is not used yet");
    let began = Instant::now();
    assert!(plane.accepts(&second));
    // However busy the machine is: it is not over before its time, and it is over.
    assert!(comes_true(|| !plane.accepts(&first)));
    let took = began.elapsed() + Duration::from_millis(50);
    assert!(took >= overlap, "it was over after {took:?}");
    assert!(plane.accepts(&second));
}

#[test]
fn p3_rotations_at_once_and_a_crash_leave_one_active_token() {
    let mut plane = Plane::start();
    let first = plane.create_agent("mayor");
    let successors: Vec<String> = std::thread::scope(|scope| {
        let rotations: Vec<_> = (0..6).map(|_| scope.spawn(|| rotate(&plane, ""))).collect();
        rotations
            .into_iter()
            .map(|rotation| rotation.join().unwrap())
            .collect()
    });
    assert_eq!(standing(&plane, "mayor"), (1, 1));
    plane.crash_and_restart();
    assert_eq!(standing(&plane, "mayor"), (1, 1));
    assert!(plane.accepts(&first));
    let accepted = successors
        .iter()
        .filter(|token| plane.accepts(token))
        .count();
    assert_eq!(accepted, 1);
}
