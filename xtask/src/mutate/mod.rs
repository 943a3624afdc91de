//! `cargo xtask mutate`: breaks the code on purpose, one listed place at a time, in a copy of the
//! repository, and demands that the tests of the promise notice.
//!
//! A test that never failed proves little. The list (`xtask/mutations.toml`) names for each promise
//! a snippet, what replaces it, and the tests that must then fail. A snippet that no longer occurs
//! exactly once is an error, so the list cannot rot; `tidy` checks that on every run.

mod copy;
mod list;
mod output;
mod trial;

use crate::tidy::Finding;
use crate::tree::{self, Tree};
use anyhow::{Result, bail};
use list::Mutation;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
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

/// Tries the mutations that are wanted by their promise (`P7`), the package of their tests or words of their name; all without a wish.
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
    let mut tally = Tally::default();
    for of_target in list::by_target(&chosen) {
        for mutation in &of_target {
            // What it says is said again when the mutation is tried.
            bench.see_it_pass(mutation).ok();
        }
        for mutation in of_target {
            let start = Instant::now();
            let tried = bench.attempt(mutation);
            print_trial(mutation, &tried, start.elapsed());
            tally.note(mutation, &tried);
        }
    }
    tally.judge()
}

fn print_trial(mutation: &Mutation, tried: &Result<Verdict>, took: Duration) {
    let Mutation { promise, name, .. } = mutation;
    let verdict = match tried {
        Ok(verdict) => verdict.to_string(),
        Err(_) => "ERROR".to_owned(),
    };
    let why = match tried {
        Ok(Verdict::Caught(test)) => format!(": {test}"),
        Ok(Verdict::Hung(tests)) => format!(": {}", tests.join(", ")),
        Ok(Verdict::Missed) => String::new(),
        Err(error) => format!(": {error:#}"),
    };
    println!(
        "{promise:>4}  {verdict:<6}  {name} ({} s){why}",
        took.as_secs()
    );
}

/// How many mutations of a promise were caught, hung, were missed and could not be tried.
#[derive(Debug, Default)]
struct Tally(BTreeMap<u32, [usize; 4]>);

impl Tally {
    fn note(&mut self, mutation: &Mutation, tried: &Result<Verdict>) {
        let [caught, hung, missed, untried] = self.0.entry(mutation.number()).or_default();
        *match tried {
            Ok(Verdict::Caught(_)) => caught,
            Ok(Verdict::Hung(_)) => hung,
            Ok(Verdict::Missed) => missed,
            Err(_) => untried,
        } += 1;
    }

    /// Prints the sums. Whatever was not caught is an error.
    fn judge(&self) -> Result<()> {
        println!();
        for (number, [caught, hung, missed, untried]) in &self.0 {
            println!(
                "{:>4}  {caught} caught, {hung} hung, {missed} missed, {untried} not tried",
                format!("P{number}")
            );
        }
        let [hung, missed, untried] = [1, 2, 3].map(|at| {
            self.0
                .values()
                .filter_map(|sums| sums.get(at))
                .sum::<usize>()
        });
        if missed > 0 {
            bail!("a mutation lived: its tests do not show what they promise");
        }
        if hung > 0 {
            bail!(
                "a mutation made its tests hang: give their waiting a bound that says what did not come"
            );
        }
        if untried > 0 {
            bail!("{untried} mutations could not be tried");
        }
        Ok(())
    }
}
