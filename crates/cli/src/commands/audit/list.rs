//! `portunus audit list`.

use crate::args::duration::Span;
use crate::client::Wanted;
use crate::commands::Plane;
use crate::commands::plane::typed;
use crate::failure::Failure;
use crate::output::{self, Table, moment};
use portunus_api::List;
use portunus_api::audit::AuditRecord;
use std::cell::Cell;
use std::collections::BTreeSet;

/// How many records are looked at for the actions that there are.
const LOOKED_AT: u32 = 1_000;

/// Lists events.
pub(super) async fn run(
    plane: &Plane,
    action: Option<String>,
    subject: Option<String>,
    limit: u32,
    cursor: Option<String>,
) -> Result<(), Failure> {
    let asked: Vec<String> = [("begins with", &action), ("is about", &subject)]
        .into_iter()
        .filter_map(|(how, word)| Some(format!("{how} \"{}\"", word.as_ref()?)))
        .collect();
    let query: Vec<_> = action
        .map(|action| ("action", action))
        .into_iter()
        .chain(subject.map(|subject| ("subject", subject)))
        .collect();
    let wanted = Wanted {
        limit: Some(limit),
        cursor,
    };
    let is_empty = Cell::new(false);
    let shown = |records: &[AuditRecord]| {
        is_empty.set(records.is_empty());
        words(records, &asked)
    };
    plane.show_list("/audit", &query, &wanted, shown).await?;
    let is_of_action = query.iter().any(|(name, _)| *name == "action");
    if is_empty.get() && is_of_action && plane.is_for_people() {
        output::print(&kinds(plane).await?)?;
    }
    Ok(())
}

/// What there is to choose from: how the actions of the latest records begin.
async fn kinds(plane: &Plane) -> Result<String, Failure> {
    let latest = Wanted {
        limit: Some(LOOKED_AT),
        cursor: None,
    };
    let records: List<AuditRecord> = typed(plane.list("/audit", &[], &latest).await?)?;
    let kinds = records.items.iter();
    let kinds = kinds.filter_map(|record| Some(format!("{}.", record.action.split_once('.')?.0)));
    let kinds: BTreeSet<String> = kinds.collect();
    if kinds.is_empty() {
        return Ok(String::new());
    }
    let kinds: Vec<String> = kinds.into_iter().collect();
    Ok(format!(
        "Of late, actions began with: {}\n",
        kinds.join(", ")
    ))
}

fn words(records: &[AuditRecord], asked: &[String]) -> String {
    if records.is_empty() {
        return match asked {
            [] => "Nothing has happened.\n".to_owned(),
            asked => format!("Nothing is on record that {}.\n", asked.join(" and ")),
        };
    }
    let mut table = Table::new(&["SEQ", "WHEN", "WHO", "WHAT", "TO", "DETAILS"])
        .wrapping("DETAILS")
        .giving_way(&["DETAILS", "SEQ", "WHO"]);
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
