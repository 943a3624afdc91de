//! Nothing half done and nothing of one machine: ignored tests, stubs, private paths, registry hosts.
//!
//! The needles are put together from halves, so that this file does not find itself.

use super::Finding;
use crate::tree::{File, Tree};

/// What to look for in Rust code (comments and literals do not count), and what to do instead.
const IN_CODE: [(&str, &str); 4] = [
    (
        concat!("#[", "ignore"),
        "a test that does not run rots. Mend it, or delete it with the reason in the commit",
    ),
    (
        concat!("to", "do!("),
        "no stub stays. Write it, or leave the feature out",
    ),
    (
        concat!("unimple", "mented!("),
        "no stub stays. Write it, or leave the feature out",
    ),
    (
        concat!("db", "g!("),
        "a trace of one debugging session. Log what an operator needs, and remove the rest",
    ),
];

/// What to look for in every text, comments included.
const IN_TEXT: [(&str, &str); 14] = [
    (
        concat!("FIX", "ME"),
        "do it now or write down in prose what holds and why",
    ),
    (
        concat!("XX", "X:"),
        "do it now or write down in prose what holds and why",
    ),
    (concat!("/ro", "ot/"), MACHINE),
    (concat!("/ho", "me/"), MACHINE),
    (concat!("/wo", "rk/"), MACHINE),
    (concat!("/fa", "rm/"), MACHINE),
    (concat!("/tm", "p/"), MACHINE),
    (concat!("/Use", "rs/"), MACHINE),
    (concat!("crates", ".io"), REGISTRY),
    (concat!("pypi", ".org"), REGISTRY),
    (concat!("pythonhosted", ".org"), REGISTRY),
    (concat!("npmjs", ".org"), REGISTRY),
    (concat!("npmjs", ".com"), REGISTRY),
    (concat!("proxy.golang", ".org"), REGISTRY),
];

const MACHINE: &str = "a path of one machine; another checkout does not have it. \
     Use a path inside the repository, a temporary folder of the test, or a variable";
const REGISTRY: &str = "a registry's host; people build behind mirrors. \
     Name the package and let their cargo, pip or npm know where it comes from";

/// Cargo writes its own index address here.
const EXEMPT: [&str; 1] = ["Cargo.lock"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| !EXEMPT.contains(&file.path.as_str()))
        .flat_map(of_file)
        .collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let code = search(file, &file.code, &IN_CODE);
    let text = search(file, &file.text, &IN_TEXT);
    code.into_iter().chain(text).collect()
}

fn search(file: &File, text: &str, needles: &[(&str, &str)]) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .flat_map(|(at, line)| {
            needles
                .iter()
                .filter(move |(needle, _)| line.contains(needle))
                .map(move |(needle, why)| {
                    Finding::new(&file.path, at + 1, format!("`{needle}`: {why}"))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_needle_is_found() {
        for (needle, _) in IN_CODE {
            let text = format!("fn a() {{\n    {needle}\n}}");
            let found = check(&Tree::of(&[("a.rs", &text)]));
            assert_eq!(found.len(), 1, "{needle}");
            assert_eq!(found[0].line, 2);
        }
        for (needle, _) in IN_TEXT {
            assert_eq!(check(&Tree::of(&[("a.md", needle)])).len(), 1, "{needle}");
        }
    }

    #[test]
    fn a_comment_about_a_stub_is_no_stub() {
        let text = format!("// {}\n", IN_CODE[1].0);
        assert!(check(&Tree::of(&[("a.rs", &text)])).is_empty());
        assert!(check(&Tree::of(&[("Cargo.lock", IN_TEXT[8].0)])).is_empty());
    }
}
