//! The audit log in the database. Triggers refuse everything but one more record at its end.

use crate::failure::{Attempt, Failure};
use crate::receipts;
use crate::row::{Columns, moment, number, principal};
use portunus_core::audit::{Actor, AuditEvent, AuditRecord};
use portunus_store::{AuditFilter, Listing, Page, StoreError, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

fn read(row: &SqliteRow) -> Attempt<AuditRecord> {
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
    let (actor_kind, actor_id) = match &event.actor {
        Actor::Plane => ("plane", None),
        Actor::Principal(who) => {
            let (kind, id) = principal(who);
            (kind, Some(id))
        }
    };
    let details = serde_json::to_string(&event.details)
        .map_err(|_| StoreError::Inconsistent("details that are no text"))?;
    sqlx::query(
        "INSERT INTO audit (seq, at, actor_kind, actor_id, action, subject, details)
         VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM audit), ?, ?, ?, ?, ?, ?)",
    )
    .bind(moment(event.at))
    .bind(actor_kind)
    .bind(actor_id)
    .bind(event.action)
    .bind(event.subject.as_str())
    .bind(details)
    .execute(&mut *db)
    .await?;
    match &event.receipt {
        Some(receipt) => receipts::keep(db, receipt).await,
        None => Ok(()),
    }
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
