//! One integration test binary per crate: `tests/it/main.rs` and its modules.

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| {
            let inside = file
                .path
                .strip_prefix("crates/")
                .and_then(|rest| rest.split_once("/tests/"));
            let own_binary = |rest: &str| match rest.split_once('/') {
                None => true,
                Some((folder, file)) => file == "main.rs" && folder != "it",
            };
            inside.is_some_and(|(folder, rest)| !folder.contains('/') && own_binary(rest))
        })
        .map(|file| {
            Finding::new(
                &file.path,
                0,
                "is a test binary of its own, and each one links the whole workspace again. \
                 Move it to tests/it/ and declare it in tests/it/main.rs",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_test_binary_is_found() {
        let tree = Tree::of(&[
            ("crates/a/tests/flow.rs", ""),
            ("crates/a/tests/other/main.rs", ""),
            ("crates/a/tests/it/main.rs", ""),
            ("crates/a/tests/it/flow.rs", ""),
            ("crates/a/tests/clients/run.rs", ""),
            ("crates/a/src/tests/deep.rs", ""),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|f| f.path).collect();
        assert_eq!(
            found,
            ["crates/a/tests/flow.rs", "crates/a/tests/other/main.rs"]
        );
    }
}
