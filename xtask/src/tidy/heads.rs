//! Every Rust file opens with `//!`: what it does, and what it leaves to whom.

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default();
            first.strip_prefix("//!").is_none_or(|sentence| sentence.trim().is_empty())
        })
        .map(|file| {
            Finding::new(
                &file.path,
                1,
                "does not open with `//!`; a newcomer decides from the first line whether to read on. \
                 Say in a sentence what the file does, and what it leaves to whom",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        let tree = Tree::of(&[
            ("a.rs", "use x;\n//! late"),
            ("b.rs", "//! Does b.\n"),
            ("c.rs", "//!\n"),
            ("d.md", "text"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|f| f.path).collect();
        assert_eq!(found, ["a.rs", "c.rs"]);
    }
}
