//! Messages and deliveries as the columns of a row, and back.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::mention::{Everyone, Mentions};
use portunus_core::message::{
    Audience, Data, Delivery, DeliveryState, FailureReason, Message, Place, Sender, Tags, Text,
};
use portunus_core::name::Slug;
use portunus_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;

/// A message with the number that the database gave it.
pub(super) struct Numbered {
    pub(super) seq: i64,
    pub(super) message: Message,
}

/// Every column that [`message`] reads; a join must not confuse them with others.
pub(super) const MESSAGE: &str = "m.seq, m.id, m.place, m.place_id, m.place_name, m.number, m.sender_kind, m.sender_id, \
     m.sender_name, m.text, m.data, m.tags, m.mentions, m.unresolved, m.mentions_all, m.to_all, m.at, m.expires_at";

pub(super) fn message(row: &SqliteRow) -> Attempt<Numbered> {
    let row = Columns(row);
    let text = Text::try_from(row.text("text")?);
    let is_set = |column| Ok::<_, Failure>(row.count::<u8>(column)? == 1);
    Ok(Numbered {
        seq: row.count("seq")?,
        message: Message {
            id: MessageId::from_bytes(row.bytes("id")?),
            place: place(&row)?,
            sender: Sender {
                principal: row.principal("sender_kind", "sender_id")?,
                name: row.text("sender_name")?.into(),
            },
            text: text.map_err(|_| Failure::Malformed("text"))?,
            data: row.optional_text("data")?.map(Data::from_stored),
            tags: row.name("tags")?,
            mentions: Mentions {
                names: names(&row, "mentions")?,
                everyone: if is_set("mentions_all")? {
                    Everyone::Meant
                } else {
                    Everyone::NotMeant
                },
            },
            unresolved: names(&row, "unresolved")?,
            audience: if is_set("to_all")? {
                Audience::Everyone
            } else {
                Audience::Named
            },
            at: row.moment("at")?,
            expires_at: row.moment("expires_at")?,
        },
    })
}

/// Where a message was written to.
pub(super) fn place(row: &Columns<'_>) -> Attempt<Place> {
    let name = row.name("place_name")?;
    Ok(match row.text("place")? {
        "board" => Place::Board {
            id: BoardId::from_bytes(row.bytes("place_id")?),
            name,
            number: row.count("number")?,
        },
        _ => Place::Agent {
            id: AgentId::from_bytes(row.bytes("place_id")?),
            name,
        },
    })
}

fn names(row: &Columns<'_>, column: &'static str) -> Attempt<Vec<Slug>> {
    let names = row.text(column)?.split(' ').filter(|one| !one.is_empty());
    let names = names.map(|one| one.parse().map_err(|_| Failure::Malformed(column)));
    names.collect()
}

/// Names with a space between them.
pub(super) fn joined(names: &[Slug]) -> String {
    let names: Vec<&str> = names.iter().map(Slug::as_str).collect();
    names.join(" ")
}

/// Tags with a space before and after each, so that one can be looked for.
pub(super) fn spaced(tags: &Tags) -> String {
    format!(" {tags} ")
}

pub(super) fn delivery(row: &SqliteRow) -> Attempt<Delivery> {
    let row = Columns(row);
    let at = || row.moment("moved_at");
    let state = match row.text("state")? {
        "queued" => DeliveryState::Queued,
        "delivered" => {
            let visible_at = row.moment("visible_at")?;
            let counted_until = row.optional_moment("counted_until")?;
            DeliveryState::Delivered {
                at: at()?,
                visible_at,
                counted_until: counted_until.unwrap_or(visible_at),
            }
        }
        "read" => DeliveryState::Read { at: at()? },
        _ => DeliveryState::Failed {
            at: at()?,
            reason: row.one_of("reason", FailureReason::from_name)?,
        },
    };
    Ok(Delivery {
        state,
        attempts: row.count("attempts")?,
    })
}

/// The columns of a delivery: state, when it got there, until when it is hidden, until when it is one attempt where that is
/// another moment, why it failed, when time fails it.
pub(super) struct DeliveryColumns {
    pub(super) state: &'static str,
    pub(super) moved_at: Option<i64>,
    pub(super) visible_at: Option<i64>,
    pub(super) counted_until: Option<i64>,
    pub(super) reason: Option<&'static str>,
    pub(super) fails_at: Option<i64>,
    pub(super) attempts: i64,
}

impl DeliveryColumns {
    pub(super) fn of(delivery: &Delivery, expires_at: Timestamp) -> Self {
        let counted_until = match delivery.state {
            DeliveryState::Delivered {
                visible_at,
                counted_until,
                ..
            } if counted_until != visible_at => Some(counted_until),
            _ => None,
        };
        let (state, moved_at, visible_at, reason) = match delivery.state {
            DeliveryState::Queued => ("queued", None, None, None),
            DeliveryState::Delivered { at, visible_at, .. } => {
                ("delivered", Some(at), Some(visible_at), None)
            }
            DeliveryState::Read { at } => ("read", Some(at), None, None),
            DeliveryState::Failed { at, reason } => ("failed", Some(at), None, Some(reason)),
        };
        Self {
            state,
            moved_at: moved_at.map(moment),
            visible_at: visible_at.map(moment),
            counted_until: counted_until.map(moment),
            reason: reason.map(FailureReason::as_str),
            fails_at: delivery.fails_at(expires_at).map(moment),
            attempts: number(u64::from(delivery.attempts)),
        }
    }
}
