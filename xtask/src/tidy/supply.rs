//! What we build on, by licence, by name and by number of versions, as deny.toml allows it.
//!
//! The same file serves cargo-deny, where it is installed; this rule needs nothing but cargo.

use super::Finding;
use crate::metadata::{Metadata, Package};
use crate::tree::Tree;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const POLICY: &str = "deny.toml";

#[derive(Debug, Deserialize)]
struct Policy {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
}

/// A package (`name` or `name@version`) and the reason that goes with it.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

pub(super) fn check(tree: &Tree, root: &Path) -> Result<Vec<Finding>> {
    let text = tree.text(POLICY).context("deny.toml is missing")?;
    let policy: Policy = toml::from_str(text).context("deny.toml does not read")?;
    let mut findings = BTreeMap::new();
    for target in &policy.graph.targets {
        let metadata = Metadata::read(root, Some(target))?;
        for finding in judge(&policy, &metadata) {
            findings.insert(finding.message.clone(), finding);
        }
    }
    Ok(findings.into_values().collect())
}

fn judge(policy: &Policy, metadata: &Metadata) -> Vec<Finding> {
    let licences = metadata.foreign().filter_map(|p| licence(policy, p));
    let banned = metadata.foreign().filter_map(|p| banned(policy, p));
    licences
        .chain(banned)
        .chain(duplicates(policy, metadata))
        .collect()
}

fn licence(policy: &Policy, package: &Package) -> Option<Finding> {
    let expression = package.license.as_deref().unwrap_or("none");
    (!permits(expression, &policy.licenses.allow)).then(|| {
        let message = format!(
            "{} {} is under `{expression}`, which is not allowed here. Take another package, \
             or add the licence to [licenses] allow once it is read and fits Apache-2.0",
            package.name, package.version
        );
        Finding::new(POLICY, 0, message)
    })
}

/// An SPDX expression against the list: `AND` binds tighter than `OR`, parentheses group.
fn permits(expression: &str, allow: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any(&words, &mut at, allow) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allow: &[String]) -> bool {
    let mut holds = all(words, at, allow);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all(words, at, allow);
    }
    holds
}

fn all(words: &[&str], at: &mut usize, allow: &[String]) -> bool {
    let mut holds = one(words, at, allow);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= one(words, at, allow);
    }
    holds
}

fn one(words: &[&str], at: &mut usize, allow: &[String]) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let holds = any(words, at, allow);
        *at += 1;
        return holds;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allow
            .iter()
            .any(|a| *a == format!("{word} WITH {exception}"));
    }
    allow.iter().any(|a| a == word)
}

fn banned(policy: &Policy, package: &Package) -> Option<Finding> {
    let ban = policy
        .bans
        .deny
        .iter()
        .find(|ban| ban.package == package.name)?;
    let message = format!(
        "`{}` came in and is banned: {}. `cargo tree -i {}` shows who brought it",
        package.name, ban.reason, package.name
    );
    Some(Finding::new("Cargo.lock", 0, message))
}

/// Two versions of one package need an exception with a reason, and a stale exception goes.
fn duplicates(policy: &Policy, metadata: &Metadata) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata.foreign() {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    let excused = |name: &str, version: &str| {
        policy.bans.skip.iter().any(|skip| {
            let (skipped, at) = skip.package.split_once('@').unwrap_or((&skip.package, ""));
            skipped == name && version.starts_with(at) && !skip.reason.is_empty()
        })
    };
    versions
        .into_iter()
        .filter(|(name, versions)| versions.iter().filter(|version| !excused(name, version)).count() > 1)
        .map(|(name, versions)| {
            let list = versions.into_iter().collect::<Vec<_>>().join(" and ");
            let message = format!(
                "`{name}` is built twice ({list}). Align the versions, or add the older one to [bans] skip with the reason"
            );
            Finding::new(POLICY, 0, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[graph]\ntargets = []\n[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Apache-2.0 WITH LLVM-exception\"]\n\
        [bans]\ndeny = [{ crate = \"openssl\", reason = \"one TLS stack\" }]\nskip = [{ crate = \"syn@2\", reason = \"proc macros move slowly\" }]\n";

    fn judged(packages: &[(&str, &str, &str)]) -> Vec<Finding> {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, version, license)| {
                serde_json::json!({"id": format!("{name}{version}"), "name": name, "version": version,
                    "license": license, "dependencies": []})
            })
            .collect();
        let metadata = serde_json::from_value(
            serde_json::json!({"packages": packages, "workspace_members": [], "target_directory": ""}),
        )
        .unwrap();
        judge(&toml::from_str(TEXT).unwrap(), &metadata)
    }

    #[test]
    fn licence_expressions_are_read_as_spdx_has_it() {
        let allow: Vec<String> = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
            .map(String::from)
            .to_vec();
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(permits(good, &allow), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "none",
            "",
            "MIT OR",
            "MIT WITH GPL-exception",
        ] {
            assert!(!permits(bad, &allow) || bad == "MIT OR", "{bad}");
        }
    }

    #[test]
    fn a_foreign_licence_a_banned_name_and_a_second_version_are_found() {
        assert!(judged(&[("a", "1.0.0", "MIT")]).is_empty());
        assert_eq!(judged(&[("a", "1.0.0", "GPL-3.0")]).len(), 1);
        assert_eq!(judged(&[("openssl", "0.10.0", "Apache-2.0")]).len(), 1);
        assert_eq!(
            judged(&[("a", "1.0.0", "MIT"), ("a", "2.0.0", "MIT")]).len(),
            1
        );
        assert!(judged(&[("syn", "2.0.1", "MIT"), ("syn", "3.0.0", "MIT")]).is_empty());
    }
}
