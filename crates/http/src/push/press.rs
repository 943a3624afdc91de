//! Events as JSON. What many connections are told alike is written once; each adds its number and its cursor.

use crate::wire;
use parking_lot::Mutex;
use portunus_api::push::ServerFrame;
use portunus_app::push::{Numbered, Told};
use portunus_core::ids::MessageId;
use portunus_core::message::Delivery;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many texts are kept: those that connections are being told of just now.
const KEPT: usize = 8;

/// What a text says. Whatever of it could differ is in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Message(MessageId, Delivery),
    BoardMessage(MessageId),
}

impl Subject {
    fn of(told: &Told) -> Option<Self> {
        match told {
            Told::Message(message, delivery) => Some(Self::Message(message.id, *delivery)),
            Told::BoardMessage(message) => Some(Self::BoardMessage(message.id)),
            _ => None,
        }
    }
}

/// An event of which the text is there; as [`portunus_api::push::Numbered`] says it.
#[derive(Serialize)]
struct Pressed<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    seq: u64,
    cursor: &'a str,
    event: &'static str,
    data: &'a RawValue,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Press(Mutex<VecDeque<(Subject, Arc<RawValue>)>>);

impl Press {
    /// The frame that tells of an event.
    pub(super) fn frame(&self, event: Numbered) -> serde_json::Result<String> {
        match self.text(&event.told)? {
            Some(data) => pressed(&event, &data, Some("event")),
            None => {
                serde_json::to_string(&ServerFrame::Event(Box::new(wire::push::numbered(event))))
            }
        }
    }

    /// The same without a `type`, for whom the event's name stands elsewhere.
    pub(super) fn event(&self, event: Numbered) -> serde_json::Result<String> {
        match self.text(&event.told)? {
            Some(data) => pressed(&event, &data, None),
            None => serde_json::to_string(&wire::push::numbered(event)),
        }
    }

    /// What an event says, if many may be told it alike.
    fn text(&self, told: &Told) -> serde_json::Result<Option<Arc<RawValue>>> {
        let Some(subject) = Subject::of(told) else {
            return Ok(None);
        };
        let kept = self.0.lock().iter().find_map(|(of, text)| {
            let is_it = *of == subject;
            is_it.then(|| Arc::clone(text))
        });
        if kept.is_some() {
            return Ok(kept);
        }
        let text: Arc<RawValue> = match told {
            Told::Message(message, delivery) => {
                to_raw_value(&wire::messages::inbox_item(message, delivery))?
            }
            Told::BoardMessage(message) => to_raw_value(&wire::messages::message(message))?,
            _ => return Ok(None),
        }
        .into();
        let mut texts = self.0.lock();
        texts.truncate(KEPT - 1);
        texts.push_front((subject, Arc::clone(&text)));
        Ok(Some(text))
    }
}

fn pressed(
    event: &Numbered,
    data: &RawValue,
    kind: Option<&'static str>,
) -> serde_json::Result<String> {
    serde_json::to_string(&Pressed {
        kind,
        seq: event.seq,
        cursor: &event.cursor,
        event: wire::push::name(&event.told),
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::agent::Principal;
    use portunus_core::ids::{AgentId, OperatorId};
    use portunus_core::message::{Audience, DeliveryState, Mentions, Message, Place, Sender, Tags};
    use portunus_core::time::Timestamp;

    fn told(text: &str, attempts: u32) -> Told {
        let message = Message {
            id: MessageId::from_bytes([u8::try_from(text.len()).unwrap(); 16]),
            place: Place::Agent {
                id: AgentId::from_bytes([1; 16]),
                name: "clerk".parse().unwrap(),
            },
            sender: Sender {
                principal: Principal::Operator(OperatorId::from_bytes([2; 16])),
                name: "operator".into(),
            },
            text: text.try_into().unwrap(),
            data: None,
            tags: Tags::default(),
            mentions: Mentions::default(),
            unresolved: Vec::new(),
            audience: Audience::Named,
            at: Timestamp::from_millis(5),
            expires_at: Timestamp::from_millis(9),
        };
        let delivery = Delivery {
            state: DeliveryState::Delivered {
                at: Timestamp::from_millis(6),
                visible_at: Timestamp::from_millis(7),
                counted_until: Timestamp::from_millis(7),
            },
            attempts,
        };
        Told::Message(Arc::new(message), delivery)
    }

    fn numbered(seq: u64, told: Told) -> Numbered {
        let cursor = "AgMD".to_owned();
        Numbered { seq, cursor, told }
    }

    #[test]
    fn what_is_written_once_says_the_same() {
        let press = Press::default();
        for (seq, text, attempts) in [(1, "tea", 1), (2, "tea", 1), (3, "tea", 2), (4, "milk", 1)] {
            let plain = wire::push::numbered(numbered(seq, told(text, attempts)));
            let pressed = press.event(numbered(seq, told(text, attempts))).unwrap();
            assert_eq!(pressed, serde_json::to_string(&plain).unwrap());
            let pressed = press.frame(numbered(seq, told(text, attempts))).unwrap();
            let plain = serde_json::to_string(&ServerFrame::Event(Box::new(plain))).unwrap();
            assert_eq!(pressed, plain);
        }
        assert_eq!(press.0.lock().len(), 3);
        for length in 1..40 {
            press
                .frame(numbered(1, told(&"x".repeat(length), 1)))
                .unwrap();
        }
        assert_eq!(press.0.lock().len(), KEPT);
    }
}
