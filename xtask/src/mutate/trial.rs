//! One mutation's trial: the named tests pass on the whole code and fail on the broken one.

use super::copy::Copy;
use super::list::Mutation;
use crate::metadata::Metadata;
use crate::process;
use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long tests may run on the whole code. On broken code they get four times what they needed then, and
/// at least `HASTE`: a mutation that makes them hang is noticed, too.
const PATIENCE: Duration = Duration::from_secs(600);
const HASTE: Duration = Duration::from_secs(20);

/// What became of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The tests failed, as they should.
    Caught,
    /// The tests did not end; a person would notice.
    Hung,
    /// The tests passed on broken code.
    Missed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Caught => "caught",
            Self::Hung => "hung",
            Self::Missed => "MISSED",
        })
    }
}

/// The copy, its build folder, and how long the tests took that were seen to pass on the whole code.
pub(super) struct Bench {
    copy: Copy,
    target: PathBuf,
    sound: BTreeMap<(String, String, String), Duration>,
}

impl Bench {
    pub(super) fn set_up(root: &Path) -> Result<Self> {
        let folder = Path::new(&Metadata::read(root)?.target_directory).join("mutate");
        let copy = Copy::of(&Tree::read(root)?, folder.join("tree"))?;
        Ok(Self {
            copy,
            target: folder.join("build"),
            sound: BTreeMap::new(),
        })
    }

    pub(super) fn attempt(&mut self, mutation: &Mutation) -> Result<Verdict> {
        let needed = self.see_it_pass(mutation)?;
        let whole = self.copy.read(&mutation.file)?;
        self.copy.write(
            &mutation.file,
            &whole.replacen(&mutation.snippet, &mutation.replacement, 1),
        )?;
        let verdict = self.broken(mutation, HASTE.max(needed * 4));
        self.copy.write(&mutation.file, &whole)?;
        verdict.with_context(|| format!("mutation `{}` of {}", mutation.name, mutation.promise))
    }

    /// On the whole code the tests must exist and pass, else their failure would say nothing.
    fn see_it_pass(&mut self, mutation: &Mutation) -> Result<Duration> {
        let key = (
            mutation.package.clone(),
            mutation.target.clone(),
            mutation.tests.clone(),
        );
        if let Some(needed) = self.sound.get(&key) {
            return Ok(*needed);
        }
        self.build(mutation)?;
        let start = Instant::now();
        let (ended, output) = self.test(mutation, PATIENCE)?;
        if ended != Ended::Passed {
            bail!(
                "the tests `{}` of {} do not pass on the whole code:\n{output}",
                mutation.tests,
                mutation.package
            );
        }
        if tests_run(&output) == 0 {
            bail!(
                "no test of {} ({}) is named `{}`",
                mutation.package,
                mutation.target,
                mutation.tests
            );
        }
        self.sound.insert(key, start.elapsed());
        Ok(start.elapsed())
    }

    fn broken(&self, mutation: &Mutation, patience: Duration) -> Result<Verdict> {
        self.build(mutation)
            .context("the broken code does not even compile; that shows nothing about its tests")?;
        Ok(match self.test(mutation, patience)?.0 {
            Ended::Passed => Verdict::Missed,
            Ended::Failed => Verdict::Caught,
            Ended::Never => Verdict::Hung,
        })
    }

    fn command(&self, mutation: &Mutation) -> Command {
        let mut command = process::cargo(&["test", "--quiet", "--package", &mutation.package]);
        match mutation.target.as_str() {
            "lib" => command.arg("--lib"),
            "bins" => command.arg("--bins"),
            name => command.args(["--test", name]),
        };
        command
            .current_dir(self.copy.root())
            .env("CARGO_TARGET_DIR", &self.target)
            // Warnings that somebody made errors judge code for people; a broken copy is for nobody.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null());
        command
    }

    fn build(&self, mutation: &Mutation) -> Result<()> {
        let output = self.command(mutation).arg("--no-run").output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Runs the named tests in a process group of their own, so that a hanging one ends with its children.
    fn test(&self, mutation: &Mutation, patience: Duration) -> Result<(Ended, String)> {
        use std::os::unix::process::CommandExt;
        let log = self.target.join("tests.log");
        let file = std::fs::File::create(&log)?;
        let mut child = self
            .command(mutation)
            .args(["--", &mutation.tests])
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()?;
        let start = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait()? {
                break if status.success() {
                    Ended::Passed
                } else {
                    Ended::Failed
                };
            }
            if start.elapsed() > patience {
                Command::new("kill")
                    .args(["-KILL", "--", &format!("-{}", child.id())])
                    .status()?;
                child.wait()?;
                break Ended::Never;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        Ok((
            ended,
            String::from_utf8_lossy(&std::fs::read(&log)?).into_owned(),
        ))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
    Never,
}

/// How many tests libtest says it ran, over all binaries.
fn tests_run(output: &str) -> usize {
    output
        .lines()
        .filter_map(|line| {
            line.strip_prefix("running ")?
                .split(' ')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_that_ran_are_counted() {
        assert_eq!(tests_run("\nrunning 2 tests\n..\nrunning 1 test\n."), 3);
        assert_eq!(tests_run("running 0 tests\n"), 0);
    }

    /// A whole trial on a package of three lines: one test that looks, and one that looks away.
    #[test]
    fn a_mutation_is_caught_by_a_test_that_looks_and_missed_by_one_that_does_not() {
        let folder = std::env::temp_dir().join(format!("portunus-trial-{}", std::process::id()));
        let tree = Tree::of(&[
            (
                "Cargo.toml",
                "[package]\nname = \"door\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
            ),
            (
                "src/lib.rs",
                "pub fn open(key: u8) -> bool { key == 7 }\n\
                 #[test] fn looks() { assert!(open(7) && !open(8)); }\n\
                 #[test] fn glances() { assert!(open(7)); }\n",
            ),
        ]);
        let copy = Copy::of(&tree, folder.join("tree")).unwrap();
        let mut bench = Bench {
            copy,
            target: folder.join("build"),
            sound: BTreeMap::new(),
        };
        let mutation = |tests: &str, replacement: &str| Mutation {
            promise: "P6".into(),
            name: "opens to everybody".into(),
            file: "src/lib.rs".into(),
            snippet: "key == 7".into(),
            replacement: replacement.into(),
            package: "door".into(),
            tests: tests.into(),
            target: "lib".into(),
        };
        assert_eq!(
            bench.attempt(&mutation("looks", "true")).unwrap(),
            Verdict::Caught
        );
        assert_eq!(
            bench.attempt(&mutation("glances", "true")).unwrap(),
            Verdict::Missed
        );
        assert!(
            bench.attempt(&mutation("nobody", "true")).is_err(),
            "a filter without tests shows nothing"
        );
        assert!(
            bench.attempt(&mutation("looks", "(")).is_err(),
            "code that does not compile shows nothing"
        );
        assert!(
            bench.copy.read("src/lib.rs").unwrap().contains("key == 7"),
            "the copy is whole again"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
