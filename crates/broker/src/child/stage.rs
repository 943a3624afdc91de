//! The moment between fork and exec, as a program of its own: this binary, started once more, ties its life to the broker's
//! and becomes the child. So the child never outlives a broker that was killed, without which nothing would answer it.

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// As shells have it: a program that cannot be found, and one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// Why the child did not come to be.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The program cannot be started.
    #[error("cannot run `{program}`: {cause}")]
    Program {
        /// As it was typed.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The broker is gone already, or this was not started by one.
    #[error("the broker of this program is gone")]
    NoBroker,
    /// The system refuses to tie the two.
    #[error("the program cannot be tied to its broker: {0}")]
    NoTie(io::Error),
}

impl StageError {
    /// What a shell would end with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program { cause, .. } if cause.kind() == io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_RUNNABLE,
        }
    }
}

/// Becomes `command`, and is told to end (SIGTERM) when `broker`, its parent, ends however that happens. Returns only when
/// that cannot be.
#[must_use]
pub fn become_child(broker: i32, command: &[OsString]) -> StageError {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        return StageError::NoTie(error.into());
    }
    // It may have ended before it was tied to; then another process has adopted this one.
    if Pid::as_raw(getppid()) != broker {
        return StageError::NoBroker;
    }
    let (program, arguments) = match command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments),
        None => (OsString::new(), command),
    };
    StageError::Program {
        cause: Command::new(&program).args(arguments).exec(),
        program: program.to_string_lossy().into_owned(),
    }
}
