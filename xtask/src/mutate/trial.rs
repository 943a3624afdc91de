//! One mutation's trial: the named tests pass on the whole code and fail on the broken one.

use super::copy::Copy;
use super::list::Mutation;
use super::output;
use crate::metadata::Metadata;
use crate::process;
use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long tests may run on the whole code. On broken code they get eight times what they needed then, and at least
/// `HASTE`, since a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(600);
const HASTE: Duration = Duration::from_secs(90);

/// How long tests may go on after one of them failed: long enough that most end by themselves and clean up.
const FAREWELL: Duration = Duration::from_secs(3);

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A test failed, as it should; its name, if the tests could say it.
    Caught(String),
    /// No test failed, and these did not end. Nobody is told what broke.
    Hung(Vec<String>),
    /// The tests passed on broken code.
    Missed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Caught(_) => "caught",
            Self::Hung(_) => "HUNG",
            Self::Missed => "MISSED",
        })
    }
}

/// The tests of one mutation: package, target and a part of their names.
type Exam = (String, String, String);

/// The copy, its build folder, and how long the tests took on the whole code, or why they say nothing.
pub(super) struct Bench {
    copy: Copy,
    target: PathBuf,
    sound: BTreeMap<Exam, Result<Duration, String>>,
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
        let verdict = self.broken(mutation, HASTE.max(needed * 8));
        self.copy.write(&mutation.file, &whole)?;
        verdict.with_context(|| format!("mutation `{}` of {}", mutation.name, mutation.promise))
    }

    /// On the whole code the tests must exist and pass, else their failure would say nothing. Asked once for each exam, so
    /// whoever asks for all exams of a package before anything is broken has its whole code built once.
    pub(super) fn see_it_pass(&mut self, mutation: &Mutation) -> Result<Duration> {
        let exam = (
            mutation.package.clone(),
            mutation.target.clone(),
            mutation.tests.clone(),
        );
        if !self.sound.contains_key(&exam) {
            let needed = self.whole(mutation).map_err(|error| format!("{error:#}"));
            self.sound.insert(exam.clone(), needed);
        }
        match self.sound.get(&exam) {
            Some(Ok(needed)) => Ok(*needed),
            Some(Err(error)) => bail!("{error}"),
            None => bail!("its tests were not tried"),
        }
    }

    fn whole(&self, mutation: &Mutation) -> Result<Duration> {
        let Mutation {
            package,
            target,
            tests,
            ..
        } = mutation;
        self.build(mutation)?;
        let start = Instant::now();
        let (ended, output) = self.test(mutation, PATIENCE)?;
        if ended != Ended::Passed {
            bail!("the tests `{tests}` of {package} do not pass on the whole code:\n{output}");
        }
        if output::count(&output) == 0 {
            bail!("no test of {package} ({target}) is named `{tests}`");
        }
        Ok(start.elapsed())
    }

    fn broken(&self, mutation: &Mutation, patience: Duration) -> Result<Verdict> {
        self.build(mutation)
            .context("the broken code does not even compile; that shows nothing about its tests")?;
        let (ended, output) = self.test(mutation, patience)?;
        Ok(match ended {
            Ended::Passed => Verdict::Missed,
            Ended::Failed => {
                Verdict::Caught(output::failed(&output).unwrap_or("the program").to_owned())
            }
            Ended::Never => Verdict::Hung(output::running(&output)),
        })
    }

    fn command(&self, mutation: &Mutation) -> Command {
        let mut command = process::cargo(&["test", "--package", &mutation.package]);
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
            // That a case fails is enough here; the smallest one is for whoever mends code.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .stdin(Stdio::null());
        command
    }

    fn build(&self, mutation: &Mutation) -> Result<()> {
        let output = self
            .command(mutation)
            .args(["--quiet", "--no-run"])
            .output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Runs the named tests until they end, one fails or patience does, in a process group of their own, so that they end
    /// with their children.
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
        let mut until = Instant::now() + patience;
        let mut said = Ended::Never;
        loop {
            let status = child.try_wait()?;
            let output = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
            if let Some(status) = status {
                let ended = if status.success() {
                    Ended::Passed
                } else {
                    Ended::Failed
                };
                return Ok((ended, output));
            }
            if said == Ended::Never && output::failed(&output).is_some() {
                said = Ended::Failed;
                until = Instant::now() + FAREWELL;
            }
            if Instant::now() > until {
                Command::new("kill")
                    .args(["-KILL", "--", &format!("-{}", child.id())])
                    .status()?;
                child.wait()?;
                return Ok((said, output));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

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
                 #[test] fn glances() { assert!(open(7)); }\n\
                 #[test] fn looks_and_waits() { while !open(7) || open(8) { std::thread::yield_now(); } }\n",
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
            Verdict::Caught("looks".into()),
            "another test waits for ever"
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
