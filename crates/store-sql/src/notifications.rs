//! Notifications in the database. What an operator has read is a number up to which everything is, and what lies beyond.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use crate::store::{SqliteStore, commit};
use crate::{operators, receipts};
use portunus_core::ids::{AgentId, NotificationId, OperatorId};
use portunus_core::notification::{
    Body, Draft, Link, Notification, Priority, ReadState, Source, Title,
};
use portunus_core::time::Timestamp;
use portunus_store::{
    AllRead, Listing, Noticed, NotificationFilter, NotificationOrder, NotificationStore, Page,
    Reader, ReceiptFor, Result, StoreError, position,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

fn read(row: &SqliteRow) -> Attempt<Noticed> {
    let row = Columns(row);
    let title = Title::from_stored(row.text("title")?);
    let body = row.optional_text("body")?.map(Body::try_from).transpose();
    let link = row.optional_text("link")?.map(Link::try_from).transpose();
    let notification = Notification {
        number: row.count("number")?,
        id: NotificationId::from_bytes(row.bytes("id")?),
        source: Source {
            agent: AgentId::from_bytes(row.bytes("source")?),
            name: row.name("source_name")?,
        },
        title,
        body: body.map_err(|_| Failure::Malformed("body"))?,
        priority: row.one_of("priority", Priority::from_name)?,
        link: link.map_err(|_| Failure::Malformed("link"))?,
        at: row.moment("at")?,
    };
    let state = match row.count::<u8>("state")? {
        0 => Some(ReadState::Unread),
        1 => Some(ReadState::Read),
        _ => None,
    };
    Ok(Noticed {
        notification,
        state,
    })
}

/// Begins `SELECT *, ... AS state FROM notifications`, where the state is 0 unread, 1 read, 2 nobody's.
fn select(reader: Reader) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT *, ");
    match reader {
        Reader::Nobody => query.push("2"),
        Reader::Operator(id) => push_is_read(&mut query, id),
    };
    query.push(" AS state FROM notifications WHERE true");
    query
}

fn push_is_read(query: &mut QueryBuilder<Sqlite>, reader: OperatorId) -> &mut QueryBuilder<Sqlite> {
    let id = reader.as_bytes().to_vec();
    query
        .push("(number <= coalesce((SELECT until FROM notification_readers WHERE operator = ")
        .push_bind(id.clone())
        .push("), 0) OR EXISTS (SELECT 1 FROM notification_reads WHERE notification = number AND operator = ")
        .push_bind(id)
        .push("))")
}

async fn insert(db: &mut SqliteConnection, draft: &Draft) -> Attempt<Notification> {
    let inserted = sqlx::query(
        "INSERT INTO notifications (id, source, source_name, title, body, priority, link, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(draft.id.as_bytes().as_slice())
    .bind(draft.source.agent.as_bytes().as_slice())
    .bind(draft.source.name.as_str())
    .bind(draft.title.as_str())
    .bind(draft.body.as_ref().map(Body::as_str))
    .bind(draft.priority.as_str())
    .bind(draft.link.as_ref().map(Link::as_str))
    .bind(moment(draft.at))
    .execute(db)
    .await?;
    let number = u64::try_from(inserted.last_insert_rowid());
    let number = number.map_err(|_| Failure::Malformed("number"))?;
    Ok(draft.clone().numbered(number))
}

async fn list(
    db: &mut SqliteConnection,
    filter: &NotificationFilter,
    reader: Reader,
    page: &Page,
) -> Attempt<Listing<Noticed>> {
    let cursor = page.after.as_ref();
    let cursor = cursor.map(|cursor| position::notification_number(filter.order, cursor));
    let cursor = cursor.transpose()?;
    let mut query = select(reader);
    narrow(&mut query, filter, reader);
    match filter.order {
        NotificationOrder::Newest => {
            if let Some(cursor) = cursor {
                query.push(" AND number < ").push_bind(number(cursor));
            }
            query.push(" ORDER BY number DESC");
        }
        NotificationOrder::After(after) => {
            let after = cursor.unwrap_or(after);
            query.push(" AND number > ").push_bind(number(after));
            query.push(" ORDER BY number");
        }
    }
    query.push(" LIMIT ").push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let found = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(found, page.size(), |last| {
        position::after_notification(filter.order, last)
    }))
}

fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &NotificationFilter, reader: Reader) {
    if filter.least > Priority::Low {
        let names: Vec<String> = filter
            .least
            .and_above()
            .map(|one| format!("'{}'", one.as_str()))
            .collect();
        query.push(format!(" AND priority IN ({})", names.join(", ")));
    }
    if let Some(source) = &filter.source {
        query.push(" AND source = ");
        query.push_bind(source.as_bytes().to_vec());
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(moment(since));
    }
    match (filter.state, reader) {
        (None, _) | (Some(ReadState::Unread), Reader::Nobody) => {}
        (Some(ReadState::Read), Reader::Nobody) => {
            query.push(" AND false");
        }
        (Some(wanted), Reader::Operator(id)) => {
            query.push(match wanted {
                ReadState::Read => " AND ",
                ReadState::Unread => " AND NOT ",
            });
            push_is_read(query, id);
        }
    }
}

async fn by_id(db: &mut SqliteConnection, id: NotificationId, reader: Reader) -> Attempt<Noticed> {
    let mut query = select(reader);
    query.push(" AND id = ").push_bind(id.as_bytes().to_vec());
    let row = query.build().fetch_optional(db).await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

/// How many up to `until` an operator has not read.
async fn unread(db: &mut SqliteConnection, reader: OperatorId, until: i64) -> Attempt<u64> {
    let mut query =
        QueryBuilder::new("SELECT count(*) AS unread FROM notifications WHERE number <= ");
    query.push_bind(until).push(" AND NOT ");
    push_is_read(&mut query, reader);
    let row = query.build().fetch_one(db).await?;
    Columns(&row).count("unread")
}

async fn mark(db: &mut SqliteConnection, reader: OperatorId, read: u64) -> Attempt<()> {
    sqlx::query(
        "INSERT INTO notification_reads (operator, notification) SELECT ?1, ?2
         WHERE ?2 > coalesce((SELECT until FROM notification_readers WHERE operator = ?1), 0)
         ON CONFLICT DO NOTHING",
    )
    .bind(reader.as_bytes().as_slice())
    .bind(number(read))
    .execute(db)
    .await?;
    Ok(())
}

async fn mark_all(
    db: &mut SqliteConnection,
    reader: OperatorId,
    last: Option<NotificationId>,
) -> Attempt<AllRead> {
    let until = match last {
        Some(id) => number(by_id(db, id, Reader::Nobody).await?.notification.number),
        None => newest(db).await?,
    };
    let now = unread(db, reader, until).await?;
    sqlx::query(
        "INSERT INTO notification_readers (operator, until) VALUES (?, ?)
         ON CONFLICT (operator) DO UPDATE SET until = max(until, excluded.until)",
    )
    .bind(reader.as_bytes().as_slice())
    .bind(until)
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM notification_reads WHERE operator = ? AND notification <= ?")
        .bind(reader.as_bytes().as_slice())
        .bind(until)
        .execute(db)
        .await?;
    let until = u64::try_from(until).unwrap_or(0);
    Ok(AllRead { now, until })
}

/// The greatest number ever given, also when its notification is forgotten.
async fn newest(db: &mut SqliteConnection) -> Attempt<i64> {
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'notifications'")
            .fetch_optional(db)
            .await?;
    Ok(newest.unwrap_or(0))
}

async fn forget(
    db: &mut SqliteConnection,
    before: Timestamp,
    most: u64,
    limit: u32,
) -> Attempt<u64> {
    let old = sqlx::query(
        "DELETE FROM notifications WHERE number IN
             (SELECT number FROM notifications WHERE at < ? ORDER BY number LIMIT ?)",
    )
    .bind(moment(before))
    .bind(limit)
    .execute(&mut *db)
    .await?
    .rows_affected();
    let row = sqlx::query("SELECT count(*) AS kept FROM notifications")
        .fetch_one(&mut *db)
        .await?;
    let kept: u64 = Columns(&row).count("kept")?;
    let beyond = kept.saturating_sub(most);
    let beyond = beyond.min(u64::from(limit).saturating_sub(old));
    if beyond == 0 {
        return Ok(old);
    }
    let oldest = sqlx::query(
        "DELETE FROM notifications WHERE number IN (SELECT number FROM notifications ORDER BY number LIMIT ?)",
    )
    .bind(number(beyond))
    .execute(db)
    .await?;
    Ok(old + oldest.rows_affected())
}

#[async_trait::async_trait]
impl NotificationStore for SqliteStore {
    async fn notify(
        &self,
        draft: &Draft,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification> {
        let mut tx = self.change().await?;
        let notification = insert(&mut tx, draft).await?;
        if let Some(receipt) = receipt(&notification)? {
            receipts::keep(&mut tx, &receipt).await?;
        }
        commit(tx).await?;
        Ok(notification)
    }

    async fn notifications(
        &self,
        filter: &NotificationFilter,
        reader: Reader,
        page: Page,
    ) -> Result<Listing<Noticed>> {
        let mut db = self.reader().await?;
        Ok(list(&mut db, filter, reader, &page).await?)
    }

    async fn notification(&self, id: NotificationId, reader: Reader) -> Result<Noticed> {
        let mut db = self.reader().await?;
        Ok(by_id(&mut db, id, reader).await?)
    }

    async fn count_unread(&self, reader: OperatorId) -> Result<u64> {
        let mut db = self.reader().await?;
        Ok(unread(&mut db, reader, i64::MAX).await?)
    }

    async fn mark_read(
        &self,
        reader: OperatorId,
        id: NotificationId,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification> {
        let mut tx = self.change().await?;
        operators::find(&mut tx, reader).await?;
        let found = by_id(&mut tx, id, Reader::Nobody).await?.notification;
        mark(&mut tx, reader, found.number).await?;
        if let Some(receipt) = receipt(&found)? {
            receipts::keep(&mut tx, &receipt).await?;
        }
        commit(tx).await?;
        Ok(found)
    }

    async fn mark_all_read(
        &self,
        reader: OperatorId,
        last: Option<NotificationId>,
        receipt: &ReceiptFor<AllRead>,
    ) -> Result<AllRead> {
        let mut tx = self.change().await?;
        operators::find(&mut tx, reader).await?;
        let all = mark_all(&mut tx, reader, last).await?;
        if let Some(receipt) = receipt(&all)? {
            receipts::keep(&mut tx, &receipt).await?;
        }
        commit(tx).await?;
        Ok(all)
    }

    async fn forget_notifications(&self, before: Timestamp, most: u64, limit: u32) -> Result<u64> {
        let mut tx = self.change().await?;
        let forgotten = forget(&mut tx, before, most, limit).await?;
        commit(tx).await?;
        Ok(forgotten)
    }
}
