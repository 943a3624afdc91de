//! Acknowledgements of many agents in one transaction: read together, judged one after the other, written together.

use super::crowd::push_hex;
use super::deliveries;
use super::rows::{DeliveryColumns, delivery};
use crate::failure::Attempt;
use crate::row::Columns;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::delivery::{AckRefusal, Acknowledged};
use portunus_core::message::{Delivery, DeliveryState};
use portunus_core::time::Timestamp;
use portunus_store::{AckEffect, AckOutcome, AckWish, Acknowledgement, NotAcknowledgeable};
use sqlx::SqliteConnection;
use std::collections::HashMap;

/// A delivery that has a row.
#[derive(Clone, Copy)]
struct Written {
    seq: i64,
    sender: Principal,
    expires_at: Timestamp,
    delivery: Delivery,
}

/// By message and recipient.
type Stands = HashMap<(MessageId, AgentId), Written>;

pub(super) async fn all(
    db: &mut SqliteConnection,
    wishes: &[AckWish],
    now: Timestamp,
) -> Attempt<Vec<AckOutcome>> {
    let mut stands = written(db, wishes).await?;
    let mut read = Vec::new();
    let mut outcomes = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let outcome = match judge(&stands, wish, now) {
            Judged::Done(done, newly) => {
                for id in newly {
                    if let Some(row) = stands.get_mut(&(id, wish.agent)) {
                        row.delivery.state = DeliveryState::Read { at: now };
                        read.push((row.seq, wish.agent));
                    }
                }
                Ok(done)
            }
            Judged::Refused(refused) => Err(refused),
            Judged::HasNoRow(message) => {
                let made_up = deliveries::of(db, message, wish.agent, now).await?;
                let refusal = match made_up.map(|delivery| delivery.state) {
                    Some(DeliveryState::Queued) => AckRefusal::NotDelivered,
                    Some(DeliveryState::Failed { reason, .. }) => AckRefusal::Failed(reason),
                    _ => AckRefusal::NotYours,
                };
                Err(NotAcknowledgeable { message, refusal })
            }
        };
        outcomes.push(outcome);
    }
    save(db, &read, now).await?;
    Ok(outcomes)
}

/// What becomes of one wish.
enum Judged {
    /// All of it is read, these for the first time.
    Done(Vec<Acknowledgement>, Vec<MessageId>),
    Refused(NotAcknowledgeable),
    /// Nobody took this one yet, or it is another's.
    HasNoRow(MessageId),
}

fn judge(stands: &Stands, wish: &AckWish, now: Timestamp) -> Judged {
    let (mut done, mut newly) = (Vec::with_capacity(wish.messages.len()), Vec::new());
    for id in &wish.messages {
        let message = *id;
        let Some(row) = stands.get(&(message, wish.agent)) else {
            return Judged::HasNoRow(message);
        };
        let effect = match row.delivery.acknowledged(now, row.expires_at) {
            Ok(Acknowledged::Now(_)) if newly.contains(&message) => AckEffect::Before,
            Ok(Acknowledged::Now(_)) => {
                newly.push(message);
                AckEffect::Now
            }
            Ok(Acknowledged::Before) => AckEffect::Before,
            Err(refusal) => return Judged::Refused(NotAcknowledgeable { message, refusal }),
        };
        done.push(Acknowledgement {
            message,
            sender: row.sender,
            effect,
        });
    }
    Judged::Done(done, newly)
}

/// All deliveries that the wishes name and that have a row.
async fn written(db: &mut SqliteConnection, wishes: &[AckWish]) -> Attempt<Stands> {
    let all = wishes.iter().flat_map(|wish| {
        let messages = wish.messages.iter();
        messages.map(|message| (*message, wish.agent))
    });
    let all: Vec<_> = all.collect();
    let mut pairs = String::from("[");
    for (message, agent) in &all {
        pairs.push_str(if pairs.len() > 1 { ",[\"" } else { "[\"" });
        push_hex(&mut pairs, message.as_bytes());
        pairs.push_str("\",\"");
        push_hex(&mut pairs, agent.as_bytes());
        pairs.push_str("\"]");
    }
    pairs.push(']');
    let rows = sqlx::query(
        "SELECT w.key AS wish, m.seq, m.sender_kind, m.sender_id, m.expires_at, d.state, d.attempts, d.moved_at, d.visible_at, d.counted_until, d.reason
         FROM json_each(?1) w CROSS JOIN messages m ON m.id = unhex(w.value ->> 0)
         CROSS JOIN deliveries d ON d.message = m.seq AND d.recipient = unhex(w.value ->> 1)",
    )
    .bind(pairs)
    .fetch_all(db)
    .await?;
    let mut stands = Stands::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns(row);
        let written = Written {
            seq: columns.count("seq")?,
            sender: columns.principal("sender_kind", "sender_id")?,
            expires_at: columns.moment("expires_at")?,
            delivery: delivery(row)?,
        };
        if let Some(pair) = all.get(columns.count::<usize>("wish")?) {
            stands.insert(*pair, written);
        }
    }
    Ok(stands)
}

/// They are read since `now`.
async fn save(db: &mut SqliteConnection, read: &[(i64, AgentId)], now: Timestamp) -> Attempt<()> {
    if read.is_empty() {
        return Ok(());
    }
    let mut rows = String::from("[");
    for (seq, agent) in read {
        rows.push_str(if rows.len() > 1 { ",[" } else { "[" });
        rows.push_str(&seq.to_string());
        rows.push_str(",\"");
        push_hex(&mut rows, agent.as_bytes());
        rows.push_str("\"]");
    }
    rows.push(']');
    let stands = Delivery {
        state: DeliveryState::Read { at: now },
        attempts: 0,
    };
    // How often it was handed out stays; nothing else depends on the message.
    let columns = DeliveryColumns::of(&stands, now);
    sqlx::query(
        "UPDATE deliveries SET state = ?2, moved_at = ?3, visible_at = ?4, counted_until = ?5, reason = ?6, fails_at = ?7
         FROM json_each(?1) w WHERE message = w.value ->> 0 AND recipient = unhex(w.value ->> 1)",
    )
    .bind(rows)
    .bind(columns.state)
    .bind(columns.moved_at)
    .bind(columns.visible_at)
    .bind(columns.counted_until)
    .bind(columns.reason)
    .bind(columns.fails_at)
    .execute(db)
    .await?;
    Ok(())
}
