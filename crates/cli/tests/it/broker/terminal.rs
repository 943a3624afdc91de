//! On a terminal, in an interactive shell, as a person has it: what is typed reaches the program once, and broker and program are
//! one job.

use super::stage::give;
use crate::plane::{BINARY, Plane, finish, program};
use std::process::Command;

/// A person at a terminal: lines that are typed, and what must be seen before the next one. `^X` is the key with Control.
const PERSON: &str = r#"
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.environ["PS1"] = "READY> "
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen = ""
def see(wanted):
    global seen
    end = time.time() + 60
    while wanted not in seen:
        if time.time() > end:
            sys.exit("no %r in %r" % (wanted, seen))
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace")
    seen = seen.split(wanted, 1)[1]
def type(text):
    os.write(terminal, text.encode())
see("READY> ")
type(os.environ["RUN"] + " sh -c 'trap \"echo in''terrupted\" INT; echo be''gun; until [ \"$a\" = go ]; do read a; done; echo en''ded; exit 4'\n")
see("begun")
type("\x03")
see("interrupted")
type("\x1a")
see("Stopped")
see("READY> ")
type("fg\n")
# The shell shows what it resumes, and reads no more from then on.
see("trap")
type("go\n")
see("ended")
type("echo code=$?\n")
see("code=4")
if "interrupted" in seen:
    sys.exit("the program was interrupted twice")
# A program that stops itself takes the broker along, and the shell gets its terminal back.
type(os.environ["RUN"] + " sh -c 'kill -STOP $$; echo on''ward; exit 3'\n")
see("Stopped")
type("fg\n")
see("onward")
type("echo code=$?\n")
see("code=3")
# A script that goes on reads its terminal.
type("sh -c 'echo sta''rted; " + os.environ["RUN"] + " true; read line; echo got=$line'\n")
see("started")
type("mine\n")
see("got=mine")
"#;

#[test]
fn broker_and_program_are_one_job_of_the_terminal() {
    let runs = |name: &str| Command::new(name).arg("--version").output().is_ok();
    if !runs("python3") || !runs("bash") {
        return;
    }
    let plane = Plane::start();
    let token = plane.path("mayor.token");
    give(&token, &plane.create_agent("mayor"));
    let run = format!(
        "{BINARY} run --agent mayor --url {} --token-file {} --",
        plane.url,
        token.display()
    );
    let mut person = program("python3", &plane.path(""));
    person.args(["-c", PERSON]).env("RUN", run);
    finish(&mut person, "").well();
}
