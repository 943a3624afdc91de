//! Alarms in the database. An index lets one of a kind and subject be open.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number, principal as parts};
use crate::store::commit;
use crate::{SqliteStore, journal};
use portunus_core::alarm::{Acknowledgement, Alarm, AlarmKind};
use portunus_core::ids::AlarmId;
use portunus_core::time::Timestamp;
use portunus_store::{AlarmFilter, AlarmStore, Listing, Page, Result, StoreError, Tell, position};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

fn read(row: &SqliteRow) -> Attempt<Alarm> {
    let row = Columns(row);
    let acknowledged = match row.optional_moment("acked_at")? {
        None => None,
        Some(at) => Some(Acknowledgement {
            at,
            by: row.principal("acked_kind", "acked_by")?,
        }),
    };
    Ok(Alarm {
        id: AlarmId::from_bytes(row.bytes("id")?),
        kind: row.one_of("kind", AlarmKind::named)?,
        subject: row.text("subject")?.to_owned(),
        says: row.text("says")?.to_owned(),
        count: row.count("count")?,
        first_at: row.moment("first_at")?,
        last_at: row.moment("last_at")?,
        over_at: row.optional_moment("over_at")?,
        acknowledged,
    })
}

/// Writes it; what stands in its place, if something does.
async fn save(db: &mut SqliteConnection, alarm: &Alarm) -> Attempt<Option<Alarm>> {
    let who = alarm.acknowledged.as_ref();
    let by = who.map(|who| parts(&who.by));
    let saved = sqlx::query(
        "INSERT INTO alarms (id, kind, subject, says, count, first_at, last_at, over_at, acked_at, acked_kind, acked_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET says = excluded.says, count = excluded.count, last_at = excluded.last_at,
             over_at = excluded.over_at
         WHERE acked_at IS NULL
         ON CONFLICT DO NOTHING",
    )
    .bind(alarm.id.as_bytes().as_slice())
    .bind(alarm.kind.as_str())
    .bind(alarm.subject.as_str())
    .bind(alarm.says.as_str())
    .bind(number(alarm.count))
    .bind(moment(alarm.first_at))
    .bind(moment(alarm.last_at))
    .bind(alarm.over_at.map(moment))
    .bind(who.map(|who| moment(who.at)))
    .bind(by.map(|(kind, _)| kind))
    .bind(by.map(|(_, id)| id))
    .execute(&mut *db)
    .await?;
    if saved.rows_affected() > 0 {
        return Ok(None);
    }
    let row = sqlx::query(
        "SELECT * FROM alarms WHERE id = ?1 OR (kind = ?2 AND subject = ?3 AND acked_at IS NULL) ORDER BY id = ?1 DESC LIMIT 1",
    )
    .bind(alarm.id.as_bytes().as_slice())
    .bind(alarm.kind.as_str())
    .bind(alarm.subject.as_str())
    .fetch_one(db)
    .await?;
    read(&row).map(Some)
}

async fn list(
    db: &mut SqliteConnection,
    filter: AlarmFilter,
    page: &Page,
) -> Attempt<Listing<Alarm>> {
    let mut query = QueryBuilder::new("SELECT * FROM alarms WHERE ");
    query.push(match filter {
        AlarmFilter::All => "true",
        AlarmFilter::Open => "acked_at IS NULL",
        AlarmFilter::Acknowledged => "acked_at IS NOT NULL",
    });
    if let Some(cursor) = &page.after {
        let (first_at, id) = position::alarm_place(cursor)?;
        query.push(" AND (first_at, id) < (");
        query.push_bind(moment(first_at)).push(", ");
        query.push_bind(id.as_bytes().to_vec()).push(")");
    }
    query.push(" ORDER BY first_at DESC, id DESC LIMIT ");
    query.push_bind(page.reach());
    let rows = query.build().fetch_all(db).await?;
    let alarms = rows.iter().map(read).collect::<Attempt<_>>()?;
    Ok(Listing::cut(alarms, page.size(), position::after_alarm))
}

async fn acknowledge(
    db: &mut SqliteConnection,
    id: AlarmId,
    who: &Acknowledgement,
) -> Attempt<Alarm> {
    let (kind, by) = parts(&who.by);
    let row = sqlx::query(
        "UPDATE alarms SET acked_at = ?, acked_kind = ?, acked_by = ? WHERE id = ? AND acked_at IS NULL RETURNING *",
    )
    .bind(moment(who.at))
    .bind(kind)
    .bind(by)
    .bind(id.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    read(&row.ok_or(StoreError::NotFound)?)
}

#[async_trait::async_trait]
impl AlarmStore for SqliteStore {
    async fn save_alarms(&self, alarms: &[Alarm]) -> Result<Vec<Alarm>> {
        let mut tx = self.change().await?;
        let mut standing = Vec::new();
        for alarm in alarms {
            standing.extend(save(&mut tx, alarm).await?);
        }
        commit(tx).await?;
        Ok(standing)
    }

    async fn alarms(&self, filter: AlarmFilter, page: Page) -> Result<Listing<Alarm>> {
        let mut db = self.reader().await?;
        Ok(list(&mut db, filter, &page).await?)
    }

    async fn acknowledge_alarm(
        &self,
        id: AlarmId,
        who: Acknowledgement,
        event: &dyn Tell<Alarm>,
    ) -> Result<Alarm> {
        let mut tx = self.change().await?;
        let alarm = acknowledge(&mut tx, id, &who).await?;
        journal::record(&mut tx, &event.tell(&alarm)?).await?;
        commit(tx).await?;
        Ok(alarm)
    }

    async fn forget_alarms(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.change().await?;
        let forgotten = sqlx::query("DELETE FROM alarms WHERE acked_at < ?")
            .bind(moment(before))
            .execute(&mut *tx)
            .await
            .map_err(Failure::from)?;
        commit(tx).await?;
        Ok(forgotten.rows_affected())
    }
}
