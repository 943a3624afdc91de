//! No file above 500 lines of production code, no function above 70 lines.
//!
//! Tests are free: a long test reads as a story, a long function does not.

use super::Finding;
use crate::source;
use crate::tree::{File, Tree};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let for_tests: Vec<String> = tree.rust().flat_map(declared_for_tests).collect();
    tree.rust()
        .filter(|file| !file.is_test())
        .filter(|file| {
            !for_tests
                .iter()
                .any(|place| file.path.starts_with(place.as_str()))
        })
        .flat_map(measure)
        .collect()
}

/// Where the modules live that `file` declares under `#[cfg(test)]`, as path prefixes.
fn declared_for_tests(file: &File) -> Vec<String> {
    let folder = match file.stem() {
        "mod" | "lib" | "main" => file.path.rsplit_once('/').map_or("", |(folder, _)| folder),
        _ => file.path.trim_end_matches(".rs"),
    };
    source::test_modules(&file.code)
        .into_iter()
        .flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")])
        .collect()
}

fn measure(file: &File) -> Vec<Finding> {
    let production = source::production(&file.code);
    let lines = production.lines().count();
    let mut findings = Vec::new();
    if lines > FILE_LINES {
        findings.push(Finding::new(
            &file.path,
            0,
            format!(
                "has {lines} lines of production code (at most {FILE_LINES}); nobody holds that much at once. \
                 Split it by meaning: find the noun in it that deserves a file"
            ),
        ));
    }
    findings.extend(source::functions(production).into_iter().filter(|f| f.lines > FUNCTION_LINES).map(
        |function| {
            Finding::new(
                &file.path,
                function.line,
                format!(
                    "fn {} has {} lines (at most {FUNCTION_LINES}); a function should be read without scrolling. \
                     Name its steps and let it read as a list of them",
                    function.name, function.lines
                ),
            )
        },
    ));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines))
    }

    #[test]
    fn a_long_function_is_found_and_its_line_named() {
        let text = format!("//! x\n{}", body(70));
        let found = check(&Tree::of(&[("crates/a/src/a.rs", &text)]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
        assert!(check(&Tree::of(&[("a.rs", &body(68))])).is_empty());
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "const A: u8 = 1;\n".repeat(501);
        assert_eq!(check(&Tree::of(&[("a.rs", &long)])).len(), 1);
        let tested = format!("const A: u8 = 1;\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(check(&Tree::of(&[("a.rs", &tested)])).is_empty());
    }

    #[test]
    fn test_code_is_free() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "#[cfg(test)]\nmod model;\n"),
            ("crates/a/src/model.rs", &body(100)),
            ("crates/a/src/model/deep.rs", &body(100)),
            ("crates/a/tests/it/flow.rs", &body(100)),
        ]);
        assert!(check(&tree).is_empty());
    }
}
