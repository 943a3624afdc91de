//! A process that a benchmark started, ended when it is dropped.

use super::proc;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process is looked at to see whether it works, and how often at most.
const LOOK: Duration = Duration::from_millis(300);
const MOST_LOOKS: usize = 400;

/// How long an ended process may take to go.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Child {
    name: String,
    process: Process,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts it with its output piped, and its input too.
    pub(super) fn start(name: &str, command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = process.stdout.take().map(BufReader::new);
        Ok(Self {
            name: name.to_owned(),
            process,
            stdout,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Fails when it has ended.
    pub(super) fn must_run(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            Some(status) => bail!("{} ended with {status}", self.name),
            None => Ok(()),
        }
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_line(&mut line)?;
        }
        if line.is_empty() {
            bail!("{} ended without a word", self.name);
        }
        Ok(line.trim_end().to_owned())
    }

    /// Gives it a line to read.
    pub(super) fn tell(&mut self, line: &str) -> Result<()> {
        let stdin = self.process.stdin.as_mut();
        let stdin = stdin.with_context(|| format!("{} reads nothing", self.name))?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Resident memory, in KiB.
    pub(super) fn resident_kib(&self) -> Result<u64> {
        proc::resident_kib(self.pid())
    }

    /// Ends its input and waits for its end.
    pub(super) fn finish(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }

    /// Its processor time and that of its children.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut sum = proc::cpu(self.pid())?;
        for child in proc::children(self.pid()) {
            sum += proc::cpu(child)?;
        }
        Ok(sum)
    }

    /// Waits until it has nothing to do: less than a twentieth of a processor's time, for a look's length.
    pub(super) fn rest(&self) -> Result<()> {
        for _ in 0..MOST_LOOKS {
            let before = self.cpu()?;
            thread::sleep(LOOK);
            if (self.cpu()? - before) * 20 <= LOOK {
                return Ok(());
            }
        }
        bail!(
            "{} goes on working though nothing is asked of it",
            self.name
        )
    }

    /// Asks it to end and waits until it has.
    pub(super) fn stop(&mut self) {
        let Some(pid) = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        else {
            return;
        };
        if !matches!(self.process.try_wait(), Ok(None)) {
            return;
        }
        // One that has just ended needs no signal.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let asked = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                let _ = self.process.kill();
                let _ = self.process.wait();
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}
