//! What the operating system says of the process, in the words that every Prometheus client uses.

use super::exposition::{Page, number};
use super::series::{CPU, MEMORY, MOST_FILES, OPEN_FILES, THREADS, VIRTUAL_MEMORY};
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// Writes them; where there is no `/proc` the heads stay without samples.
pub(super) fn write(page: &mut Page) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let stat = Stat::read(&stat);
    let mut sample = |series, value: Option<f64>| {
        let mut samples = page.begin(series);
        if let Some(value) = value {
            samples.sample(&[], value);
        }
    };
    let ticks = number(clock_ticks_per_second());
    let page_bytes = u64::try_from(page_size()).unwrap_or_default();
    sample(&CPU, stat.map(|stat| number(stat.cpu_ticks) / ticks));
    let resident = stat.map(|stat| number(stat.resident_pages.saturating_mul(page_bytes)));
    sample(&MEMORY, resident);
    sample(&VIRTUAL_MEMORY, stat.map(|stat| number(stat.virtual_bytes)));
    sample(&OPEN_FILES, open_files());
    sample(&MOST_FILES, getrlimit(Resource::Nofile).current.map(number));
    sample(&THREADS, stat.map(|stat| number(stat.threads)));
}

fn open_files() -> Option<f64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // The reading itself holds one open.
    u64::try_from(entries.saturating_sub(1)).ok().map(number)
}

/// What of `/proc/self/stat` is used (proc_pid_stat(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The second field is the name in parentheses, and may contain anything.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The manual counts from 1, and the name was the second.
        let field = |number: usize| fields.get(number.checked_sub(3)?)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_stand_where_the_manual_says() {
        let line =
            "42 (a) b) S 1 42 42 0 -1 4194560 9 0 0 0 70 30 0 0 20 0 5 0 123 4096000 250 184";
        let expected = Stat {
            cpu_ticks: 100,
            threads: 5,
            virtual_bytes: 4_096_000,
            resident_pages: 250,
        };
        assert_eq!(Stat::read(line), Some(expected));
        assert_eq!(Stat::read("42 (a) S 1"), None);
        assert_eq!(Stat::read(""), None);
    }
}
