//! Every dependency is declared once, is used, and has a line in ARCHITECTURE.md that says why it is there.

use super::Finding;
use crate::metadata::Metadata;
use crate::source;
use crate::tree::Tree;
use anyhow::{Context, Result};

const MAP: &str = "ARCHITECTURE.md";
const MANIFEST: &str = "Cargo.toml";
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Result<Vec<Finding>> {
    let manifest = parse(tree, MANIFEST)?;
    let declared: Vec<&str> = manifest
        .get("workspace")
        .and_then(|w| w.get("dependencies"))
        .and_then(toml::Value::as_table)
        .map(|table| table.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let own: Vec<&str> = metadata.members().map(|p| p.name.as_str()).collect();
    let mut findings = explained(tree, &declared, &own);
    findings.extend(needed(&declared, metadata));
    for file in tree
        .files
        .iter()
        .filter(|f| f.path.ends_with("/Cargo.toml"))
    {
        findings.extend(of_crate(tree, &file.path)?);
    }
    Ok(findings)
}

fn parse(tree: &Tree, path: &str) -> Result<toml::Table> {
    let text = tree
        .text(path)
        .with_context(|| format!("{path} is missing"))?;
    text.parse().with_context(|| format!("{path} is not TOML"))
}

/// Declared and explained are the same set.
fn explained(tree: &Tree, declared: &[&str], own: &[&str]) -> Vec<Finding> {
    let rows = reasons(tree.text(MAP).unwrap_or_default());
    let silent = declared
        .iter()
        .filter(|name| !own.contains(name) && !rows.contains(name))
        .map(|name| {
            Finding::new(
                MANIFEST,
                0,
                format!("`{name}` has no line in {MAP} under \"Why each dependency\". Say there what it does for us"),
            )
        });
    let stale = rows
        .iter()
        .filter(|name| !declared.contains(name))
        .map(|name| {
            Finding::new(
                MAP,
                0,
                format!("explains `{name}`, which is no dependency any more. Remove the line"),
            )
        });
    silent.chain(stale).collect()
}

/// The names in backticks in the first column of the table of dependencies.
fn reasons(map: &str) -> Vec<&str> {
    map.lines()
        .skip_while(|line| !line.starts_with("## Why each dependency"))
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// Nothing is declared that no crate takes.
fn needed(declared: &[&str], metadata: &Metadata) -> Vec<Finding> {
    declared
        .iter()
        .filter(|name| {
            !metadata
                .members()
                .any(|p| p.dependencies.iter().any(|d| d.name == **name))
        })
        .map(|name| {
            Finding::new(
                MANIFEST,
                0,
                format!("`{name}` is declared for the workspace and no crate takes it. Remove it"),
            )
        })
        .collect()
}

/// A crate takes versions from the workspace, and only what its code names.
fn of_crate(tree: &Tree, path: &str) -> Result<Vec<Finding>> {
    let manifest = parse(tree, path)?;
    let folder = path.trim_end_matches("Cargo.toml");
    let mut findings = Vec::new();
    for name in TABLES {
        let Some(table) = manifest.get(name).and_then(toml::Value::as_table) else {
            continue;
        };
        for (dependency, value) in table {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                let message = format!(
                    "`{dependency}` does not come from the workspace, so two crates may drift apart. \
                     Declare it in the root Cargo.toml and write `{dependency}.workspace = true`"
                );
                findings.push(Finding::new(path, 0, message));
            }
            if !names(tree, folder, &dependency.replace('-', "_")) {
                let message = format!(
                    "`{dependency}` is never named in this crate. Remove it; every build pays for it"
                );
                findings.push(Finding::new(path, 0, message));
            }
        }
    }
    Ok(findings)
}

fn names(tree: &Tree, folder: &str, identifier: &str) -> bool {
    tree.rust()
        .filter(|file| file.path.starts_with(folder))
        .any(|file| source::words(&file.code).any(|(_, word)| word == identifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.dependencies]\nbytes = \"1\"\n";
    const WHY: &str = "## Why each dependency\n\n| `bytes` | shared bodies |\n";

    fn metadata(dependency: &str) -> Metadata {
        serde_json::from_value(serde_json::json!({
            "packages": [{"id": "a", "name": "a",
                "dependencies": [{"name": dependency, "kind": null}]}],
            "workspace_members": ["a"], "target_directory": "",
        }))
        .unwrap()
    }

    fn findings(files: &[(&str, &str)], dependency: &str) -> Vec<Finding> {
        check(&Tree::of(files), &metadata(dependency)).unwrap()
    }

    #[test]
    fn a_dependency_without_a_reason_and_a_reason_without_a_dependency_are_found() {
        assert!(findings(&[(MANIFEST, ROOT), (MAP, WHY)], "bytes").is_empty());
        assert_eq!(findings(&[(MANIFEST, ROOT), (MAP, "")], "bytes").len(), 1);
        let stale = WHY.replace("`bytes`", "`bytes`, `moka`");
        assert_eq!(
            findings(&[(MANIFEST, ROOT), (MAP, &stale)], "bytes").len(),
            1
        );
    }

    #[test]
    fn a_declaration_that_nobody_takes_is_found() {
        assert_eq!(findings(&[(MANIFEST, ROOT), (MAP, WHY)], "http").len(), 1);
    }

    #[test]
    fn a_version_of_ones_own_and_an_unused_dependency_are_found() {
        let own = "[dependencies]\nbytes = \"1\"\n";
        let shared = "[dependencies]\nbytes.workspace = true\n";
        let used = ("crates/a/src/lib.rs", "use bytes::Bytes;");
        let run = |manifest: &str, source: (&str, &str)| {
            findings(
                &[
                    (MANIFEST, ROOT),
                    (MAP, WHY),
                    ("crates/a/Cargo.toml", manifest),
                    source,
                ],
                "bytes",
            )
            .len()
        };
        assert_eq!(run(shared, used), 0);
        assert_eq!(run(own, used), 1);
        assert_eq!(run(shared, ("crates/a/src/lib.rs", "// bytes")), 1);
    }
}
