//! Every shell block of the manual is a recipe that the tests run, or says why it is not (`docs/recipes.md`).

use super::Finding;
use crate::tree::{File, Tree};

/// Languages of blocks that a reader types.
const SHELL: [&str; 5] = ["sh", "bash", "shell", "console", "zsh"];
/// How lines begin that a reader types, in a block that names no language.
const TYPED: [&str; 5] = ["$ ", "portunus ", "curl ", "printf ", "cargo "];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| is_manual(&file.path))
        .flat_map(of_page)
        .collect()
}

/// The pages whose recipes are run; decisions in `docs/adr/` have none.
fn is_manual(path: &str) -> bool {
    let page = path.strip_prefix("docs/").unwrap_or_default();
    path == "README.md" || (page.ends_with(".md") && !page.contains('/'))
}

fn of_page(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut mark, mut above) = (None, "");
    let mut lines = file.text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with("<!--") {
            mark = Some(line);
        }
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| !line.starts_with("```"))
                .collect();
            let marked = above.ends_with("-->") && mark.is_some_and(means_something);
            if !marked && is_typed(language, &inside) {
                findings.push(Finding::new(&file.path, at + 1, MESSAGE));
            }
            above = "";
            mark = None;
            continue;
        }
        above = line;
    }
    findings
}

const MESSAGE: &str = "a recipe that nobody runs goes wrong unnoticed. Put `<!-- recipe -->` above the block, or \
    `<!-- not run: WHY -->`; docs/recipes.md has the rest";

fn means_something(mark: &str) -> bool {
    let mark = mark.trim_start_matches("<!--").trim();
    let why = mark.strip_prefix("not run: ").unwrap_or_default();
    mark.starts_with("recipe") || mark.starts_with("answer") || why.len() > "-->".len()
}

fn is_typed(language: &str, inside: &[&str]) -> bool {
    let begins = |line: &&str| TYPED.iter().any(|word| line.starts_with(word));
    SHELL.contains(&language.trim()) || (language.is_empty() && inside.iter().any(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> usize {
        check(&Tree::of(&[("docs/a.md", page)])).len()
    }

    #[test]
    fn an_unmarked_block_that_one_types_is_found() {
        assert_eq!(found("```sh\nportunus status\n```\n"), 1);
        assert_eq!(found("```\n$ portunus status\nfine\n```\n"), 1);
        assert_eq!(found("<!-- not run: -->\n```sh\nrm\n```\n"), 1);
        let twice = "<!-- recipe -->\n```sh\na\n```\n```sh\nb\n```\n";
        assert_eq!(found(twice), 1);
        assert_eq!(found("<!-- recipe -->\n\n```sh\na\n```\n"), 1);
    }

    #[test]
    fn marked_blocks_and_other_languages_are_left_alone() {
        assert_eq!(found("<!-- recipe\nstatus: 200\n-->\n```sh\na\n```\n"), 0);
        assert_eq!(found("<!-- not run: needs systemd -->\n```sh\na\n```\n"), 0);
        assert_eq!(found("```toml\na = 1\n```\n```\nRateLimit: 1\n```\n"), 0);
        let elsewhere = Tree::of(&[("docs/adr/1.md", "```sh\na\n```\n")]);
        assert!(check(&elsewhere).is_empty());
    }
}
