//! `cargo xtask clients`: installs the unmodified SDKs and programs that hold conversations with the
//! real binary, each set in a folder of its own under `.clients/`.
//!
//! A set is a file beside `crates/cli/tests/clients/README.md`: `NAME.txt` for pip, `NAME.json` for npm;
//! `NAME.lock.txt` and `NAME.lock.json` pin what those bring in. A set whose files have not changed
//! since it was installed is left alone.

use crate::{process, tree};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFESTS: &str = "crates/cli/tests/clients";
const INSTALLED: &str = ".clients";
/// Written last into a set, so that an interrupted installation is done again.
const STAMP: &str = ".installed";

pub(crate) fn run() -> Result<()> {
    let root = tree::root();
    let sets = sets(&root.join(MANIFESTS))?;
    if sets.is_empty() {
        bail!("{MANIFESTS} names no clients");
    }
    for set in sets {
        let folder = root.join(INSTALLED).join(&set.name);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == set.wanted()) {
            println!("{} is installed", set.name);
            continue;
        }
        set.install(&folder)
            .with_context(|| format!("cannot install the clients `{}`", set.name))?;
        fs::write(folder.join(STAMP), set.wanted())?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installer {
    Pip,
    Npm,
}

/// One set of clients: what it asks for, and what that was resolved to.
#[derive(Debug)]
struct Set {
    name: String,
    installer: Installer,
    manifest: String,
    lock: Option<String>,
}

fn sets(folder: &Path) -> Result<Vec<Set>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    paths
        .iter()
        .filter_map(|path| set(path).transpose())
        .collect()
}

fn set(path: &Path) -> Result<Option<Set>> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let (name, installer, lock) = match file.split_once('.') {
        Some((name, "txt")) => (name, Installer::Pip, "lock.txt"),
        Some((name, "json")) => (name, Installer::Npm, "lock.json"),
        _ => return Ok(None),
    };
    Ok(Some(Set {
        name: name.to_owned(),
        installer,
        manifest: fs::read_to_string(path)?,
        lock: fs::read_to_string(path.with_file_name(format!("{name}.{lock}"))).ok(),
    }))
}

impl Set {
    /// What the stamp of an up-to-date installation says.
    fn wanted(&self) -> String {
        format!(
            "{}\n{}",
            self.manifest,
            self.lock.as_deref().unwrap_or_default()
        )
    }

    fn install(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        match self.installer {
            Installer::Pip => self.pip(folder),
            Installer::Npm => self.npm(folder),
        }
    }

    fn pip(&self, folder: &Path) -> Result<()> {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let asked = folder.join("requirements.txt");
        fs::write(&asked, &self.manifest)?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(&asked);
        if let Some(lock) = &self.lock {
            let locked = folder.join("constraints.txt");
            fs::write(&locked, lock)?;
            pip.arg("--constraint").arg(locked);
        }
        process::run(&mut pip)
    }

    fn npm(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("package.json"), &self.manifest)?;
        let verb = match &self.lock {
            Some(lock) => {
                fs::write(folder.join("package-lock.json"), lock)?;
                "ci"
            }
            None => "install",
        };
        process::run(
            Command::new("npm")
                .args([verb, "--no-audit", "--no-fund", "--loglevel=error"])
                .current_dir(folder),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_told_from_locks_and_from_prose() {
        let folder = std::env::temp_dir().join(format!("portunus-clients-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("a.txt", "sdk==1"),
            ("a.lock.txt", "dep==2"),
            ("b.json", "{}"),
            ("README.md", ""),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let found = sets(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|s| (s.name.as_str(), s.installer))
            .collect();
        assert_eq!(names, [("a", Installer::Pip), ("b", Installer::Npm)]);
        assert_eq!(found[0].wanted(), "sdk==1\ndep==2");
    }
}
