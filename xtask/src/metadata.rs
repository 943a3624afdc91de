//! What `cargo metadata` says of the workspace and of everything that it builds on.

use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// The whole graph, workspace members first by id.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) target_directory: String,
    #[serde(default)]
    pub(crate) resolve: Option<Resolve>,
}

/// The packages that one platform really builds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Metadata {
    /// Asks cargo; `platform` restricts the graph to what that target builds.
    pub(crate) fn read(root: &Path, platform: Option<&str>) -> Result<Self> {
        let mut command = process::cargo(&["metadata", "--format-version", "1", "--locked"]);
        if let Some(platform) = platform {
            command.args(["--filter-platform", platform]);
        }
        let text = process::read(command.current_dir(root))?;
        serde_json::from_str(&text).context("cargo metadata wrote something else than expected")
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|p| self.workspace_members.contains(&p.id))
    }

    /// Packages from outside the workspace that are really built.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = &Package> {
        let nodes = self.resolve.as_ref().map(|resolve| &resolve.nodes);
        self.packages
            .iter()
            .filter(|p| !self.workspace_members.contains(&p.id))
            .filter(move |p| nodes.is_none_or(|nodes| nodes.iter().any(|node| node.id == p.id)))
    }
}
