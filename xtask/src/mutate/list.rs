//! The list of mutations, and what makes it wrong.

use crate::tidy::Finding;
use crate::tree::Tree;
use anyhow::{Context, Result};
use serde::Deserialize;

const PATH: &str = "xtask/mutations.toml";

/// Promises that must have at least one mutation.
const DEMANDED: [&str; 8] = ["P1", "P2", "P3", "P5", "P6", "P7", "P8", "P11"];

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

pub(super) fn findings(mutations: &[Mutation], tree: &Tree) -> Vec<Finding> {
    let stale = mutations.iter().filter_map(|mutation| {
        let times = tree.text(&mutation.file).map_or(0, |text| text.matches(mutation.snippet.as_str()).count());
        let message = format!(
            "`{}`: its snippet occurs {times} times in {}, so it breaks nothing or the wrong thing. \
             Follow the code: name the line that keeps {} now",
            mutation.name, mutation.file, mutation.promise
        );
        (times != 1).then(|| Finding::new(PATH, 0, message))
    });
    let same = mutations
        .iter()
        .filter(|m| m.snippet == m.replacement)
        .map(|mutation| {
            Finding::new(
                PATH,
                0,
                format!("`{}` replaces a snippet by itself", mutation.name),
            )
        });
    let unlisted = DEMANDED
        .iter()
        .filter(|p| !mutations.iter().any(|m| m.promise == **p))
        .map(|promise| {
            Finding::new(
                PATH,
                0,
                format!(
                    "{promise} has no mutation, so nothing shows that its tests can fail. List one"
                ),
            )
        });
    stale.chain(same).chain(unlisted).collect()
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
