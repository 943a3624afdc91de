//! Reading messages, and forgetting old ones.

use super::rows::{MESSAGE, Numbered, message};
use super::{boards, outbox};
use crate::failure::Attempt;
use crate::row::{Columns, moment, number, principal};
use portunus_core::agent::Principal;
use portunus_core::ids::{BoardId, MessageId};
use portunus_core::message::Message;
use portunus_core::time::Timestamp;
use portunus_store::{Listing, MessageFilter, MessageOrder, Page, StoreError, position};
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

pub(super) async fn by_id(db: &mut SqliteConnection, id: MessageId) -> Attempt<Numbered> {
    let query = format!("SELECT {MESSAGE} FROM messages m WHERE m.id = ?");
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(id.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    message(&row.ok_or(StoreError::NotFound)?)
}

/// Messages of a board; the caller holds a transaction, so that board and messages are of one moment.
pub(super) async fn of_board(
    db: &mut SqliteConnection,
    board: BoardId,
    filter: &MessageFilter,
    page: &Page,
) -> Attempt<Listing<Message>> {
    boards::by_id(db, board).await?;
    let cursor = page.after.as_ref();
    let cursor = cursor.map(|cursor| position::message_number(filter.order, cursor));
    let cursor = cursor.transpose()?;
    let mut query = QueryBuilder::new(format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.place = 'board' AND m.place_id = "
    ));
    query.push_bind(board.as_bytes().to_vec());
    narrow(&mut query, filter);
    match filter.order {
        MessageOrder::Newest => {
            if let Some(cursor) = cursor {
                query.push(" AND m.number < ").push_bind(number(cursor));
            }
            query.push(" ORDER BY m.number DESC");
        }
        MessageOrder::After(after) => {
            let after = cursor.unwrap_or(after);
            query.push(" AND m.number > ").push_bind(number(after));
            query.push(" ORDER BY m.number");
        }
    }
    query.push(" LIMIT ").push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let found = rows.iter().map(|row| Ok(message(row)?.message));
    let found = found.collect::<Attempt<_>>()?;
    Ok(Listing::cut(found, page.size(), |message| {
        position::after_message(filter.order, message)
    }))
}

fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &MessageFilter) {
    for tag in filter.tags.iter() {
        query
            .push(" AND instr(m.tags, ")
            .push_bind(format!(" {tag} "));
        query.push(") > 0");
    }
    if let Some(since) = filter.since {
        query.push(" AND m.at >= ").push_bind(moment(since));
    }
    if let Some(sender) = &filter.sender {
        let (kind, id) = principal(sender);
        query.push(" AND m.sender_kind = ").push_bind(kind);
        query.push(" AND m.sender_id = ").push_bind(id.to_vec());
    }
    if let Some(agent) = &filter.mentioning {
        query.push(
            " AND (m.mentions_all = 1 OR EXISTS (SELECT 1 FROM deliveries d
             WHERE d.message = m.seq AND d.named = 1 AND d.recipient = ",
        );
        query.push_bind(agent.as_bytes().to_vec()).push("))");
    }
}

pub(super) async fn forget(
    db: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> Attempt<u64> {
    let forgotten = sqlx::query(
        "DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE at < ? ORDER BY seq LIMIT ?)
         RETURNING sender_kind, sender_id, bytes",
    )
    .bind(moment(before))
    .bind(limit)
    .fetch_all(&mut *db)
    .await?;
    let mut freed: BTreeMap<Principal, u64> = BTreeMap::new();
    for row in &forgotten {
        let row = Columns(row);
        let sender = row.principal("sender_kind", "sender_id")?;
        *freed.entry(sender).or_default() += row.count::<u64>("bytes")?;
    }
    outbox::free(db, &freed).await?;
    Ok(u64::try_from(forgotten.len()).unwrap_or(u64::MAX))
}
