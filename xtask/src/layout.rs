//! `cargo xtask layout`: writes down which functions of the release binary a start, commands and model calls go through, so that
//! the linker lays them side by side (`crates/cli/build.rs`), and checks that the list still fits the binary.

mod name;
mod watch;

use crate::metadata::Metadata;
use crate::{bench, process, tree};
use anyhow::{Result, bail};
use name::pattern;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The list.
const LIST: &str = "crates/cli/layout.ld";
/// The least share of the list's names that the binary must have: compilers and libraries move on, the list stays useful.
const LEAST_PERCENT: usize = 60;

/// Builds the release binary, watches it at work under valgrind, and writes the list.
pub(crate) fn write() -> Result<()> {
    if !process::answers("valgrind", &["--version"]) {
        bail!("valgrind is not on PATH: `apt-get install valgrind` brings it");
    }
    bench::build()?;
    let binary = binary()?;
    let known = names_of(&binary)?;
    let folder = std::env::temp_dir().join(format!("portunus-layout-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let seen = watch::plane(&binary, &folder).and_then(|(start, commands)| {
        let calls = watch::calls(&binary, &folder)?;
        Ok([("A start", start), ("Commands", commands), ("Calls", calls)])
    });
    fs::remove_dir_all(&folder)?;
    let mut listed = BTreeSet::new();
    let parts = seen?.map(|(what, names)| {
        let names = &(&names & &known) - &listed;
        listed.extend(names.iter().cloned());
        println!("{what}: {} functions", names.len());
        (what, names)
    });
    fs::write(tree::root().join(LIST), script(&parts))?;
    Ok(())
}

/// Fails when so few of the list's functions are in the release binary that it says little about it.
pub(crate) fn check() -> Result<()> {
    let list = fs::read_to_string(tree::root().join(LIST))?;
    let listed: BTreeSet<String> = list.lines().filter_map(listed).collect();
    let known = names_of(&binary()?)?;
    let found = listed.intersection(&known).count();
    let percent = 100 * found / listed.len().max(1);
    println!(
        "{found} of {} functions in {LIST} are in the binary ({percent} %)",
        listed.len()
    );
    if percent < LEAST_PERCENT {
        bail!("{LIST} has grown old: `cargo xtask layout` writes it anew");
    }
    Ok(())
}

fn binary() -> Result<PathBuf> {
    let target = Metadata::read(&tree::root())?.target_directory;
    Ok(Path::new(&target).join("release").join("portunus"))
}

/// The functions of a binary.
fn names_of(binary: &Path) -> Result<BTreeSet<String>> {
    let symbols = process::read(Command::new("nm").arg(binary))?;
    let functions = symbols.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let kind = words.next()?;
        matches!(kind, "t" | "T" | "w" | "W").then(|| words.next())?
    });
    Ok(functions.map(pattern).collect())
}

/// The list as linkers read it.
fn script(parts: &[(&str, BTreeSet<String>)]) -> String {
    let mut text = String::from(
        "/* Functions that stand together in the release binary. Written by `cargo xtask layout`. */\nSECTIONS\n{\n  .text.first :\n  {\n",
    );
    for (what, names) in parts {
        let _ = writeln!(text, "    /* {what} */");
        for name in names {
            let _ = writeln!(text, "    *(.text.{name})");
        }
    }
    text.push_str("  }\n}\nINSERT BEFORE .text;\n");
    text
}

/// The name in a line of the list.
fn listed(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("*(.text.")?.strip_suffix(')')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let parts = [
            ("One", set(&["_ZN1a17h*", "main"])),
            ("Two", set(&["_ZN1b17h*"])),
        ];
        let read: BTreeSet<_> = script(&parts).lines().filter_map(listed).collect();
        assert_eq!(read, set(&["_ZN1a17h*", "main", "_ZN1b17h*"]));
    }
}
