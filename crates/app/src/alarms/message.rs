//! What a webhook is told of an alarm.

use crate::webhook::Message;
use portunus_core::alarm::Alarm;
use serde::Serialize;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was raised.
    Raised,
    /// Its trouble was over, and is there again.
    Back,
    /// Its trouble ended by itself.
    Over,
}

/// The `data` of the message.
#[derive(Debug, Serialize)]
struct Data<'a> {
    id: String,
    kind: &'static str,
    subject: &'a str,
    says: &'a str,
    count: u64,
    first_at_ms: u64,
    last_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    over_at_ms: Option<u64>,
}

impl Told {
    const fn kind(self) -> &'static str {
        match self {
            Self::Raised | Self::Back => "alarm.raised",
            Self::Over => "alarm.over",
        }
    }

    /// The message, whose id is the same however often it is sent.
    pub(super) fn message(self, alarm: &Alarm) -> Message {
        let at = alarm.over_at.unwrap_or(alarm.last_at);
        let data = Data {
            id: alarm.id.to_string(),
            kind: alarm.kind.as_str(),
            subject: &alarm.subject,
            says: &alarm.says,
            count: alarm.count,
            first_at_ms: alarm.first_at.as_millis(),
            last_at_ms: alarm.last_at.as_millis(),
            over_at_ms: alarm.over_at.map(|at| at.as_millis()),
        };
        let id = match self {
            Self::Raised => format!("{}_raised", alarm.id),
            // It may end and come back more than once.
            Self::Back => format!("{}_raised_{}", alarm.id, at.as_millis()),
            Self::Over => format!("{}_over_{}", alarm.id, at.as_millis()),
        };
        Message::new(id, self.kind(), at, &data)
    }
}
