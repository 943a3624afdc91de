//! `portunus audit`: one verb a file. `evidence` reads what is verified.

mod evidence;
mod export;
mod key;
mod list;
mod verify;

use super::plane::Plane;
use crate::args::audit::{AuditArgs, AuditVerb};
use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};

/// Runs one verb.
pub(super) async fn run(args: AuditArgs) -> Result<(), Failure> {
    let reach = args.reach;
    match args.verb {
        AuditVerb::List {
            action,
            subject,
            limit,
            cursor,
        } => list::run(&Plane::reach(&reach)?, action, subject, limit, cursor).await,
        AuditVerb::Export { to, force, since } => {
            export::run(&Plane::reach(&reach)?, to, force.into(), since).await
        }
        AuditVerb::Key { checkpoint } => key::run(&Plane::reach(&reach)?, checkpoint.into()).await,
        AuditVerb::Verify(wanted) => verify::run(wanted, reach.json).await,
    }
}

/// A bar over so many records.
fn progress(what: &str, records: u64) -> ProgressBar {
    let bar = ProgressBar::new(records);
    let template = format!("{what} {{bar:30}} {{pos}}/{{len}} records, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
