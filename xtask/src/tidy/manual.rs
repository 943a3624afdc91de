//! The manual keeps up with the code: every error code has its heading, every configuration key its line.

use super::Finding;
use crate::tree::{File, Tree};
use std::collections::BTreeSet;

const CODES: &str = "crates/api/src/error_code.rs";
const ERRORS: &str = "docs/errors.md";
const KEYS: &str = "crates/cli/src/config/schema.rs";
const CONFIGURATION: &str = "docs/configuration.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    errors(tree)
        .into_iter()
        .chain(configuration(tree))
        .collect()
}

/// `doc_url` of an error leads to the heading of its code, so the two sets are the same.
fn errors(tree: &Tree) -> Vec<Finding> {
    let codes: BTreeSet<&str> = tree
        .text(CODES)
        .unwrap_or_default()
        .lines()
        .filter_map(code)
        .collect();
    let headings: BTreeSet<&str> = tree
        .text(ERRORS)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    if codes.is_empty() {
        let message =
            format!("no error code was found in {CODES}. Tell the rule where they are now");
        return vec![Finding::new("xtask/src/tidy/manual.rs", 0, message)];
    }
    let silent = codes.difference(&headings).map(|code| {
        let message = format!("error `{code}` has no heading, and its `doc_url` leads there. Say what it means and what to do");
        Finding::new(ERRORS, 0, message)
    });
    let stale = headings.difference(&codes).map(|heading| {
        Finding::new(
            ERRORS,
            0,
            format!("explains `{heading}`, which is no error of ours any more. Remove it"),
        )
    });
    silent.chain(stale).collect()
}

/// The code in a row of the table, such as `NotFound = "not_found", 404, "..."`.
fn code(line: &str) -> Option<&str> {
    let (_, rest) = line.trim().split_once(" = \"")?;
    let (code, rest) = rest.split_once("\", ")?;
    rest.starts_with(['4', '5']).then_some(code)
}

fn configuration(tree: &Tree) -> Vec<Finding> {
    let manual = tree.text(CONFIGURATION).unwrap_or_default();
    let keys = tree
        .files
        .iter()
        .filter(|file| file.path == KEYS)
        .flat_map(keys);
    keys.filter(|key| !manual.lines().any(|line| line.trim_start().starts_with(&format!("{key} = "))))
        .map(|key| {
            let message = format!("the configuration key `{key}` is not in the example file. Show it there and say what it does");
            Finding::new(CONFIGURATION, 0, message)
        })
        .collect()
}

/// The names of `key("section", "name", ...)`.
fn keys(file: &File) -> Vec<&str> {
    file.text
        .split("key(")
        .skip(1)
        .filter(|tail| tail.trim_start().starts_with('"'))
        .filter_map(|tail| tail.split('"').nth(3))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "    NotFound = \"not_found\", 404, \"Nothing\";\n";

    #[test]
    fn an_error_without_a_heading_and_a_heading_without_an_error_are_found() {
        let with = |headings: &str| check(&Tree::of(&[(CODES, TABLE), (ERRORS, headings)])).len();
        assert_eq!(with("### not_found\nText."), 0);
        assert_eq!(with(""), 1);
        assert_eq!(with("### not_found\n### gone\n"), 1);
        assert_eq!(check(&Tree::of(&[(ERRORS, "")])).len(), 1);
    }

    #[test]
    fn a_configuration_key_outside_the_manual_is_found() {
        let schema = "fn find(section: &str) {}\nconst K: &[Key] = &[key(\"\", \"listen\", Text), key(\n \"log\",\n \"level\",)];";
        let with = |manual: &str| {
            let tree = Tree::of(&[
                (CODES, TABLE),
                (ERRORS, "### not_found"),
                (KEYS, schema),
                (CONFIGURATION, manual),
            ]);
            check(&tree).len()
        };
        assert_eq!(with("listen = 1\n  level = \"info\" # why\n"), 0);
        assert_eq!(with("listen = 1\n"), 1);
    }
}
