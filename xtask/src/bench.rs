//! `cargo xtask bench`: builds the release binary and the bench, and runs the bench with the words that follow.
//!
//! What is measured and how is in `bench/`; this only makes sure that both are built from the same tree.

use crate::metadata::Metadata;
use crate::{process, tree};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Builds and runs it.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    build()?;
    let release = Path::new(&Metadata::read(&tree::root())?.target_directory).join("release");
    let program = release.join(format!("portunus-bench{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    process::run(command.arg("run").args(words).current_dir(tree::root()))
}

/// Builds the binary that is shipped, and the bench: in one command, so that both have the same dependencies.
pub(crate) fn build() -> Result<()> {
    let mut build = process::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "portunus",
        "--package",
        "portunus-bench",
    ]);
    process::run(build.current_dir(tree::root()))
}
