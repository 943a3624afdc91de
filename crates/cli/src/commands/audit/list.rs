//! `portunus audit list`.

use crate::args::duration::Span;
use crate::client::Wanted;
use crate::commands::Plane;
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::audit::AuditRecord;

/// Lists events.
pub(super) async fn run(
    plane: &Plane,
    action: Option<String>,
    subject: Option<String>,
    limit: u32,
    cursor: Option<String>,
) -> Result<(), Failure> {
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
    let mut table =
        Table::new(&["SEQ", "WHEN", "WHO", "WHAT", "TO", "DETAILS"]).wrapping("DETAILS");
    for record in records {
        let who = record.actor.as_ref().map_or("the plane", |actor| {
            actor.name.as_deref().unwrap_or(&actor.id)
        });
        table.plain_row([
            record.seq.to_string().as_str(),
            &moment::stamp(&record.at),
            who,
            &record.action,
            &subject(record),
            &details(record),
        ]);
    }
    table.render()
}

/// How people call what it happened to, where the record knows that: `pool:label` of a key, an agent's name.
fn subject(record: &AuditRecord) -> String {
    let fact = |name: &&str| record.details.get(*name).map(String::as_str);
    let names: Vec<&str> = named_by(record).iter().filter_map(fact).collect();
    if names.is_empty() {
        record.subject.clone()
    } else {
        names.join(":")
    }
}

/// The facts that name what it happened to; none when the subject itself has to do.
fn named_by(record: &AuditRecord) -> &'static [&'static str] {
    let (kind, _) = record.action.split_once('.').unwrap_or_default();
    let names: &[&str] = match kind {
        "key" | "attempt" => &["pool", "label"],
        "agent" | "operator" | "token" => &["name"],
        _ => &[],
    };
    let known = names.iter().all(|name| record.details.contains_key(*name));
    if known { names } else { &[] }
}

/// The facts that the other columns do not show; moments and spans as people read them.
fn details(record: &AuditRecord) -> String {
    let named_by = named_by(record);
    let facts = record.details.iter().filter_map(|(name, value)| {
        let untold = !named_by.contains(&name.as_str());
        untold.then(|| fact(name, value))
    });
    facts.collect::<Vec<_>>().join(" ")
}

fn fact(name: &str, value: &str) -> String {
    let bare = name.strip_suffix("_ms").unwrap_or(name);
    let is_moment = bare == "from" || bare.ends_with("until");
    let in_words = match (bare.len() < name.len(), is_moment) {
        (true, true) => moment::stamp_of_millis(value).map(|stamp| stamp.replace(' ', "T")),
        (true, false) => value.parse().ok().map(|millis| Span { millis }.to_string()),
        (false, _) => None,
    };
    match in_words {
        Some(words) => format!("{bare}={words}"),
        None => format!("{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_called_by_their_names_and_moments_are_read() {
        let details = [
            ("pool", "anthropic"),
            ("label", "a"),
            ("window", "5h"),
            ("from_ms", "1789999999000"),
            ("until_ms", "1790000000000"),
            ("waited_ms", "1500"),
        ];
        let record = AuditRecord {
            seq: 7,
            at: "2026-11-03T10:00:00Z".to_owned(),
            actor: None,
            action: "key.limited".to_owned(),
            subject: "key_x".to_owned(),
            details: details
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        assert_eq!(subject(&record), "anthropic:a");
        assert_eq!(
            super::details(&record),
            "from=2026-09-21T14:13:19Z until=2026-09-21T14:13:20Z waited=1s500ms window=5h"
        );
        let pool = AuditRecord {
            action: "pool.waiting".to_owned(),
            ..record
        };
        assert_eq!(subject(&pool), "key_x");
    }
}
