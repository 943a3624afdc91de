//! Writing a message. What it costs does not depend on how many agents there are: only those whom it names get a row.

use super::rows::{DeliveryColumns, joined, spaced};
use super::{boards, deliveries, outbox};
use crate::agents;
use crate::failure::Attempt;
use crate::row::{moment, number, principal};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::mention::{Everyone, Mentions};
use portunus_core::message::{Audience, Data, Delivery, Draft, Message, Place, Target};
use portunus_core::name::Slug;
use portunus_core::time::Timestamp;
use portunus_store::{Appended, StoreError};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Those whom a message names.
type Named = BTreeMap<AgentId, Slug>;

pub(super) async fn append(db: &mut SqliteConnection, draft: &Draft) -> Attempt<Appended> {
    let (place, usual) = place(db, draft.target).await?;
    let mut named = Named::new();
    if let Place::Agent { id, name } = &place {
        named.insert(*id, name.clone());
    }
    let (mentions, unresolved) = resolve(db, &draft.mentions, &mut named).await?;
    let message = draft.written(place, usual, mentions, unresolved);
    let reached = recipients(db, &message, &named).await?;
    let bytes = draft.bytes(reached);
    outbox::charge(db, draft, bytes).await?;
    let seq = insert(db, &message, bytes).await?;
    let mut full = Vec::new();
    for (agent, name) in &named {
        let open = deliveries::open(db, *agent).await?;
        let delivery = Delivery::written(draft.at, open, draft.inbox_length);
        insert_delivery(db, seq, (*agent, name), &delivery, draft.expires_at).await?;
        if !delivery.is_open() {
            full.push((*agent, name.clone()));
        }
    }
    for (agent, _) in &full {
        named.remove(agent);
    }
    let not_reached = u64::try_from(full.len()).unwrap_or(u64::MAX);
    Ok(Appended {
        recipients: reached.saturating_sub(not_reached),
        named: named.into_keys().collect(),
        full,
        message,
    })
}

async fn place(db: &mut SqliteConnection, target: Target) -> Attempt<(Place, Audience)> {
    match target {
        Target::Agent(id) => {
            let name = agents::agent(db, id).await?.name;
            Ok((Place::Agent { id, name }, Audience::Named))
        }
        Target::Board(id) => {
            let board = boards::next(db, id).await?;
            let audience = board.audience();
            let place = Place::Board {
                id,
                name: board.name,
                number: board.last_number,
            };
            Ok((place, audience))
        }
    }
}

/// Which of the names are agents' now.
async fn resolve(
    db: &mut SqliteConnection,
    wanted: &Mentions,
    named: &mut Named,
) -> Attempt<(Mentions, Vec<Slug>)> {
    let (mut names, mut unresolved) = (Vec::new(), Vec::new());
    for name in &wanted.names {
        match agents::agent_by_name(db, name).await {
            Ok(agent) => {
                named.insert(agent.id, agent.name);
                names.push(name.clone());
            }
            Err(crate::failure::Failure::Refused(StoreError::NotFound)) => {
                unresolved.push(name.clone());
            }
            Err(failure) => return Err(failure),
        }
    }
    let everyone = wanted.everyone;
    Ok((Mentions { names, everyone }, unresolved))
}

async fn insert(db: &mut SqliteConnection, message: &Message, bytes: u64) -> Attempt<i64> {
    let (kind, id, name, numbered) = match &message.place {
        Place::Board { id, name, number } => ("board", id.as_bytes(), name, Some(*number)),
        Place::Agent { id, name } => ("agent", id.as_bytes(), name, None),
    };
    let (sender_kind, sender_id) = principal(&message.sender.principal);
    let inserted = sqlx::query(
        "INSERT INTO messages (id, place, place_id, place_name, number, sender_kind, sender_id, sender_name, text, data,
             tags, mentions, unresolved, mentions_all, to_all, at, expires_at, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(message.id.as_bytes().as_slice())
    .bind(kind)
    .bind(id.as_slice())
    .bind(name.as_str())
    .bind(numbered.map(number))
    .bind(sender_kind)
    .bind(sender_id)
    .bind(&*message.sender.name)
    .bind(message.text.as_str())
    .bind(message.data.as_ref().map(Data::as_json))
    .bind(spaced(&message.tags))
    .bind(joined(&message.mentions.names))
    .bind(joined(&message.unresolved))
    .bind(i64::from(message.mentions.everyone == Everyone::Meant))
    .bind(i64::from(message.audience == Audience::Everyone))
    .bind(moment(message.at))
    .bind(moment(message.expires_at))
    .bind(number(bytes))
    .execute(db)
    .await?;
    Ok(inserted.last_insert_rowid())
}

async fn insert_delivery(
    db: &mut SqliteConnection,
    seq: i64,
    (agent, name): (AgentId, &Slug),
    delivery: &Delivery,
    expires_at: Timestamp,
) -> Attempt<()> {
    let columns = DeliveryColumns::of(delivery, expires_at);
    sqlx::query(
        "INSERT INTO deliveries (message, recipient, recipient_name, named, state, attempts, moved_at, reason, fails_at)
         VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
    )
    .bind(seq)
    .bind(agent.as_bytes().as_slice())
    .bind(name.as_str())
    .bind(columns.state)
    .bind(columns.attempts)
    .bind(columns.moved_at)
    .bind(columns.reason)
    .bind(columns.fails_at)
    .execute(db)
    .await?;
    Ok(())
}

async fn recipients(db: &mut SqliteConnection, message: &Message, named: &Named) -> Attempt<u64> {
    if message.audience == Audience::Named {
        return Ok(u64::try_from(named.len()).unwrap_or(u64::MAX));
    }
    let agents: i64 = sqlx::query_scalar("SELECT count(*) FROM agents")
        .fetch_one(&mut *db)
        .await?;
    let sender = message.sender.principal;
    let left_out = match sender {
        Principal::Agent(id) if !named.contains_key(&id) => agents::exists(db, sender).await?,
        _ => false,
    };
    let agents = u64::try_from(agents).unwrap_or(0);
    Ok(agents.saturating_sub(u64::from(left_out)))
}
