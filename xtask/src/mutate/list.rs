//! The list of mutations, and what makes it wrong.

use crate::tidy::Finding;
use crate::tree::Tree;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

const PATH: &str = "xtask/mutations.toml";

/// Promises that must have at least one mutation: all.
const DEMANDED: [&str; 12] = [
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12",
];

/// One way to break one promise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutation {
    /// `P1` to `P12`.
    pub(super) promise: String,
    /// What the mutation does, as a sentence without its full stop.
    pub(super) name: String,
    /// Path from the root.
    pub(super) file: String,
    /// Text that occurs exactly once in the file.
    pub(super) snippet: String,
    /// What stands there instead; it must compile.
    pub(super) replacement: String,
    /// The package whose tests are run.
    pub(super) package: String,
    /// Which of its tests: a part of their names.
    pub(super) tests: String,
    /// Which test binary: `lib`, `bins` or the name of an integration test.
    pub(super) target: String,
}

impl Mutation {
    /// Whether somebody means it who says `P7`, the package of its tests or words of its name.
    pub(super) fn is_meant_by(&self, words: &str) -> bool {
        self.promise == words || self.package == words || self.name.contains(words)
    }

    /// The promise's number, by which reports are ordered.
    pub(super) fn number(&self) -> u32 {
        self.promise.trim_start_matches('P').parse().unwrap_or(0)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    mutation: Vec<Mutation>,
}

pub(super) fn read(tree: &Tree) -> Result<Vec<Mutation>> {
    let text = tree
        .text(PATH)
        .with_context(|| format!("{PATH} is missing"))?;
    let document: Document =
        toml::from_str(text).with_context(|| format!("{PATH} does not read"))?;
    Ok(document.mutation)
}

/// The mutations whose tests are in one program, together, and of those the ones that break one file: so the least is
/// built between them.
pub(super) fn by_target(mutations: &[Mutation]) -> Vec<Vec<&Mutation>> {
    let mut by_target: BTreeMap<_, Vec<&Mutation>> = BTreeMap::new();
    for mutation in mutations {
        let target = (&mutation.package, &mutation.target);
        by_target.entry(target).or_default().push(mutation);
    }
    by_target
        .into_values()
        .map(|mut together| {
            together.sort_by_key(|mutation| &mutation.file);
            together
        })
        .collect()
}

/// What is wrong with the list as a whole.
pub(super) fn findings(mutations: &[Mutation], tree: &Tree) -> Vec<Finding> {
    let unlisted = DEMANDED
        .iter()
        .filter(|promise| !mutations.iter().any(|m| m.promise == **promise))
        .map(|promise| {
            let message = format!(
                "{promise} has no mutation, so nothing shows that its tests can fail. List one"
            );
            Finding::new(PATH, 0, message)
        });
    mutations
        .iter()
        .filter_map(|mutation| stale(mutation, tree))
        .chain(unlisted)
        .collect()
}

/// Why a mutation would break nothing, or the wrong thing.
pub(super) fn stale(mutation: &Mutation, tree: &Tree) -> Option<Finding> {
    let Mutation {
        name,
        file,
        promise,
        snippet,
        ..
    } = mutation;
    if *snippet == mutation.replacement {
        return Some(Finding::new(
            PATH,
            0,
            format!("`{name}` replaces a snippet by itself"),
        ));
    }
    let times = tree
        .text(file)
        .map_or(0, |text| text.matches(snippet.as_str()).count());
    (times != 1).then(|| {
        let message = format!(
            "`{name}`: its snippet occurs {times} times in {file}, so it breaks nothing or the wrong thing. \
             Follow the code: name the line that keeps {promise} now"
        );
        Finding::new(PATH, 0, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(snippet: &str, replacement: &str) -> Vec<Finding> {
        let all: Vec<Mutation> = DEMANDED
            .iter()
            .map(|promise| Mutation {
                promise: (*promise).to_owned(),
                name: "turns it around".into(),
                file: "a.rs".into(),
                snippet: snippet.into(),
                replacement: replacement.into(),
                package: "a".into(),
                tests: "p1_".into(),
                target: "lib".into(),
            })
            .collect();
        findings(&all, &Tree::of(&[("a.rs", "if a == b {} if c == d {}")]))
    }

    #[test]
    fn a_mutation_is_meant_by_its_promise_its_package_or_words_of_its_name() {
        let all =
            [("P1", "keys are lent"), ("P10", "keys are lost")].map(|(promise, name)| Mutation {
                promise: promise.into(),
                name: name.into(),
                file: "a.rs".into(),
                snippet: "a".into(),
                replacement: "b".into(),
                package: "a".into(),
                tests: "p1_".into(),
                target: "lib".into(),
            });
        let meant = |words: &str| all.iter().filter(|one| one.is_meant_by(words)).count();
        assert_eq!(
            [
                meant("P1"),
                meant("P10"),
                meant("keys"),
                meant("lost"),
                meant("a")
            ],
            [1, 1, 2, 1, 2]
        );
        assert_eq!(meant("P2"), 0);
    }

    #[test]
    fn mutations_of_one_program_and_one_file_come_together() {
        let all =
            [("x", "b.rs"), ("y", "a.rs"), ("x", "a.rs"), ("x", "b.rs")].map(|(package, file)| {
                Mutation {
                    promise: "P1".into(),
                    name: "keys are lent".into(),
                    file: file.into(),
                    snippet: "a".into(),
                    replacement: "b".into(),
                    package: package.into(),
                    tests: "p1_".into(),
                    target: "it".into(),
                }
            });
        let files = by_target(&all)
            .into_iter()
            .map(|together| together.iter().map(|one| one.file.as_str()).collect())
            .collect::<Vec<Vec<_>>>();
        assert_eq!(files, [vec!["a.rs", "b.rs", "b.rs"], vec!["a.rs"]]);
    }

    #[test]
    fn a_snippet_must_occur_exactly_once() {
        assert!(listed("a == b", "a != b").is_empty());
        assert_eq!(listed("e == f", "x").len(), DEMANDED.len());
        assert_eq!(listed(" == ", "x").len(), DEMANDED.len());
        assert_eq!(listed("a == b", "a == b").len(), DEMANDED.len());
    }

    #[test]
    fn a_promise_without_a_mutation_is_found() {
        assert_eq!(findings(&[], &Tree::default()).len(), DEMANDED.len());
    }
}
