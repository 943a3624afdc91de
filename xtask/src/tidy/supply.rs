//! What we build on, by licence, by name and by number of versions, as deny.toml allows it.
//!
//! The same file serves cargo-deny, where it is installed; this rule needs nothing but cargo.

use super::Finding;
use crate::process;
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
        let built = built(root, target)?;
        for finding in judge(&policy, &built) {
            findings.insert(finding.message.clone(), finding);
        }
    }
    Ok(findings.into_values().collect())
}

/// A package from outside the workspace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// What a platform really builds, tests included: cargo's tree knows which features are off.
fn built(root: &Path, target: &str) -> Result<BTreeSet<Package>> {
    let arguments = [
        "tree",
        "--color",
        "never",
        "--workspace",
        "--locked",
        "--edges",
        "normal,build,dev",
    ];
    let mut command = process::cargo(&arguments);
    command.args([
        "--target", target, "--prefix", "none", "--format", "{p}|{l}",
    ]);
    let text = process::read(command.current_dir(root))?;
    Ok(text.lines().filter_map(package).collect())
}

/// Reads `name v1.2.3 (proc-macro)|MIT (*)`; a package with a path is our own.
fn package(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    if words.any(|word| word.starts_with("(/")) {
        return None;
    }
    Some(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.trim_end_matches("(*)").trim().to_owned(),
    })
}

fn judge(policy: &Policy, built: &BTreeSet<Package>) -> Vec<Finding> {
    let licences = built.iter().filter_map(|p| licence(policy, p));
    let banned = built.iter().filter_map(|p| banned(policy, p));
    licences
        .chain(banned)
        .chain(duplicates(policy, built))
        .collect()
}

fn licence(policy: &Policy, package: &Package) -> Option<Finding> {
    (!permits(&package.licence, &policy.licenses.allow)).then(|| {
        let message = format!(
            "{} {} is under `{}`, which is not allowed here. Take another package, \
             or add the licence to [licenses] allow once it is read and fits Apache-2.0",
            package.name, package.version, package.licence
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
fn duplicates(policy: &Policy, built: &BTreeSet<Package>) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in built {
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

    fn judged(lines: &[&str]) -> Vec<Finding> {
        let built = lines.iter().filter_map(|line| package(line)).collect();
        judge(&toml::from_str(TEXT).unwrap(), &built)
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
            assert!(!permits(bad, &allow), "{bad}");
        }
    }

    #[test]
    fn a_foreign_licence_a_banned_name_and_a_second_version_are_found() {
        assert!(judged(&["a v1.0.0|MIT", "a v1.0.0|MIT (*)"]).is_empty());
        assert_eq!(judged(&["a v1.0.0|GPL-3.0"]).len(), 1);
        assert_eq!(judged(&["a v1.0.0|"]).len(), 1);
        assert_eq!(judged(&["openssl v0.10.0|Apache-2.0"]).len(), 1);
        assert_eq!(
            judged(&["a v1.0.0|MIT", "a v2.0.0 (proc-macro)|MIT"]).len(),
            1
        );
        assert!(judged(&["syn v2.0.1|MIT", "syn v3.0.0|MIT"]).is_empty());
        assert!(judged(&["portunus v0.1.0 (/anywhere/crates/cli)|GPL-3.0"]).is_empty());
    }
}
