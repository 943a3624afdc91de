//! Documents tell the truth about the tree: paths that they name exist, links lead somewhere.

use super::Finding;
use crate::tree::{File, Tree};

/// Folders whose paths are checked when a document names them in backticks.
const FOLDERS: [&str; 5] = ["crates/", "xtask/", "docs/", ".ci/", ".config/"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .flat_map(|file| of_document(tree, file))
        .collect()
}

fn of_document(tree: &Tree, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let quoted = line.split('`').skip(1).step_by(2);
        for path in quoted.filter(|text| FOLDERS.iter().any(|folder| text.starts_with(folder))) {
            if !path.contains(['<', '*', ' ', '{']) && !exists(tree, path) {
                findings.push(Finding::new(&file.path, at + 1, gone(path)));
            }
        }
        for target in line
            .split("](")
            .skip(1)
            .filter_map(|tail| tail.split(')').next())
        {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !exists(tree, &beside(&file.path, path))
            {
                findings.push(Finding::new(&file.path, at + 1, gone(path)));
            }
        }
    }
    findings
}

fn gone(path: &str) -> String {
    format!("`{path}` does not exist; a map that is wrong once is not trusted again. Correct it")
}

fn exists(tree: &Tree, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folder = format!("{path}/");
    tree.files
        .iter()
        .any(|file| file.path == path || file.path.starts_with(&folder))
}

/// A link's target, seen from the document that holds it.
fn beside(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_link_that_leads_nowhere_is_found() {
        let text = "See `crates/core/` and [errors](errors.md#a) and <b>.\n`crates/gone` [x](../lost.md)\n";
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/errors.md", ""),
            ("crates/core/src/lib.rs", ""),
        ]);
        let found = check(&tree);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding.line == 2));
    }

    #[test]
    fn addresses_and_patterns_are_left_alone() {
        let text =
            "`crates/*/tests` `crates/<name>` [site](https://example.com/a) [here](#below)\n";
        assert!(check(&Tree::of(&[("README.md", text)])).is_empty());
    }
}
