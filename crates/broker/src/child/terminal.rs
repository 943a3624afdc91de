//! The terminal that broker and child share. They are one job: what is typed there (`^C`, `^\`) and its changes of size reach
//! both by themselves, so the broker hands only on what was sent to it alone.

use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
use std::fs::File;

/// Whether this job is the one that its terminal listens to now.
pub(super) fn is_ours() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else {
        return false;
    };
    tcgetpgrp(&terminal).is_ok_and(|foreground| foreground == getpgrp())
}

/// Whether the terminal gave this signal to the child already.
pub(super) fn gave(signal: Signal) -> bool {
    matches!(signal, Signal::INT | Signal::QUIT | Signal::WINCH) && is_ours()
}

/// Stops this process as its child was stopped, so that whoever waits for it, a shell, takes the terminal back. Returns once
/// the job goes on.
pub(super) fn stop_too() {
    // There is nobody to tell of a failure: the child is stopped either way.
    let _ = kill_process(getpid(), Signal::STOP);
}
