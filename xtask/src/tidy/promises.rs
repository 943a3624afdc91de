//! Every promise that ARCHITECTURE.md marks as kept is shown by tests under its name (`p7_...`).

use super::Finding;
use crate::source;
use crate::tree::{File, Tree};

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(MAP) else {
        return vec![Finding::new(
            MAP,
            0,
            "is missing; the promises are listed there",
        )];
    };
    let rows: Vec<Row> = map.lines().enumerate().filter_map(row).collect();
    if rows.is_empty() {
        return vec![Finding::new(
            MAP,
            0,
            "has no table of promises (rows `| P1 name | kept | ... |`)",
        )];
    }
    rows.into_iter()
        .filter(|row| row.kept && !tree.rust().any(|file| shows(file, row.number)))
        .map(|row| {
            let number = row.number;
            Finding::new(
                MAP,
                row.line,
                format!(
                    "P{number} is marked as kept and no test says so. Name the test that shows it \
                     (or its module) p{number}_..., or mark the promise as later"
                ),
            )
        })
        .collect()
}

struct Row {
    line: usize,
    number: u32,
    kept: bool,
}

fn row((at, line): (usize, &str)) -> Option<Row> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let name = cells.next()?.trim_start_matches('*').strip_prefix('P')?;
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    let kept = cells.next()?.starts_with("kept");
    Some(Row {
        line: at + 1,
        number: digits.parse().ok()?,
        kept,
    })
}

/// Whether a file holds a test under the promise's name: its own, its module's, or the file's.
fn shows(file: &File, number: u32) -> bool {
    let prefix = format!("p{number}_");
    let has_tests = file.code.contains("test]") || file.code.contains("::test(");
    let named = || {
        let words: Vec<_> = source::words(&file.code).map(|(_, word)| word).collect();
        words
            .iter()
            .zip(words.iter().skip(1))
            .any(|(keyword, name)| matches!(*keyword, "fn" | "mod") && name.starts_with(&prefix))
    };
    let placed = || file.path.split('/').any(|part| part.starts_with(&prefix));
    has_tests && (placed() || named())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP_TEXT: &str =
        "| promise | state |\n|---|---|\n| P1 innocent | kept | x |\n| P4 no-expiry | later | |\n";

    #[test]
    fn a_kept_promise_without_a_test_is_found() {
        let found = check(&Tree::of(&[
            (MAP, MAP_TEXT),
            ("a.rs", "#[test] fn p11_other() {}"),
        ]));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("P1 "), "{}", found[0].message);
    }

    #[test]
    fn a_test_its_module_or_its_file_may_carry_the_name() {
        for (path, text) in [
            ("a.rs", "#[test]\nfn p1_shown() {}"),
            ("a.rs", "mod p1_shown { #[tokio::test] async fn x() {} }"),
            ("crates/a/tests/it/p1_shown.rs", "#[test] fn x() {}"),
        ] {
            assert!(
                check(&Tree::of(&[(MAP, MAP_TEXT), (path, text)])).is_empty(),
                "{text}"
            );
        }
        assert_eq!(
            check(&Tree::of(&[
                (MAP, MAP_TEXT),
                ("a.rs", "fn p1_no_test() {}")
            ]))
            .len(),
            1
        );
    }

    #[test]
    fn a_missing_table_is_found() {
        assert_eq!(check(&Tree::of(&[(MAP, "text")])).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
