//! P9 alive-is-alive, beside a program: it is online while it lives, over a restart of the plane and of the broker, and offline
//! once it has ended.

use super::stage::{Brokered, signal};
use crate::plane::{Plane, comes_true};
use std::time::Duration;

/// A beat that comes a few seconds late on a busy machine makes nobody offline.
const CADENCE: [&str; 2] = ["--cadence", "6s"];

/// Longer than it takes to be offline.
const LONG: Duration = Duration::from_secs(10);

fn status(plane: &Plane) -> String {
    let shown = plane.run("agents show mayor --json").well().json();
    shown["status"].as_str().unwrap().to_owned()
}

fn wait_for(plane: &Plane, wanted: &str) {
    let came = comes_true(|| status(plane) == wanted);
    assert!(came, "{} is not {wanted}", status(plane));
}

fn times_offline(plane: &Plane) -> usize {
    let log = plane.run("audit list --action agent.offline --json").well();
    log.json()["items"].as_array().unwrap().len()
}

#[test]
fn p9_the_program_is_online_as_long_as_it_lives_and_not_longer() {
    let mut plane = Plane::start();
    let token = plane.create_agent("mayor");
    let mut brokered = Brokered::start(&plane, "mayor", &token, &CADENCE);
    wait_for(&plane, "online");
    std::thread::sleep(LONG);
    plane.crash();
    std::thread::sleep(Duration::from_secs(1));
    plane.restart();
    std::thread::sleep(LONG);
    assert_eq!(
        (status(&plane).as_str(), times_offline(&plane)),
        ("online", 0)
    );
    // A supervisor starts a killed broker again at once.
    brokered.signal("KILL");
    brokered.ended();
    let mut brokered = Brokered::start(&plane, "mayor", &token, &CADENCE);
    std::thread::sleep(LONG);
    assert_eq!(
        (status(&plane).as_str(), times_offline(&plane)),
        ("online", 0)
    );
    signal(brokered.program(), "TERM");
    assert_eq!(brokered.ended(), Some(143));
    wait_for(&plane, "offline");
}

#[test]
fn p9_a_program_that_promises_nothing_is_missed_by_nobody() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let brokered = Brokered::start(&plane, "mayor", &token, &["--cadence", "0"]);
    wait_for(&plane, "unmonitored");
    drop(brokered);
    assert_eq!(status(&plane), "unmonitored");
}
