//! The domain is pure: `core` has no runtime, no socket, no database, no clock and no randomness.

use super::Finding;
use crate::metadata::Metadata;
use crate::source;
use crate::tree::Tree;

const PURE: &str = "portunus-core";
const SOURCES: &str = "crates/core/src/";

const PACKAGES: [&str; 13] = [
    "tokio",
    "axum",
    "hyper",
    "reqwest",
    "sqlx",
    "rand",
    "getrandom",
    "clap",
    "tracing",
    "async-trait",
    "futures-util",
    "parking_lot",
    "jiff",
];
const CALLS: [&str; 7] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let packages = metadata.members().filter(|package| package.name == PURE).flat_map(|package| {
        package
            .dependencies
            .iter()
            .filter(|d| d.kind.as_deref() != Some("dev") && PACKAGES.contains(&d.name.as_str()))
            .map(|d| {
                Finding::new(
                    "crates/core/Cargo.toml",
                    0,
                    format!(
                        "`{}` brings the world into the domain, which is tested by moving a number. \
                         Do the work in app, proxy or http and pass its result in",
                        d.name
                    ),
                )
            })
    });
    packages.chain(calls(tree)).collect()
}

fn calls(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| file.path.starts_with(SOURCES) && !file.is_test())
        .flat_map(|file| {
            source::production(&file.code).lines().enumerate().flat_map(move |(at, line)| {
                CALLS.iter().filter(move |call| line.contains(*call)).map(move |call| {
                    Finding::new(
                        &file.path,
                        at + 1,
                        format!("`{call}` in the domain: time, environment and I/O arrive as arguments"),
                    )
                })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(dependency: &str, kind: &str) -> Metadata {
        serde_json::from_value(serde_json::json!({
            "packages": [{"id": "c", "name": PURE,
                "dependencies": [{"name": dependency, "kind": (kind != "normal").then_some(kind)}]}],
            "workspace_members": ["c"], "target_directory": "",
        }))
        .unwrap()
    }

    #[test]
    fn a_runtime_in_the_domain_is_found() {
        assert_eq!(
            check(&Tree::default(), &metadata("tokio", "normal")).len(),
            1
        );
        assert_eq!(check(&Tree::default(), &metadata("tokio", "dev")).len(), 0);
        assert_eq!(
            check(&Tree::default(), &metadata("sha2", "normal")).len(),
            0
        );
    }

    #[test]
    fn a_clock_in_the_domain_is_found() {
        let tree = Tree::of(&[
            (
                "crates/core/src/a.rs",
                "//! x\nfn a() { SystemTime::now(); }",
            ),
            ("crates/app/src/a.rs", "fn a() { SystemTime::now(); }"),
        ]);
        let found = check(&tree, &metadata("sha2", "normal"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
