//! `portunus log-level` and `portunus reload`.

use super::plane::Plane;
use crate::args::process::{LogLevelArgs, ReloadArgs};
use crate::failure::Failure;
use portunus_api::process::{LogLevel, Reload, Reloaded, SettingChange};

/// Shows or changes what the plane logs.
pub(super) async fn log_level(args: LogLevelArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let Some(filter) = args.filter else {
        let answer = plane.get("/log-level", &[]).await?;
        return plane.show(&answer, |level: LogLevel| format!("{}\n", level.filter));
    };
    let answer = plane.put("/log-level", &LogLevel { filter }).await?;
    plane.show(&answer, |level: LogLevel| {
        let filter = level.filter;
        format!("The log level is {filter} until the next reload or restart.\n")
    })
}

/// Has the plane read its configuration again.
pub(super) async fn reload(args: ReloadArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let answer = plane.post("/reload", &Reload {}).await?;
    plane.show(&answer, |reloaded: Reloaded| in_words(&reloaded))
}

fn in_words(reloaded: &Reloaded) -> String {
    let lines = |heading: &str, changes: &[SettingChange]| {
        let lines: String = changes
            .iter()
            .map(|change| format!("  {}: {} -> {}\n", change.name, change.from, change.to))
            .collect();
        match changes {
            [] => String::new(),
            _ => format!("{heading}\n{lines}"),
        }
    };
    let now = lines("Changed:", &reloaded.changed);
    let later = lines("Needs a restart to change:", &reloaded.needs_restart);
    if now.is_empty() && later.is_empty() {
        return "Nothing differs from what runs.\n".to_owned();
    }
    now + &later
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_now_is_told_from_what_waits_for_a_restart() {
        let change = |name: &str, from: &str, to: &str| SettingChange {
            name: name.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let reloaded = Reloaded {
            changed: vec![change("log.level", "info", "debug")],
            needs_restart: vec![change("door.workers", "2", "4")],
        };
        insta::assert_snapshot!(in_words(&reloaded), @"
        Changed:
          log.level: info -> debug
        Needs a restart to change:
          door.workers: 2 -> 4
        ");
        let nothing = Reloaded {
            changed: Vec::new(),
            needs_restart: Vec::new(),
        };
        assert_eq!(in_words(&nothing), "Nothing differs from what runs.\n");
    }
}
