//! Reads the plane's own record while it grows, and tells it in words.

use super::operator::Operator;
use super::voice::{Mood, Voice};
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
    let fact = |name: &str| record.details.get(name).map_or("", String::as_str);
    let subject = &record.subject;
    let (mood, who, what) = match record.action.as_str() {
        "key.limited" => (
            Mood::Trouble,
            "key",
            format!(
                "{subject} is limited ({}); it rests{}",
                fact("window"),
                rest(record)
            ),
        ),
        "key.healed" => (Mood::Good, "key", format!("{subject} serves again")),
        "key.quarantined" => (
            Mood::Trouble,
            "key",
            format!("{subject} is dead and set aside until a person acts"),
        ),
        "attempt.replaced" => (
            Mood::Good,
            "attempt",
            format!(
                "on {subject} failed ({}) and was replaced; its client noticed nothing",
                fact("class")
            ),
        ),
        "pool.waiting" => (
            Mood::Trouble,
            "pool",
            format!("{subject}: every key rests, so agents wait for the earliest reset"),
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
        _ => return None,
    };
    Some((mood, who, what))
}

/// ` for 2.7 s`, when the record says until when.
fn rest(record: &AuditRecord) -> String {
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let until = record.details.get("until").and_then(|text| read(text));
    match (until, read(&record.at)) {
        (Some(until), Some(at)) => {
            let ms = until.as_millisecond().saturating_sub(at.as_millisecond());
            format!(
                " for {:.1} s",
                Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
            )
        }
        _ => String::new(),
    }
}
