//! Keeps other processes of the same user out of this one.

use std::io;

/// From now on nobody but root can read this process's memory, environment and open files, or trace it (prctl(2),
/// `PR_SET_DUMPABLE`), and it leaves no core dump. What it runs is not concealed: that ends with exec.
///
/// # Errors
///
/// What the system says.
#[cfg(target_os = "linux")]
pub fn seclude() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
