//! What a figure is worth depends on the machine, the commit and who else was working: all of it is written beside it.

use super::figures::Figures;
use super::{Effort, proc};
use std::fs;
use std::process::Command;

/// Above this many runnable tasks before the start, others are working.
const BUSY: f64 = 0.7;

/// Notes commit, machine and load.
pub(super) fn describe(figures: &mut Figures, effort: Effort) {
    let load = proc::load_average();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let about = [
        ("commit", commit()),
        (
            "machine",
            format!("{}, {cores} cores, Linux {}", processor(), kernel()),
        ),
        ("load before", format!("{load:.2}")),
        (
            "rounds",
            format!("{} of {:?}", effort.rounds(), effort.lasts()),
        ),
    ];
    figures
        .about
        .extend(about.map(|(name, value)| (name.to_owned(), value)));
    if load > BUSY {
        figures.note(format!(
            "others were working on this machine (load average {load:.2} before the start): ratios hold better than figures"
        ));
    }
}

/// Notes the load at the end.
pub(super) fn after(figures: &mut Figures) {
    let load = format!("{:.2}", proc::load_average());
    figures.about.push(("load after".to_owned(), load));
}

fn commit() -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit} with changes"),
    }
}

fn processor() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || "unknown processor".to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
}

fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release
        .split('-')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}
