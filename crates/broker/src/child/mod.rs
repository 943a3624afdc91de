//! The program that the broker stands beside: started without its secrets, told of signals, waited for to its end.
//!
//! `environment` is what it is told, `user` as whom it runs, `signals` what the broker hears, `terminal` whom the terminal
//! tells, `stage` how the two are tied.

pub mod environment;
mod signals;
mod stage;
mod terminal;
pub mod user;

pub use stage::{StageError, become_child};

use environment::Variable;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, waitpid};
use signals::{Ears, Heard};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::sleep;
use user::User;

/// This binary, also after it was replaced on the disk.
const MYSELF: &str = "/proc/self/exe";
/// A job that was stopped as a whole goes on as a whole; its parts notice a moment apart.
const A_MOMENT: Duration = Duration::from_millis(50);
/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: i32 = 128;

/// What is started, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The words with which this binary calls [`become_child`]; the broker's pid and `--` follow, then the command.
    pub stage: Vec<OsString>,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// As whom, if not as the broker.
    pub user: Option<User>,
    /// What it reads.
    pub input: Input,
}

/// Where the child's standard input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The broker's own.
    Inherited,
    /// Nothing is there: the token was read from the broker's own.
    Empty,
}

/// A child that runs.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    ears: Ears,
}

/// Where a child stands.
enum State {
    Runs,
    Stopped,
    Over(u8),
}

impl Child {
    /// Starts it with `environment` alone. Signals that come from then on are its own.
    pub(crate) fn start(launch: &Launch, environment: Vec<Variable>) -> io::Result<Self> {
        let ears = Ears::open()?;
        let mut command = Command::new(MYSELF);
        command
            .args(&launch.stage)
            .arg(getpid().as_raw_pid().to_string())
            .arg("--")
            .args(&launch.command)
            .env_clear()
            .envs(environment);
        if launch.input == Input::Empty {
            command.stdin(Stdio::null());
        }
        if let Some(user) = &launch.user {
            // Further groups of the broker's are dropped with its uid.
            command.gid(user.gid).uid(user.uid);
        }
        let pid = command.spawn()?.id();
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the child has no pid"))?;
        Ok(Self { pid, ears })
    }

    /// Hands signals on until it has ended, and says with which exit code: its own, or 128 and the number of the signal that
    /// ended it.
    pub(crate) async fn ended(mut self) -> io::Result<u8> {
        loop {
            match self.ears.next().await {
                Some(Heard::Signal(signal)) => self.hand_on(signal),
                Some(Heard::Change) => match self.look()? {
                    State::Runs => {}
                    State::Stopped => self.stop_too().await?,
                    State::Over(code) => return Ok(code),
                },
                None => return Err(io::Error::other("no signals can be heard any more")),
            }
        }
    }

    fn hand_on(&self, signal: Signal) {
        if terminal::gave(signal) {
            return;
        }
        if let Err(error) = kill_process(self.pid, signal) {
            tracing::warn!(%error, signal = signal.as_raw(), "cannot hand a signal on");
        }
    }

    /// What became of it last.
    fn look(&self) -> io::Result<State> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut state = State::Runs;
        while let Some((_, status)) = waitpid(Some(self.pid), options)? {
            if status.stopped() {
                state = State::Stopped;
            } else if status.continued() {
                state = State::Runs;
            } else {
                return Ok(State::Over(exit_code(status)));
            }
        }
        Ok(state)
    }

    /// A child that stopped by itself takes its job along, or the shell would wait for a broker that runs on. It goes on when
    /// the job does.
    async fn stop_too(&self) -> io::Result<()> {
        sleep(A_MOMENT).await;
        if terminal::is_ours() && self.is_stopped() {
            terminal::stop_too();
            // A shell continues the whole job; somebody else may have continued the broker alone.
            kill_process(self.pid, Signal::CONT)?;
        }
        Ok(())
    }

    /// Whether it is stopped now, without taking the news away.
    fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // The state is the first word after the name, which is in parentheses and may have any characters (proc(5)).
        let state = stat.ok().and_then(|stat| {
            let (_, after) = stat.rsplit_once(") ")?;
            after.chars().next()
        });
        state == Some('T')
    }
}

fn exit_code(status: WaitStatus) -> u8 {
    let by_signal = status.terminating_signal().map(|signal| BY_SIGNAL + signal);
    let code = status.exit_status().or(by_signal).unwrap_or(1);
    u8::try_from(code & 0xff).unwrap_or(1)
}
