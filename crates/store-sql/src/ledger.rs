//! What requests leave behind, in the database: segments of decisions, and sums of usage.

use crate::failure::Attempt;
use crate::row::{Columns, moment, number};
use crate::unsummed;
use portunus_core::ids::{AgentId, KeyId, RequestId};
use portunus_core::usage::{Money, Usage};
use portunus_store::{
    Day, DecisionSegment, LedgerBatch, NumberedSegment, Retention, SegmentOrder, SegmentWish,
    UsageRow,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

/// A segment is joined with the one before it while that one is smaller than this: a quiet plane would otherwise
/// leave a row for every request, and a larger one would be written anew too often.
const JOINED_BELOW: i64 = 16 << 10;

/// How much time a joined segment may span, in milliseconds: segments are forgotten as a whole.
const JOINED_WITHIN: i64 = 3_600_000;

/// What stands for no key.
pub(crate) const NO_KEY: [u8; 16] = [0; 16];

pub(crate) async fn save(db: &mut SqliteConnection, batch: &LedgerBatch) -> Attempt<()> {
    if let Some(segment) = &batch.segment {
        append(db, segment).await?;
    }
    unsummed::append(db, &batch.usage).await
}

async fn append(db: &mut SqliteConnection, segment: &DecisionSegment) -> Attempt<()> {
    let count = i64::from(segment.count);
    let next: i64 =
        sqlx::query_scalar("UPDATE decision_numbers SET next = next + ? RETURNING next")
            .bind(count)
            .fetch_one(&mut *db)
            .await?;
    if !join(db, segment, next - count).await? {
        insert(db, segment, next - count).await?;
    }
    Ok(())
}

/// Joins the segment with the one that ends where it begins, if both are alike and that one is small and young.
async fn join(db: &mut SqliteConnection, segment: &DecisionSegment, first: i64) -> Attempt<bool> {
    let done = sqlx::query(
        "UPDATE decisions
         SET count = count + ?, came = min(came, ?), came_last = max(came_last, ?), low = min(low, ?),
             high = max(high, ?), size = size + ?, bytes = CAST(bytes || ? AS BLOB)
         WHERE first = (SELECT max(first) FROM decisions) AND first + count = ? AND format = ? AND size < ?
           AND came > ? AND substr(low, 1, 8) = substr(?, 1, 8)",
    )
    .bind(i64::from(segment.count))
    .bind(moment(segment.came.0))
    .bind(moment(segment.came.1))
    .bind(segment.ids.0.as_bytes().as_slice())
    .bind(segment.ids.1.as_bytes().as_slice())
    .bind(size(segment))
    .bind(segment.bytes.as_slice())
    .bind(first)
    .bind(i64::from(segment.format))
    .bind(JOINED_BELOW)
    .bind(moment(segment.came.1).saturating_sub(JOINED_WITHIN))
    .bind(segment.ids.0.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn insert(db: &mut SqliteConnection, segment: &DecisionSegment, first: i64) -> Attempt<()> {
    sqlx::query(
        "INSERT INTO decisions (first, count, format, came, came_last, low, high, size, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(first)
    .bind(i64::from(segment.count))
    .bind(i64::from(segment.format))
    .bind(moment(segment.came.0))
    .bind(moment(segment.came.1))
    .bind(segment.ids.0.as_bytes().as_slice())
    .bind(segment.ids.1.as_bytes().as_slice())
    .bind(size(segment))
    .bind(segment.bytes.as_slice())
    .execute(db)
    .await?;
    Ok(())
}

fn size(segment: &DecisionSegment) -> i64 {
    i64::try_from(segment.bytes.len()).unwrap_or(i64::MAX)
}

/// The segments of a wish; `db` must show one moment throughout.
pub(crate) async fn segments(
    db: &mut SqliteConnection,
    wish: &SegmentWish,
) -> Attempt<Vec<NumberedSegment>> {
    let mut found = Vec::new();
    let mut bytes = 0_u64;
    for (first, size) in places(db, wish).await? {
        bytes = bytes.saturating_add(size);
        if bytes > wish.most_bytes && !found.is_empty() {
            break;
        }
        let row = sqlx::query("SELECT * FROM decisions WHERE first = ?")
            .bind(first)
            .fetch_one(&mut *db)
            .await?;
        found.push(read_segment(&row)?);
    }
    Ok(found)
}

/// First number and size of the wanted segments: bytes are read only of those that fit.
async fn places(db: &mut SqliteConnection, wish: &SegmentWish) -> Attempt<Vec<(i64, u64)>> {
    let mut query = QueryBuilder::new("SELECT first, size FROM decisions WHERE ");
    match wish.order {
        SegmentOrder::NewestBelow(below) => query.push("first < ").push_bind(number(below)),
        SegmentOrder::OldestFrom(from) => query
            .push("first >= coalesce((SELECT max(first) FROM decisions WHERE first <= ")
            .push_bind(number(from))
            .push("), 0) AND first + count > ")
            .push_bind(number(from)),
    };
    if let Some(id) = wish.id {
        query
            .push(" AND high >= ")
            .push_bind(id.as_bytes().to_vec());
        query.push(" AND low <= ").push_bind(id.as_bytes().to_vec());
    }
    if let Some(since) = wish.since {
        query.push(" AND came_last >= ").push_bind(moment(since));
    }
    if let Some(until) = wish.until {
        query.push(" AND came <= ").push_bind(moment(until));
    }
    query.push(match wish.order {
        SegmentOrder::NewestBelow(_) => " ORDER BY first DESC LIMIT 1000",
        SegmentOrder::OldestFrom(_) => " ORDER BY first LIMIT 1000",
    });
    let rows = query.build().fetch_all(db).await?;
    let place = |row| {
        let row = Columns(row);
        Ok((row.count("first")?, row.count("size")?))
    };
    rows.iter().map(place).collect()
}

fn read_segment(row: &SqliteRow) -> Attempt<NumberedSegment> {
    let row = Columns(row);
    Ok(NumberedSegment {
        first: row.count("first")?,
        segment: DecisionSegment {
            format: row.count("format")?,
            count: row.count("count")?,
            came: (row.moment("came")?, row.moment("came_last")?),
            ids: (
                RequestId::from_bytes(row.bytes("low")?),
                RequestId::from_bytes(row.bytes("high")?),
            ),
            bytes: row.blob("bytes")?,
        },
    })
}

/// Forgets what is too old or does not fit, and says how many decisions that were.
pub(crate) async fn prune(db: &mut SqliteConnection, keep: Retention) -> Attempt<u64> {
    let counts: Vec<i64> = sqlx::query_scalar(
        "DELETE FROM decisions
         WHERE came_last < ?
            OR first <= (SELECT max(first) FROM
                         (SELECT first, sum(size) OVER (ORDER BY first DESC) AS newest FROM decisions)
                         WHERE newest > ?)
         RETURNING count",
    )
    .bind(moment(keep.since))
    .bind(number(keep.bytes))
    .fetch_all(db)
    .await?;
    Ok(counts.into_iter().map(i64::cast_unsigned).sum())
}

/// Every sum of the days from `first` to `last`, in the order of the primary key.
pub(crate) async fn usage(
    db: &mut SqliteConnection,
    first: Day,
    last: Day,
) -> Attempt<Vec<UsageRow>> {
    let rows = sqlx::query(
        "SELECT * FROM usage WHERE day BETWEEN ? AND ? ORDER BY day, agent, key, model",
    )
    .bind(i64::from(first.number()))
    .bind(i64::from(last.number()))
    .fetch_all(db)
    .await?;
    rows.iter().map(read_usage).collect()
}

fn read_usage(row: &SqliteRow) -> Attempt<UsageRow> {
    let row = Columns(row);
    let key: [u8; 16] = row.bytes("key")?;
    Ok(UsageRow {
        day: Day::from_number(row.count("day")?),
        agent: AgentId::from_bytes(row.bytes("agent")?),
        key: (key != NO_KEY).then(|| KeyId::from_bytes(key)),
        model: row.text("model")?.into(),
        agent_name: row.text("agent_name")?.into(),
        key_label: row.text("key_label")?.into(),
        pool: row.text("pool")?.into(),
        requests: row.count("requests")?,
        failed: row.count("failed")?,
        usage: Usage {
            input: row.count("input")?,
            cache_read: row.count("cache_read")?,
            cache_write: row.count("cache_write")?,
            output: row.count("output")?,
            reasoning: row.count("reasoning")?,
        },
        estimated: row.count("estimated")?,
        cost: Money::from_nanos(row.count("cost_nanos")?),
        unpriced: row.count("unpriced")?,
    })
}
