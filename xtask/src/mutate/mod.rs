//! `cargo xtask mutate`: breaks the code on purpose, one listed place at a time, in a copy of the
//! repository, and demands that the tests of the promise notice.
//!
//! A test that never failed proves little. The list (`xtask/mutations.toml`) names for each promise
//! a snippet, what replaces it, and the tests that must then fail. A snippet that no longer occurs
//! exactly once is an error, so the list cannot rot; `tidy` checks that on every run.

mod copy;
mod list;
mod trial;

use crate::tidy::Finding;
use crate::tree::{self, Tree};
use anyhow::{Result, bail};
use list::Mutation;
use std::collections::BTreeMap;
use trial::{Bench, Verdict};

/// Whether every listed snippet still occurs once; for `mutate --check`.
pub(crate) fn check() -> Result<()> {
    let tree = Tree::read(&tree::root())?;
    let found = findings(&tree)?;
    for finding in &found {
        println!("{finding}");
    }
    if !found.is_empty() {
        bail!("{} mutations to mend", found.len());
    }
    println!(
        "{} mutations, each snippet occurs once",
        list::read(&tree)?.len()
    );
    Ok(())
}

/// What is wrong with the list itself; for `tidy`.
pub(crate) fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    Ok(list::findings(&list::read(tree)?, tree))
}

/// Tries the mutations that are wanted by their promise (`P7`) or by words of their name; all without a wish.
pub(crate) fn run(wanted: &[&str]) -> Result<()> {
    let root = tree::root();
    let tree = Tree::read(&root)?;
    let chosen: Vec<Mutation> = list::read(&tree)?
        .into_iter()
        .filter(|mutation| {
            wanted.is_empty() || wanted.iter().any(|words| mutation.is_meant_by(words))
        })
        .collect();
    if chosen.is_empty() {
        bail!("no mutation is listed for {}", wanted.join(" "));
    }
    if let Some(finding) = chosen
        .iter()
        .find_map(|mutation| list::stale(mutation, &tree))
    {
        bail!("{finding}");
    }
    let mut bench = Bench::set_up(&root)?;
    let mut untried = 0;
    let mut tally: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for mutation in &chosen {
        let verdict = match bench.attempt(mutation) {
            Ok(verdict) => verdict,
            Err(error) => {
                println!(
                    "{:>4}  ERROR   {}: {error:#}",
                    mutation.promise, mutation.name
                );
                untried += 1;
                continue;
            }
        };
        println!("{:>4}  {verdict:<6}  {}", mutation.promise, mutation.name);
        let (caught, missed) = tally.entry(mutation.number()).or_default();
        match verdict {
            Verdict::Caught | Verdict::Hung => *caught += 1,
            Verdict::Missed => *missed += 1,
        }
    }
    println!();
    for (number, (caught, missed)) in &tally {
        println!(
            "{:>4}  {caught} caught, {missed} missed",
            format!("P{number}")
        );
    }
    if tally.values().any(|(_, missed)| *missed > 0) {
        bail!("a mutation lived: its tests do not show what they promise");
    }
    if untried > 0 {
        bail!("{untried} mutations could not be tried");
    }
    Ok(())
}
