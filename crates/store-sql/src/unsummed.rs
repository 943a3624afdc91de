//! Usage between its save and the sums: segments of records, appended as they come and added up together.
//!
//! In a large fleet every request is of another agent, and a row of the sums costs as much as the request. So a save
//! appends one value; the sums are brought up to date when they are read, and when much was appended: by then an
//! agent has come several times and its rows are written once.
//!
//! Numbers are written seven bits a byte, lowest first. A record begins with the place of what it shares with others
//! (day, key and its names, model) among those that the segment named so far; a new one follows its place.

use crate::failure::{Attempt, Failure};
use crate::ledger::NO_KEY;
use crate::row::number;
use portunus_store::UsageRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::HashMap;

/// How many bytes wait at most before they are added up.
const MOST_BYTES: i64 = 32 << 20;

/// How many segments do.
const MOST_SEGMENTS: i64 = 1_024;

/// How many sums one statement adds to.
const AT_ONCE: usize = 128;

/// How many counts a row has.
const COUNTS: usize = 10;

/// What many rows share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind<'a> {
    day: u32,
    key: [u8; 16],
    model: &'a str,
    key_label: &'a str,
    pool: &'a str,
}

/// The place of a sum, in the order of the primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place<'a> {
    day: u32,
    agent: [u8; 16],
    key: [u8; 16],
    model: &'a str,
}

/// A sum, with the latest names of what it is of.
#[derive(Debug, Default)]
struct Sum<'a> {
    agent_name: &'a str,
    key_label: &'a str,
    pool: &'a str,
    counts: [u64; COUNTS],
}

type Sums<'a> = HashMap<Place<'a>, Sum<'a>>;

/// Appends what is to be added to the sums.
pub(crate) async fn append(db: &mut SqliteConnection, rows: &[UsageRow]) -> Attempt<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let bytes = write(rows);
    sqlx::query("INSERT INTO unsummed (size, bytes) VALUES (?, ?)")
        .bind(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
        .bind(bytes)
        .execute(&mut *db)
        .await?;
    let (segments, size): (i64, i64) = sqlx::query_as("SELECT count(*), sum(size) FROM unsummed")
        .fetch_one(&mut *db)
        .await?;
    if segments > MOST_SEGMENTS || size > MOST_BYTES {
        add_up(db).await?;
    }
    Ok(())
}

/// Whether there is anything to add.
pub(crate) async fn exists(db: &mut SqliteConnection) -> Attempt<bool> {
    let row = sqlx::query("SELECT 1 FROM unsummed LIMIT 1")
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

/// Adds everything to the sums.
pub(crate) async fn add_up(db: &mut SqliteConnection) -> Attempt<()> {
    let segments = sqlx::query("SELECT bytes FROM unsummed ORDER BY number")
        .fetch_all(&mut *db)
        .await?;
    let mut sums = Sums::new();
    for segment in &segments {
        read(segment.try_get(0)?, &mut sums).ok_or(Failure::Malformed("bytes"))?;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    // In the order of the primary key each page of the table is met once.
    sums.sort_unstable_by_key(|(place, _)| *place);
    for some in sums.chunks(AT_ONCE) {
        add(db, some).await?;
    }
    sqlx::query("DELETE FROM unsummed").execute(db).await?;
    Ok(())
}

/// Adds to sums. In SQLite a sum of integers that overflows becomes a real number, which is still the greater one of
/// the two that `min` compares.
async fn add(db: &mut SqliteConnection, sums: &[(Place<'_>, Sum<'_>)]) -> Attempt<()> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO usage (day, agent, key, model, agent_name, key_label, pool, requests, failed, input, cache_read,
                            cache_write, output, reasoning, estimated, cost_nanos, unpriced) ",
    );
    query.push_values(sums, |mut row, (place, sum)| {
        row.push_bind(i64::from(place.day))
            .push_bind(place.agent.as_slice())
            .push_bind(place.key.as_slice())
            .push_bind(place.model)
            .push_bind(sum.agent_name)
            .push_bind(sum.key_label)
            .push_bind(sum.pool);
        for count in &sum.counts {
            row.push_bind(number(*count));
        }
    });
    query.push(
        " ON CONFLICT DO UPDATE SET
             agent_name = excluded.agent_name, key_label = excluded.key_label, pool = excluded.pool,
             requests = min(requests + excluded.requests, 9223372036854775807),
             failed = min(failed + excluded.failed, 9223372036854775807),
             input = min(input + excluded.input, 9223372036854775807),
             cache_read = min(cache_read + excluded.cache_read, 9223372036854775807),
             cache_write = min(cache_write + excluded.cache_write, 9223372036854775807),
             output = min(output + excluded.output, 9223372036854775807),
             reasoning = min(reasoning + excluded.reasoning, 9223372036854775807),
             estimated = min(estimated + excluded.estimated, 9223372036854775807),
             cost_nanos = min(cost_nanos + excluded.cost_nanos, 9223372036854775807),
             unpriced = min(unpriced + excluded.unpriced, 9223372036854775807)",
    );
    // Only whole chunks come again as the same statement.
    let whole = sums.len() == AT_ONCE;
    query.build().persistent(whole).execute(db).await?;
    Ok(())
}

fn write(rows: &[UsageRow]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * 48);
    let mut known = HashMap::new();
    for row in rows {
        let kind = Kind {
            day: row.day.number(),
            key: row.key.map_or(NO_KEY, |key| *key.as_bytes()),
            model: &row.model,
            key_label: &row.key_label,
            pool: &row.pool,
        };
        let next = known.len();
        let place = *known.entry(kind).or_insert(next);
        write_number(&mut bytes, wide(place));
        if place == next {
            write_number(&mut bytes, u64::from(kind.day));
            bytes.extend_from_slice(&kind.key);
            for text in [kind.model, kind.key_label, kind.pool] {
                write_text(&mut bytes, text);
            }
        }
        bytes.extend_from_slice(row.agent.as_bytes());
        write_text(&mut bytes, &row.agent_name);
        for count in counts(row) {
            write_number(&mut bytes, count);
        }
    }
    bytes
}

/// In the order of the columns.
const fn counts(row: &UsageRow) -> [u64; COUNTS] {
    [
        row.requests,
        row.failed,
        row.usage.input,
        row.usage.cache_read,
        row.usage.cache_write,
        row.usage.output,
        row.usage.reasoning,
        row.estimated,
        row.cost.as_nanos(),
        row.unpriced,
    ]
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, wide(text.len()));
    bytes.extend_from_slice(text.as_bytes());
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [lowest, ..] = number.to_le_bytes();
        bytes.push(lowest | 0x80);
        number >>= 7;
    }
    let [last, ..] = number.to_le_bytes();
    bytes.push(last);
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Adds the records of a segment; `None` when it is damaged.
fn read<'a>(mut bytes: &'a [u8], sums: &mut Sums<'a>) -> Option<()> {
    let mut known: Vec<Kind<'a>> = Vec::new();
    while !bytes.is_empty() {
        let place = usize::try_from(read_number(&mut bytes)?).ok()?;
        if place == known.len() {
            known.push(Kind {
                day: read_number(&mut bytes)?.try_into().ok()?,
                key: *read_chunk(&mut bytes)?,
                model: read_text(&mut bytes)?,
                key_label: read_text(&mut bytes)?,
                pool: read_text(&mut bytes)?,
            });
        }
        let kind = *known.get(place)?;
        let place = Place {
            day: kind.day,
            agent: *read_chunk(&mut bytes)?,
            key: kind.key,
            model: kind.model,
        };
        let sum = sums.entry(place).or_default();
        sum.agent_name = read_text(&mut bytes)?;
        (sum.key_label, sum.pool) = (kind.key_label, kind.pool);
        for count in &mut sum.counts {
            *count = count
                .saturating_add(read_number(&mut bytes)?)
                .min(UsageRow::MOST);
        }
    }
    Some(())
}

fn read_chunk<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8; 16]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(chunk)
}

fn read_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(read_number(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_store::conformance::sample::used;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for expected in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            write_number(&mut bytes, expected);
            let mut rest = bytes.as_slice();
            assert_eq!(read_number(&mut rest), Some(expected));
            assert!(rest.is_empty());
        }
        assert_eq!(read_number(&mut [0xff_u8; 11].as_slice()), None);
        assert_eq!(read_number(&mut [0x80_u8].as_slice()), None);
    }

    #[test]
    fn rows_of_one_place_are_one_sum_and_a_cut_segment_is_no_panic() {
        let rows = [
            used(1, 7, Some(1), "opus"),
            used(1, 7, None, "opus"),
            used(1, 7, Some(1), "opus"),
        ];
        let bytes = write(&rows);
        let mut sums = Sums::new();
        read(&bytes, &mut sums).unwrap();
        assert_eq!(sums.len(), 2);
        let requests: u64 = sums.values().map(|sum| sum.counts[0]).sum();
        assert_eq!(requests, 9);
        let whole = (0..bytes.len()).filter(|end| read(&bytes[..*end], &mut Sums::new()).is_some());
        // Only the cuts between records read as whole.
        assert_eq!(whole.count(), rows.len());
    }
}
