//! `portunus audit`.

use super::plane::Plane;
use crate::args::audit::{AuditArgs, AuditVerb};
use crate::client::Wanted;
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::audit::AuditRecord;

/// Runs one verb.
pub(super) async fn run(args: AuditArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let AuditVerb::List {
        action,
        subject,
        limit,
        cursor,
    } = args.verb;
    let query: Vec<_> = action
        .map(|action| ("action", action))
        .into_iter()
        .chain(subject.map(|subject| ("subject", subject)))
        .collect();
    let wanted = Wanted {
        limit: Some(limit),
        cursor,
    };
    plane
        .show_list("/audit", &query, &wanted, |records: &[AuditRecord]| {
            words(records)
        })
        .await
}

fn words(records: &[AuditRecord]) -> String {
    if records.is_empty() {
        return "Nothing of the kind has happened.\n".to_owned();
    }
    let mut table = Table::new(&["SEQ", "WHEN", "WHO", "WHAT", "TO", "DETAILS"]);
    for record in records {
        let who = record.actor.as_ref().map_or("the plane", |actor| {
            actor.name.as_deref().unwrap_or(&actor.id)
        });
        let details: Vec<String> = record
            .details
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        table.plain_row([
            record.seq.to_string().as_str(),
            &moment::stamp(&record.at),
            who,
            &record.action,
            &record.subject,
            &details.join(" "),
        ]);
    }
    table.render()
}
