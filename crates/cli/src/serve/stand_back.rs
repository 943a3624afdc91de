//! Whatever is not a door stands back: on a busy machine a request is served before its records are written.

use rustix::process::{Pid, getpriority_process, setpriority_process};
use std::fs;

/// How the doors' threads are called, as the kernel tells it.
const DOOR: &str = "door-";

/// How far the others stand back, in steps of `nice(2)`: a third of a door's share when all are busy, and all of an
/// idle machine.
const STEPS: i32 = 5;

/// Lowers every thread of this process that is no door. Threads that these start later are lowered too, because a thread
/// inherits its niceness (sched(7), Linux).
///
/// Where the system does not allow it, everything works as before.
pub(super) fn behind_the_doors() {
    let (Ok(threads), Ok(niceness)) = (fs::read_dir("/proc/self/task"), getpriority_process(None))
    else {
        return;
    };
    for thread in threads.flatten() {
        let name = fs::read_to_string(thread.path().join("comm"));
        let is_door = name.is_ok_and(|name| name.starts_with(DOOR));
        let number = thread.file_name().to_str().and_then(|id| id.parse().ok());
        if let (false, Some(thread)) = (is_door, number.and_then(Pid::from_raw))
            && let Err(error) = setpriority_process(Some(thread), niceness + STEPS)
        {
            tracing::debug!(%error, "a thread keeps its priority");
        }
    }
}
