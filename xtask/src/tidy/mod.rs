//! `cargo xtask tidy`: the rules that a compiler does not know, each with its reason in the message.
//!
//! One rule, one file. A rule takes the tree (or cargo's graph) and hands back findings; it is tested
//! with a small bad input, so that every rule is known to be able to fail.

mod arrows;
mod dependencies;
mod heads;
mod leftovers;
mod links;
mod manual;
mod names;
mod promises;
mod purity;
mod recipes;
mod sizes;
mod supply;
mod test_layout;

use crate::metadata::Metadata;
use crate::mutate;
use crate::tree::{self, Tree};
use anyhow::{Result, bail};
use std::fmt;

/// One broken rule: where, why it matters, what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Checks the repository; any finding is a failure.
pub(crate) fn run() -> Result<()> {
    let root = tree::root();
    let tree = Tree::read(&root)?;
    let metadata = Metadata::read(&root)?;
    let rules = [
        Ok(heads::check(&tree)),
        Ok(sizes::check(&tree)),
        Ok(names::check(&tree)),
        Ok(leftovers::check(&tree)),
        Ok(links::check(&tree)),
        Ok(manual::check(&tree)),
        Ok(recipes::check(&tree)),
        Ok(test_layout::check(&tree)),
        Ok(promises::check(&tree)),
        Ok(purity::check(&tree, &metadata)),
        Ok(arrows::check(&metadata)),
        dependencies::check(&tree, &metadata),
        supply::check(&tree, &root),
        mutate::findings(&tree),
    ];
    let mut broken = 0;
    for rule in rules {
        let findings =
            rule.unwrap_or_else(|error| vec![Finding::new(".", 0, format!("{error:#}"))]);
        for finding in &findings {
            println!("{finding}");
        }
        broken += findings.len();
    }
    if broken > 0 {
        bail!("tidy: {broken} to mend");
    }
    println!(
        "tidy: {} files, {} packages, nothing to mend",
        tree.files.len(),
        metadata.packages.len()
    );
    Ok(())
}
