//! The audit log in the database. Triggers refuse everything but one more record at its end.

use crate::audit_tree;
use crate::failure::{Attempt, Failure};
use crate::receipts;
use crate::row::{Columns, moment, number, principal};
use portunus_core::audit::{Actor, AuditEvent, AuditRecord, Hash, LoggedRecord};
use portunus_core::time::Timestamp;
use portunus_store::{AuditFilter, Listing, Page, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Records that one statement writes.
const AT_ONCE: usize = 500;

pub(crate) fn read(row: &SqliteRow) -> Attempt<AuditRecord> {
    let row = Columns(row);
    let actor = match row.text("actor_kind")? {
        "plane" => Actor::Plane,
        _ => Actor::Principal(row.principal("actor_kind", "actor_id")?),
    };
    Ok(AuditRecord {
        seq: row.count("seq")?,
        at: row.moment("at")?,
        actor,
        action: row.text("action")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        details: serde_json::from_str(row.text("details")?)
            .map_err(|_| Failure::Malformed("details"))?,
    })
}

/// Appends the event under the next number, in the transaction of what it tells of, and keeps its receipt.
pub(crate) async fn record(db: &mut SqliteConnection, event: &AuditEvent) -> Attempt<()> {
    record_all(db, std::slice::from_ref(event)).await
}

/// Appends the events under the next numbers, lets the tree grow by them, and keeps their receipts.
pub(crate) async fn record_all(db: &mut SqliteConnection, events: &[AuditEvent]) -> Attempt<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut tree = audit_tree::to_grow(&mut *db).await?;
    for some in events.chunks(AT_ONCE) {
        let mut logged = Vec::with_capacity(some.len());
        for event in some {
            let one = event.numbered(tree.size() + 1).logged();
            tree.append(one.leaf);
            logged.push(one);
        }
        insert(&mut *db, &logged).await?;
        for event in some {
            if let Some(receipt) = &event.receipt {
                receipts::keep(&mut *db, receipt).await?;
            }
        }
    }
    audit_tree::save(db, &tree).await
}

async fn insert(db: &mut SqliteConnection, logged: &[LoggedRecord]) -> Attempt<()> {
    let details = logged
        .iter()
        .map(|one| serde_json::to_string(&one.record.details))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| StoreError::Inconsistent("details that are no text"))?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO audit (seq, at, actor_kind, actor_id, action, subject, details, leaf) ",
    );
    query.push_values(logged.iter().zip(details), |mut row, (logged, details)| {
        let record = &logged.record;
        let (actor_kind, actor_id) = match &record.actor {
            Actor::Plane => ("plane", None),
            Actor::Principal(who) => {
                let (kind, id) = principal(who);
                (kind, Some(id))
            }
        };
        row.push_bind(number(record.seq))
            .push_bind(moment(record.at))
            .push_bind(actor_kind)
            .push_bind(actor_id)
            .push_bind(record.action.as_str())
            .push_bind(record.subject.as_str())
            .push_bind(details)
            .push_bind(logged.leaf.as_bytes().as_slice());
    });
    query.build().execute(db).await?;
    Ok(())
}

/// Records from `seq` on with the hashes that were stored with them, oldest first.
pub(crate) async fn logged_from(
    db: &mut SqliteConnection,
    seq: u64,
    limit: u32,
) -> Attempt<Vec<LoggedRecord>> {
    let rows = sqlx::query("SELECT * FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?")
        .bind(number(seq))
        .bind(i64::from(limit))
        .fetch_all(db)
        .await?;
    let logged = rows.iter().map(|row| {
        Ok(LoggedRecord {
            record: read(row)?,
            leaf: Hash::from_bytes(Columns(row).bytes("leaf")?),
        })
    });
    logged.collect()
}

/// The number of the first record of `since` or later.
pub(crate) async fn first_since(
    db: &mut SqliteConnection,
    since: Timestamp,
) -> Attempt<Option<u64>> {
    let first: Option<i64> = sqlx::query_scalar("SELECT min(seq) FROM audit WHERE at >= ?")
        .bind(moment(since))
        .fetch_one(db)
        .await?;
    Ok(first.and_then(|first| u64::try_from(first).ok()))
}

pub(crate) async fn list(
    db: &mut SqliteConnection,
    filter: &AuditFilter,
    page: &Page,
) -> Attempt<Listing<AuditRecord>> {
    let mut query = QueryBuilder::new("SELECT * FROM audit WHERE true");
    if let Some(cursor) = &page.after {
        let seq = position::record_seq(cursor)?;
        query.push(" AND seq < ").push_bind(number(seq));
    }
    if let Some(prefix) = &filter.action_prefix {
        query
            .push(" AND substr(action, 1, length(")
            .push_bind(prefix.clone());
        query.push(")) = ").push_bind(prefix.clone());
    }
    if !filter.subjects.is_empty() {
        let mut any = query.push(" AND subject IN (").separated(", ");
        for subject in &filter.subjects {
            any.push_bind(subject.clone());
        }
        query.push(")");
    }
    query
        .push(" ORDER BY seq DESC LIMIT ")
        .push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let records = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(records, page.size(), position::after_record))
}
