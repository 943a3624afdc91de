//! The copy in which the code is broken; the repository itself is never touched.

use crate::tree::Tree;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A second tree of the same files. Files that did not change keep their time, so that cargo
/// rebuilds only what a mutation touches.
#[derive(Debug)]
pub(super) struct Copy {
    root: PathBuf,
}

impl Copy {
    pub(super) fn of(tree: &Tree, root: PathBuf) -> Result<Self> {
        let copy = Self { root };
        let names: BTreeSet<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
        if copy.root.exists() {
            for stale in Tree::read(&copy.root)?
                .files
                .iter()
                .filter(|f| !names.contains(f.path.as_str()))
            {
                std::fs::remove_file(copy.root.join(&stale.path))?;
            }
        }
        for file in &tree.files {
            copy.write(&file.path, &file.text)?;
        }
        Ok(copy)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path))
            .with_context(|| format!("cannot read the copy of {path}"))
    }

    pub(super) fn write(&self, path: &str, text: &str) -> Result<()> {
        let target = self.root.join(path);
        if std::fs::read_to_string(&target).is_ok_and(|old| old == text) {
            return Ok(());
        }
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, text).with_context(|| format!("cannot write the copy of {path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_follows_its_original() {
        let root = std::env::temp_dir().join(format!("portunus-copy-{}", std::process::id()));
        let first = Copy::of(
            &Tree::of(&[("a/b.rs", "one"), ("c.rs", "two")]),
            root.clone(),
        )
        .unwrap();
        assert_eq!(first.read("a/b.rs").unwrap(), "one");
        let second = Copy::of(&Tree::of(&[("a/b.rs", "three")]), root.clone()).unwrap();
        assert_eq!(second.read("a/b.rs").unwrap(), "three");
        assert!(second.read("c.rs").is_err());
        std::fs::remove_dir_all(root).unwrap();
    }
}
