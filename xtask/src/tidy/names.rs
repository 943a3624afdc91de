//! Names that say nothing are refused: `utils`, `helpers`, `common`, `manager`, `misc`, `part2`, `get_`.

use super::Finding;
use crate::source;
use crate::tree::{File, Tree};

const EMPTY: [&str; 9] = [
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "more",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .flat_map(|file| {
            [of_file(file), of_types(file), of_getters(file)]
                .into_iter()
                .flatten()
        })
        .collect()
}

fn says_nothing(word: &str) -> bool {
    let numbered = word
        .strip_prefix("part")
        .is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
    EMPTY.contains(&word) || (numbered && word != "part")
}

fn of_file(file: &File) -> Vec<Finding> {
    let inside = file.path.trim_end_matches(".rs").split('/');
    inside
        .filter(|name| name.split(['_', '-']).any(says_nothing))
        .map(|name| {
            Finding::new(
                &file.path,
                0,
                format!(
                    "`{name}` names a drawer, not a thing, and drawers fill up. \
                     Name the noun that the code is about, and split it if there are several"
                ),
            )
        })
        .collect()
}

/// Types and modules, whose last word is looked at: `KeyManager`, `mod misc`.
fn of_types(file: &File) -> Vec<Finding> {
    let words: Vec<_> = source::words(&file.code).collect();
    words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|((_, keyword), _)| {
            matches!(*keyword, "struct" | "enum" | "trait" | "mod" | "type")
        })
        .filter(|(_, (_, name))| says_nothing(&last_word(name)))
        .map(|(_, (at, name))| {
            Finding::new(
                &file.path,
                source::line_of(&file.code, *at),
                format!(
                    "`{name}` does not say what it is responsible for; use the noun of the domain"
                ),
            )
        })
        .collect()
}

fn last_word(name: &str) -> String {
    let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
    let tail = name.get(start..).unwrap_or(name);
    tail.rsplit('_').next().unwrap_or(tail).to_lowercase()
}

fn of_getters(file: &File) -> Vec<Finding> {
    source::functions(&file.code)
        .into_iter()
        .filter(|function| function.name.starts_with("get_"))
        .map(|function| {
            Finding::new(
                &file.path,
                function.line,
                format!(
                    "fn {}: `get_` adds a word and no meaning. Name what is handed back, \
                     or the work that is done to obtain it (load, read, find)",
                    function.name
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn empty_names_of_files_and_folders_are_found() {
        assert_eq!(count("crates/a/src/utils.rs", ""), 1);
        assert_eq!(count("crates/a/src/key_helpers.rs", ""), 1);
        assert_eq!(count("crates/a/src/common/mod.rs", ""), 1);
        assert_eq!(count("crates/a/src/lease_part2.rs", ""), 1);
        assert_eq!(count("crates/a/src/lease.rs", ""), 0);
    }

    #[test]
    fn empty_names_of_types_and_modules_are_found() {
        assert_eq!(count("a.rs", "pub struct KeyManager;"), 1);
        assert_eq!(count("a.rs", "mod misc {}"), 1);
        assert_eq!(count("a.rs", "struct Common { more: u8 }"), 1);
        assert_eq!(
            count("a.rs", "// struct KeyManager;\nstruct Commonwealth;"),
            0
        );
    }

    #[test]
    fn a_getter_is_found() {
        assert_eq!(count("a.rs", "fn get_key() {}"), 1);
        assert_eq!(count("a.rs", "fn key() { map.get_mut(); }"), 0);
    }
}
