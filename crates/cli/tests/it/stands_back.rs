//! On a busy machine the doors go first: what works behind them has a lower priority.

use crate::plane::{Plane, comes_true};
use std::fs;

/// The niceness below which there is none (sched(7)).
const LOWEST: i64 = 19;

/// Name and niceness of every thread, as proc(5) tells them.
fn threads(pid: u32) -> Vec<(String, i64)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    // One that ends meanwhile is none.
    let told = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("stat")).ok());
    let read = told.map(|stat| {
        let (name, rest) = stat.rsplit_once(')').unwrap();
        let name = name.split_once('(').unwrap().1.to_owned();
        // The nineteenth field; the third is the first behind the name.
        let niceness = rest.split_whitespace().nth(16).unwrap();
        (name, niceness.parse().unwrap())
    });
    read.collect()
}

#[test]
fn whatever_is_no_door_stands_back() {
    let plane = Plane::start();
    // A change makes the database's threads work, the first of them at least.
    plane.create_agent("mayor");
    let mut told = String::new();
    let mut no_lower = false;
    // A thread that has only just begun says how it is scheduled a moment later.
    let all_do = comes_true(|| {
        let (doors, others): (Vec<_>, Vec<_>) = threads(plane.pid())
            .into_iter()
            .partition(|(name, _)| name.starts_with("door-"));
        told = format!("{others:?}, doors: {doors:?}");
        let Some(lowest_door) = doors.iter().map(|door| door.1).max() else {
            return false;
        };
        no_lower = lowest_door == LOWEST;
        let stands_back = |other: &(String, i64)| other.1 > lowest_door;
        no_lower || (!others.is_empty() && others.iter().all(stands_back))
    });
    if no_lower {
        println!(
            "SKIPPED HERE: these tests run with the lowest priority, and nothing can stand back behind it"
        );
        return;
    }
    assert!(all_do, "{told}");
}
