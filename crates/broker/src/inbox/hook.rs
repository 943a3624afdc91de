//! The command that is run for each message.

use crate::child::environment::Variable;
use crate::child::user::User;
use portunus_client::Message;
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use tokio::task::spawn_blocking;

/// A shell command, in the surroundings of the program.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) command: String,
    pub(crate) environment: Vec<Variable>,
    pub(crate) user: Option<User>,
}

/// How one run of it ended.
#[derive(Debug)]
pub(super) enum Done {
    /// With 0.
    Well,
    /// Otherwise, in words.
    Badly(String),
}

/// Whether this system lets a command be ended with the program: without descriptors of processes nobody could be sure which
/// one is told to.
pub(crate) fn can_be_ended() -> io::Result<()> {
    pidfd_open(getpid(), PidfdFlags::empty())?;
    Ok(())
}

impl Hook {
    /// Runs it with the message on its standard input. It is told to end when this is dropped.
    pub(super) async fn run(&self, message: &Message) -> Done {
        let ended = match serde_json::to_vec(message) {
            Ok(json) => self.read(json, &message.id).await,
            Err(error) => return Done::Badly(error.to_string()),
        };
        match ended {
            Ok(status) if status.success() => Done::Well,
            Ok(status) => Done::Badly(status.to_string()),
            Err(error) => Done::Badly(error.to_string()),
        }
    }

    async fn read(&self, json: Vec<u8>, message: &str) -> io::Result<ExitStatus> {
        // Never an argument: others could see those, and a shell would read them.
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped());
        if let Some(user) = &self.user {
            command.gid(user.gid).uid(user.uid);
        }
        let running = command.spawn()?;
        let leash = Leash::on(running.id(), message);
        let (mut running, _ends_with_us) = held(running, leash)?;
        let ended = spawn_blocking(move || {
            if let Some(mut input) = running.stdin.take() {
                // A command that does not read is none of our business.
                let _ = input.write_all(&json);
            }
            running.wait()
        });
        ended.await.map_err(io::Error::other)?
    }
}

/// A command that nobody could end does not run on.
fn held(mut running: Child, leash: io::Result<Leash>) -> io::Result<(Child, Leash)> {
    match leash {
        Ok(leash) => Ok((running, leash)),
        Err(error) => {
            running.kill()?;
            running.wait()?;
            Err(error)
        }
    }
}

/// Ends a command that nobody waits for any more. It names the process by a descriptor, since a number may mean another one
/// by then.
struct Leash {
    command: OwnedFd,
    message: String,
}

impl Leash {
    fn on(id: u32, message: &str) -> io::Result<Self> {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the command has no pid"))?;
        Ok(Self {
            command: pidfd_open(pid, PidfdFlags::empty())?,
            message: message.to_owned(),
        })
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // Mostly it has ended by itself.
        if pidfd_send_signal(&self.command, Signal::TERM).is_ok() {
            tracing::warn!(
                message = self.message,
                "the command is ended with the program; the message was not acknowledged and comes again"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::test_kill_process;

    #[test]
    fn a_command_that_could_not_be_ended_is_ended_at_once() {
        let running = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = Pid::from_child(&running);
        let refused = io::Error::from(io::ErrorKind::Unsupported);
        let error = held(running, Err(refused)).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        // It was waited for too, so that not even a zombie has its number.
        assert!(test_kill_process(pid).is_err());
    }
}
