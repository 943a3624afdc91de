//! Sums of usage, added up by the database.

use crate::failure::Attempt;
use crate::ledger::NO_KEY;
use crate::row::Columns;
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::usage::{Money, Usage};
use portunus_store::{
    Day, UsageDimension, UsageOf, UsageRow, UsageSum, UsageWish, UsedBy, UsedKey,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

/// What is added up. Each column is summed in two halves of 32 bits, since SQLite refuses a sum that overflows.
const COUNTS: [&str; 10] = [
    "requests",
    "failed",
    "input",
    "cache_read",
    "cache_write",
    "output",
    "reasoning",
    "estimated",
    "cost_nanos",
    "unpriced",
];

/// The sums of a wish, the dearest first within a day.
pub(crate) async fn sums(db: &mut SqliteConnection, wish: &UsageWish) -> Attempt<Vec<UsageSum>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    let mut columns = query.separated(", ");
    for count in COUNTS {
        columns.push(format!("sum({count} >> 32), sum({count} & 4294967295)"));
    }
    for dimension in &wish.by {
        columns.push(names(*dimension));
    }
    query.push(" FROM usage WHERE day BETWEEN ");
    query.push_bind(i64::from(wish.days.0.number()));
    query.push(" AND ");
    query.push_bind(i64::from(wish.days.1.number()));
    narrow(&mut query, wish);
    // Without a group, SQLite gives one row also when there is nothing to sum.
    query.push(" GROUP BY 'all'");
    for dimension in &wish.by {
        query.push(", ").push(identity(*dimension));
    }
    query.push(" ORDER BY ");
    if wish.by.contains(&UsageDimension::Day) {
        query.push("day, ");
    }
    query.push(
        "total(cost_nanos) DESC, total(input) + total(cache_read) + total(cache_write) + total(output) DESC,
         total(requests) DESC",
    );
    let mut order = wish.by.clone();
    order.sort_unstable();
    for dimension in order {
        query.push(", ").push(identity(dimension));
    }
    query.push(" LIMIT ").push_bind(i64::from(wish.limit));
    query.push(" OFFSET ").push_bind(i64::from(wish.skip));
    let rows = query.build().fetch_all(db).await?;
    rows.iter().map(|row| read(row, &wish.by)).collect()
}

fn narrow(query: &mut QueryBuilder<Sqlite>, wish: &UsageWish) {
    match &wish.agent {
        None => {}
        Some(UsedBy::Id(id)) => {
            query
                .push(" AND agent = ")
                .push_bind(id.as_bytes().to_vec());
        }
        Some(UsedBy::Name(name)) => {
            query.push(" AND agent_name = ").push_bind(name.clone());
        }
    }
    if let Some(model) = &wish.model {
        query.push(" AND model = ").push_bind(model.clone());
    }
    if let Some(pool) = &wish.pool {
        query.push(" AND pool = ").push_bind(pool.clone());
    }
}

/// What makes two rows belong together.
const fn identity(dimension: UsageDimension) -> &'static str {
    match dimension {
        UsageDimension::Day => "day",
        UsageDimension::Agent => "agent",
        UsageDimension::Key => "key",
        UsageDimension::Model => "model",
        UsageDimension::Pool => "pool",
    }
}

/// What is read of a group, with the names that go with it. Each has a name of its own, since a group may be by
/// key and by pool.
const fn names(dimension: UsageDimension) -> &'static str {
    match dimension {
        UsageDimension::Day => "day",
        UsageDimension::Agent => "agent, max(agent_name) AS agent_name",
        UsageDimension::Key => "key, max(key_label) AS key_label, max(pool) AS key_pool",
        UsageDimension::Model => "model",
        UsageDimension::Pool => "pool",
    }
}

/// The counts of a row, in the order of [`COUNTS`].
fn counts(row: &SqliteRow) -> Attempt<[u64; COUNTS.len()]> {
    let mut counts = [0; COUNTS.len()];
    for (place, count) in counts.iter_mut().enumerate() {
        let high: i64 = row.try_get(2 * place)?;
        let low: i64 = row.try_get(2 * place + 1)?;
        *count = high
            .cast_unsigned()
            .saturating_mul(1 << 32)
            .saturating_add(low.cast_unsigned())
            .min(UsageRow::MOST);
    }
    Ok(counts)
}

fn read(row: &SqliteRow, by: &[UsageDimension]) -> Attempt<UsageSum> {
    let [
        requests,
        failed,
        input,
        cache_read,
        cache_write,
        output,
        reasoning,
        estimated,
        cost_nanos,
        unpriced,
    ] = counts(row)?;
    Ok(UsageSum {
        of: of(&Columns(row), by)?,
        requests,
        failed,
        usage: Usage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        },
        estimated,
        cost: Money::from_nanos(cost_nanos),
        unpriced,
    })
}

fn of(row: &Columns<'_>, by: &[UsageDimension]) -> Attempt<UsageOf> {
    let mut of = UsageOf::default();
    for dimension in by {
        match dimension {
            UsageDimension::Day => of.day = Some(Day::from_number(row.count("day")?)),
            UsageDimension::Agent => {
                let id = AgentId::from_bytes(row.bytes("agent")?);
                of.agent = Some((id, row.text("agent_name")?.to_owned()));
            }
            UsageDimension::Key => {
                let id: [u8; 16] = row.bytes("key")?;
                of.key = Some(UsedKey {
                    id: (id != NO_KEY).then(|| KeyId::from_bytes(id)),
                    label: row.text("key_label")?.to_owned(),
                    pool: row.text("key_pool")?.to_owned(),
                });
            }
            UsageDimension::Model => of.model = Some(row.text("model")?.to_owned()),
            UsageDimension::Pool => of.pool = Some(row.text("pool")?.to_owned()),
        }
    }
    Ok(of)
}
