//! P9 alive-is-alive, beside a program: it is online while it lives, over a restart of the plane and of the broker, and offline
//! once it has ended.

use super::stage::{Brokered, signal};
use crate::plane::{PATIENCE, Plane};
use std::time::{Duration, Instant};

fn status(plane: &Plane) -> String {
    let shown = plane.run("agents show mayor --json").well().json();
    shown["status"].as_str().unwrap().to_owned()
}

fn wait_for(plane: &Plane, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    while status(plane) != wanted {
        assert!(
            Instant::now() < deadline,
            "{} is not {wanted}",
            status(plane)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn times_offline(plane: &Plane) -> usize {
    let log = plane.run("audit list --action agent.offline --json").well();
    log.json()["items"].as_array().unwrap().len()
}

#[test]
fn p9_the_program_is_online_as_long_as_it_lives_and_not_longer() {
    let mut plane = Plane::start();
    let token = plane.create_agent("mayor");
    let mut brokered = Brokered::start(&plane, "mayor", &token, &["--cadence", "2s"]);
    wait_for(&plane, "online");
    std::thread::sleep(Duration::from_secs(4));
    plane.crash();
    std::thread::sleep(Duration::from_secs(1));
    plane.restart_in_place();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(
        (status(&plane).as_str(), times_offline(&plane)),
        ("online", 0)
    );
    // A supervisor starts a killed broker again at once.
    brokered.signal("KILL");
    brokered.ended();
    let mut brokered = Brokered::start(&plane, "mayor", &token, &["--cadence", "2s"]);
    std::thread::sleep(Duration::from_secs(4));
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
