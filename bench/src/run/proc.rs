//! What the kernel says of a process: processor time, memory, children (proc(5)).

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// Time that a process has spent on processors, in user and in kernel mode: that of its threads, to the nanosecond. What
/// threads did that have ended is not in it, nor what children did.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .with_context(|| format!("process {pid} has ended"))?;
    let spent = threads.filter_map(|thread| {
        // A thread may end between the two looks.
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    Ok(Duration::from_nanos(spent.sum()))
}

fn stat(pid: u32) -> Result<String> {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} has ended"))
}

/// What follows the name, which may hold anything.
fn after_name(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(')')?.1.split_ascii_whitespace())
}

/// The processes that `pid` started and that still run.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let parent = pid.to_string();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|child| {
            let stat = stat(*child).unwrap_or_default();
            after_name(&stat).and_then(|mut fields| fields.nth(1)) == Some(&parent)
        })
        .collect()
}

/// Resident memory, in KiB.
pub(super) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} has ended"))?;
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        })
        .context("no VmRSS")
}

/// Runnable tasks, averaged over the last minute.
pub(super) fn load_average() -> f64 {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560";
        assert_eq!(
            after_name(stat).and_then(|mut fields| fields.nth(1)),
            Some("1")
        );
    }

    #[test]
    fn this_process_is_seen() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100);
        assert!(cpu(pid).unwrap() > Duration::ZERO);
        assert!(children(pid).is_empty());
    }
}
