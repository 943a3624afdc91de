//! The one sequence of bytes that a record is hashed as: JSON by the rules of RFC 8785 (JCS), so that `jq -cS` makes it too.
//!
//! ```text
//! {"action":"agent.created","actor":{"id":"opr_...","kind":"operator"},"at":1790000000000,
//!  "details":[["name","mayor"]],"seq":7,"subject":"agt_...","v":1}
//! ```
//!
//! on one line without spaces. `at` is in milliseconds since the Unix epoch, the actor of what the plane did itself is
//! `{"kind":"plane"}`, details keep their order and may repeat a name, and `v` is the version of this form.

use super::tree::Hash;
use super::{Actor, AuditRecord, LoggedRecord};
use crate::agent::Principal;
use crate::time::Timestamp;
use serde::Deserialize;
use std::fmt::Write;

/// The record's canonical form.
#[must_use]
pub fn canonical(record: &AuditRecord) -> String {
    let mut text = Text(String::with_capacity(256));
    text.raw(r#"{"action":"#).string(&record.action);
    text.raw(r#","actor":"#);
    match record.actor {
        Actor::Plane => text.raw(r#"{"kind":"plane"}"#),
        Actor::Principal(Principal::Agent(id)) => text.actor(&id.to_string(), "agent"),
        Actor::Principal(Principal::Operator(id)) => text.actor(&id.to_string(), "operator"),
    };
    text.raw(r#","at":"#).number(record.at.as_millis());
    text.raw(r#","details":["#);
    for (place, (name, value)) in record.details.iter().enumerate() {
        text.raw(if place == 0 { "[" } else { ",[" });
        text.string(name).raw(",").string(value).raw("]");
    }
    text.raw(r#"],"seq":"#).number(record.seq);
    text.raw(r#","subject":"#).string(&record.subject);
    text.raw(r#","v":1}"#);
    text.0
}

/// What [`canonical`] wrote, with nothing beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    action: String,
    actor: WrittenActor,
    at: u64,
    details: Vec<(String, String)>,
    seq: u64,
    subject: String,
    v: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenActor {
    id: Option<String>,
    kind: String,
}

/// Reads a record back; `None` when it is none of this version's, or says more than one does.
#[must_use]
pub fn read(text: &str) -> Option<AuditRecord> {
    let read: Written = serde_json::from_str(text).ok()?;
    let actor = match (read.actor.kind.as_str(), read.actor.id) {
        ("plane", None) => Actor::Plane,
        ("agent", Some(id)) => Actor::Principal(Principal::Agent(id.parse().ok()?)),
        ("operator", Some(id)) => Actor::Principal(Principal::Operator(id.parse().ok()?)),
        _ => return None,
    };
    (read.v == 1).then_some(AuditRecord {
        seq: read.seq,
        at: Timestamp::from_millis(read.at),
        actor,
        action: read.action,
        subject: read.subject,
        details: read.details,
    })
}

/// The record's leaf in the tree.
#[must_use]
pub fn leaf(record: &AuditRecord) -> Hash {
    Hash::of_leaf(canonical(record).as_bytes())
}

impl AuditRecord {
    /// The record as it enters the log.
    #[must_use]
    pub fn logged(self) -> LoggedRecord {
        let leaf = leaf(&self);
        LoggedRecord { record: self, leaf }
    }
}

struct Text(String);

impl Text {
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    fn actor(&mut self, id: &str, kind: &str) -> &mut Self {
        self.raw(r#"{"id":"#).string(id);
        self.raw(r#","kind":"#).string(kind).raw("}")
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// A string as RFC 8785 §3.2.2.2 writes it.
    fn string(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\u{8}' => self.0.push_str("\\b"),
                '\t' => self.0.push_str("\\t"),
                '\n' => self.0.push_str("\\n"),
                '\u{c}' => self.0.push_str("\\f"),
                '\r' => self.0.push_str("\\r"),
                control if control < ' ' => {
                    // Writing into a string cannot fail.
                    let _ = write!(self.0, "\\u{:04x}", u32::from(control));
                }
                plain => self.0.push(plain),
            }
        }
        self.0.push('"');
        self
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::OperatorId;
    use proptest::prelude::*;

    pub(in crate::audit) fn record(seq: u64) -> AuditRecord {
        AuditRecord {
            seq,
            at: Timestamp::from_millis(1_790_000_000_000 + seq),
            actor: Actor::Principal(Principal::Operator(OperatorId::from_bytes([7; 16]))),
            action: "agent.created".to_owned(),
            subject: "agt_x".to_owned(),
            details: vec![
                ("name".to_owned(), "mayor \"of\" Köln\n".to_owned()),
                ("name".to_owned(), "\u{1}\u{7f}/".to_owned()),
            ],
        }
    }

    #[test]
    fn p12_what_says_more_than_a_record_is_none() {
        let text = canonical(&record(3));
        assert_eq!(read(&text), Some(record(3)));
        for bent in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace("\"v\":1", "\"v\":1,\"note\":\"x\""),
            text.replace("\"kind\":\"operator\"", "\"kind\":\"plane\""),
            text.replace("\"kind\":\"operator\"", "\"kind\":\"agent\""),
            text.replace("\"seq\":3,", ""),
        ] {
            assert_eq!(read(&bent), None, "{bent}");
        }
    }

    #[test]
    fn p12_the_form_is_the_documented_one() {
        let operator = OperatorId::from_bytes([7; 16]);
        let expected = format!(
            r#"{{"action":"agent.created","actor":{{"id":"{operator}","kind":"operator"}},"at":1790000000007,"details":[["name","mayor \"of\" Köln\n"],["name","\u0001{}/"]],"seq":7,"subject":"agt_x","v":1}}"#,
            '\u{7f}'
        );
        assert_eq!(canonical(&record(7)), expected);
        let by_plane = AuditRecord {
            actor: Actor::Plane,
            details: Vec::new(),
            ..record(1)
        };
        assert_eq!(
            canonical(&by_plane),
            r#"{"action":"agent.created","actor":{"kind":"plane"},"at":1790000000001,"details":[],"seq":1,"subject":"agt_x","v":1}"#
        );
    }

    proptest! {
        #[test]
        fn p12_it_is_json_with_sorted_names_and_reads_back(
            action in ".*", subject in any::<String>(), details in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
        ) {
            let record = AuditRecord { action, subject, details, ..record(3) };
            let text = canonical(&record);
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read["action"].as_str(), Some(record.action.as_str()));
            prop_assert_eq!(read["details"].clone(), serde_json::to_value(&record.details).unwrap());
            // The names of a `Value` are sorted.
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), &text[..]);
            prop_assert_eq!(super::read(&text), Some(record));
        }

        #[test]
        fn p12_no_text_is_too_strange_to_be_a_record(text in any::<String>(), at in 0_usize..300, with in any::<char>()) {
            prop_assert_eq!(super::read(&text), None);
            let mut bent: Vec<char> = canonical(&record(3)).chars().collect();
            let at = at % bent.len();
            bent[at] = with;
            let _ = super::read(&bent.into_iter().collect::<String>());
        }

        #[test]
        fn p12_whatever_is_changed_changes_the_leaf(seq in 1_u64..9, at in 0_u64..9, text in "[a-z\",]{1,3}") {
            let one = record(1);
            let other = AuditRecord {
                seq,
                at: Timestamp::from_millis(at),
                subject: text,
                ..record(1)
            };
            prop_assert!(leaf(&one) != leaf(&other));
        }
    }
}
