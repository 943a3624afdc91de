//! What the kernel says of a process: processor time, memory, children (proc(5)).

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// Time that a process has spent on processors, in user and in kernel mode, its ended children excluded.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let stat = stat(pid)?;
    let ticks = ticks(&stat).with_context(|| format!("/proc/{pid}/stat has another form"))?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_micros(ticks * 1_000_000 / per_second))
}

fn stat(pid: u32) -> Result<String> {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} has ended"))
}

/// `utime` and `stime`, the 14th and 15th field; the name before them may hold anything, so they count from its end.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = after_name(stat)?.skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

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
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 10 0 0 0 12 30 5 6 20 0 4 0 100";
        assert_eq!(ticks(stat), Some(42));
    }

    #[test]
    fn this_process_is_seen() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100);
        assert!(cpu(pid).is_ok());
        assert!(children(pid).is_empty());
    }
}
