//! What `cargo metadata` says of the workspace: its packages and what they ask for.

use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// The workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) target_directory: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Metadata {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut command =
            process::cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]);
        let text = process::read(command.current_dir(root))?;
        serde_json::from_str(&text).context("cargo metadata wrote something else than expected")
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|p| self.workspace_members.contains(&p.id))
    }
}
