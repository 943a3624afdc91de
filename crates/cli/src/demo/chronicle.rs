//! Reads the plane's own record while it grows, and tells it in words.

use super::operator::Operator;
use super::voice::{Mood, Voice};
use super::wire::is_away;
use portunus_api::audit::AuditRecord;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the record is read; it is itself written behind by at most 100 ms.
const PACE: Duration = Duration::from_millis(150);

/// What the record told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Attempts that were replaced by another.
    pub(super) replaced: u64,
    /// Times that a whole pool rested while somebody waited.
    pub(super) pools_waited: u64,
    last_seq: u64,
}

/// Tells what the record gains until `ended`, and then once more.
pub(super) async fn tell(operator: Operator, voice: Voice, ended: CancellationToken) -> Told {
    let mut told = Told::default();
    loop {
        let last_time = ended.is_cancelled();
        match operator.record().await {
            Ok(page) => {
                for record in page.items.iter().rev().filter(|r| r.seq > told.last_seq) {
                    if let Some((mood, who, what)) = words(record) {
                        voice.say(mood, who, &what);
                    }
                    told.replaced += u64::from(record.action == "attempt.replaced");
                    told.pools_waited += u64::from(record.action == "pool.waiting");
                }
                let newest = page.items.first().map_or(0, |record| record.seq);
                told.last_seq = told.last_seq.max(newest);
            }
            Err(error) if is_away(&error) => {}
            Err(error) => voice.say(
                Mood::Bad,
                "record",
                &format!("could not be read: {error:#}"),
            ),
        }
        if last_time {
            return told;
        }
        let _ = tokio::time::timeout(PACE, ended.cancelled()).await;
    }
}

/// One event in words; none for what the demonstration itself did as an operator.
fn words(record: &AuditRecord) -> Option<(Mood, &'static str, String)> {
    let key = key_name(record);
    let subject = &record.subject;
    let (mood, who, what) = match record.action.as_str() {
        "key.limited" => (
            Mood::Trouble,
            "key",
            format!(
                "{key} is limited ({}), rests{}",
                fact(record, "window").unwrap_or("unstated"),
                rest(record)
            ),
        ),
        "key.healed" => (Mood::Good, "key", format!("{key} serves again")),
        "key.quarantined" => (
            Mood::Trouble,
            "key",
            format!("{key} is dead and set aside until a person acts"),
        ),
        "attempt.replaced" => (Mood::Good, "attempt", replaced(record, &key)),
        "pool.waiting" => (
            Mood::Trouble,
            "pool",
            format!("{subject}: every key rests; agents wait for the first reset"),
        ),
        "pool.resumed" => (
            Mood::Good,
            "pool",
            format!("{subject}: those who waited are served"),
        ),
        "pool.exhausted" => (
            Mood::Bad,
            "pool",
            format!("{subject}: somebody left without a key"),
        ),
        "token.rotated" => (
            Mood::Plain,
            "token",
            format!(
                "{} has a new one; the old one works until it is used",
                named(record)
            ),
        ),
        "agent.offline" => (
            Mood::Trouble,
            "agent",
            format!(
                "{} is offline: nothing heard of it for {}",
                named(record),
                silence(record)
            ),
        ),
        "agent.online" => (Mood::Good, "agent", format!("{} is back", named(record))),
        _ => return None,
    };
    Some((mood, who, what))
}

fn fact<'a>(record: &'a AuditRecord, name: &str) -> Option<&'a str> {
    record.details.get(name).map(String::as_str)
}

/// `pool:label`, or as much of it as the record names, else the subject.
fn key_name(record: &AuditRecord) -> String {
    let label = fact(record, "label").or_else(|| fact(record, "key"));
    match (fact(record, "pool"), label) {
        (Some(pool), Some(label)) => format!("{pool}:{label}"),
        (None, Some(label)) => label.to_owned(),
        _ => record.subject.clone(),
    }
}

fn named(record: &AuditRecord) -> &str {
    fact(record, "name").unwrap_or(&record.subject)
}

/// `1.6 s`.
fn silence(record: &AuditRecord) -> String {
    let ms = fact(record, "silent_ms").and_then(|ms| ms.parse().ok());
    let silent = Duration::from_millis(ms.unwrap_or_default());
    format!("{:.1} s", silent.as_secs_f64())
}

fn replaced(record: &AuditRecord, key: &str) -> String {
    let why = match fact(record, "class") {
        Some("quota") => "met a limit",
        Some("overload") => "met an overload",
        Some("credential_dead") => "met a dead key",
        Some("network") => "was cut off",
        _ => "failed",
    };
    let whose = fact(record, "agent")
        .map_or_else(|| "a call".to_owned(), |agent| format!("{agent}'s call"));
    format!("{whose} {why} on {key}: replaced")
}

/// ` 2.7 s`, when the record says until when.
fn rest(record: &AuditRecord) -> String {
    let until: Option<i64> = fact(record, "until_ms").and_then(|ms| ms.parse().ok());
    let at = record.at.parse::<jiff::Timestamp>().ok();
    match (until, at) {
        (Some(until), Some(at)) => {
            let ms = u64::try_from(until.saturating_sub(at.as_millisecond())).unwrap_or(0);
            format!(" {:.1} s", Duration::from_millis(ms).as_secs_f64())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_with_the_key_and_the_time() {
        let details = [
            ("pool", "anthropic"),
            ("label", "amber"),
            ("window", "requests"),
        ];
        let mut record = AuditRecord {
            seq: 1,
            at: "1970-01-01T00:00:01Z".to_owned(),
            actor: None,
            action: "key.limited".to_owned(),
            subject: "key_1".to_owned(),
            details: details.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        };
        record
            .details
            .insert("until_ms".to_owned(), "3500".to_owned());
        let (_, _, what) = words(&record).unwrap();
        assert_eq!(what, "anthropic:amber is limited (requests), rests 2.5 s");
        record.action = "agent.created".to_owned();
        assert!(words(&record).is_none());
    }
}
